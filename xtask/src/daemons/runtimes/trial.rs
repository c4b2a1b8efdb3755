//! What a container with a mount option came to, and what follows from several of them. Pure.

use super::facts::Deed;
use anyhow::{Result, bail, ensure};

/// How one container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It ran to its end, and did this.
    Did(Deed),
    /// The runtime did not start it, and said this.
    NotStarted(String),
}

/// What was given to the container, and what it did.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Deeds {
    pub(super) given_rro: Deed,
    pub(super) given_ro: Deed,
}

/// The end of a container: whether its script came to its end, whether the runtime gave success,
/// and what was written above and below.
pub(super) fn judge(
    has_run: bool,
    success: bool,
    written: [bool; 2],
    complaint: &str,
) -> Option<Ended> {
    Some(match (has_run, success, written) {
        (true, true, [true, true]) => Ended::Did(Deed::Writable),
        (true, true, [false, true]) => Ended::Did(Deed::Alone),
        (true, true, [false, false]) => Ended::Did(Deed::Recursive),
        (false, false, [false, false]) => Ended::NotStarted(complaint.to_owned()),
        _ => return None,
    })
}

/// Tries the options. A runtime that starts nothing refuses nothing: so a container with a plain
/// `ro` must start before and after one with `rro` did not, and that must fail again.
pub(super) fn try_all(mut give: impl FnMut(&str) -> Result<Ended>) -> Result<Deeds> {
    let mut starts = |option: &str| match give(option)? {
        Ended::Did(deed) => Ok(deed),
        Ended::NotStarted(why) => bail!("it starts nothing, with {option} either: {why}"),
    };
    let control = starts("rw")?;
    ensure!(control == Deed::Writable, "a writable mount is {control:?}");
    let given_ro = starts("ro")?;
    let given_rro = match give("rro")? {
        Ended::Did(deed) => deed,
        Ended::NotStarted(first) => {
            let again = give("ro")?;
            ensure!(
                again == Ended::Did(given_ro),
                "ro was {given_ro:?}, now {again:?}"
            );
            match give("rro")? {
                Ended::NotStarted(_) => Deed::Refused,
                Ended::Did(deed) => bail!("rro is {deed:?}, and once was not started: {first}"),
            }
        }
    };
    Ok(Deeds {
        given_rro,
        given_ro,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives these ends one after the other.
    fn tried(ends: &[Result<Deed, &str>]) -> Result<Deeds> {
        let mut ends = ends.iter();
        let deeds = try_all(|_| {
            Ok(match ends.next().expect("one more than expected") {
                Ok(deed) => Ended::Did(*deed),
                Err(why) => Ended::NotStarted((*why).to_owned()),
            })
        });
        assert_eq!(ends.next(), None, "one less than expected");
        deeds
    }

    #[test]
    fn a_refusal_is_one_of_this_option_alone() {
        use Deed::{Alone, Recursive, Refused, Writable};
        let of = |given_rro, given_ro| Deeds {
            given_rro,
            given_ro,
        };
        let no = Err("no");
        let sound = tried(&[Ok(Writable), Ok(Alone), Ok(Recursive)]).unwrap();
        assert_eq!(sound, of(Recursive, Alone));
        let refused = tried(&[Ok(Writable), Ok(Recursive), no, Ok(Recursive), no]).unwrap();
        assert_eq!(refused, of(Refused, Recursive));
        for nothing in [
            &[no][..],
            &[Ok(Alone)],
            &[Ok(Writable), no],
            &[Ok(Writable), Ok(Alone), no, no],
            &[Ok(Writable), Ok(Alone), no, Ok(Writable)],
            &[Ok(Writable), Ok(Alone), no, Ok(Alone), Ok(Recursive)],
        ] {
            assert!(tried(nothing).is_err(), "{nothing:?}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_no_end() {
        let ended = |has_run, success, written| judge(has_run, success, written, "said");
        let refused = Some(Ended::NotStarted("said".to_owned()));
        assert_eq!(ended(false, false, [false, false]), refused);
        assert_eq!(
            ended(true, true, [false, true]),
            Some(Ended::Did(Deed::Alone))
        );
        assert_eq!(ended(true, true, [true, false]), None);
        assert_eq!(ended(true, false, [true, true]), None);
        assert_eq!(ended(false, true, [false, false]), None);
        assert_eq!(ended(false, false, [true, true]), None);
    }
}
