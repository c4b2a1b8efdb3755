//! Decides which daemon.json is in use, from what is known of daemons and of the caller. Pure.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use daemon_host::engines::GivenConfig;

/// A daemon that runs here, and its configuration file.
#[derive(Debug, Clone)]
pub(super) struct Running {
    /// The daemon's name and process id, in words.
    pub(super) daemon: String,
    /// The user that it runs as; `None` is root.
    pub(super) user: Option<u32>,
    pub(super) config: GivenConfig,
}

/// A configuration file that may be in use, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// Why it is looked at, in words. `None` for the usual file.
    pub(super) why: Option<String>,
    /// Whether another one may be in use where this one does not exist.
    pub(super) may_be_missing: bool,
}

impl Candidate {
    /// A file that no daemon was given.
    fn of(path: &Path, why: Option<&str>) -> Self {
        Self {
            path: path.to_owned(),
            why: why.map(str::to_owned),
            may_be_missing: true,
        }
    }
}

/// The files to look at, in their order, for a caller of this user id. The first that exists is
/// the one in use.
///
/// `own` is where a daemon of the caller's own would look, `usual` where the system's ones look, by
/// how they were installed, the packaged one first. Two daemons with two files are an error: nobody
/// can say which one is meant. So is a daemon whose file is not known. A daemon that was given no
/// file uses the first usual one.
///
/// An error counts only if no file before it exists.
pub(super) fn choose(
    user: u32,
    running: &[Running],
    own: Option<PathBuf>,
    usual: &[PathBuf],
) -> Vec<anyhow::Result<Candidate>> {
    let theirs = |user| running.iter().filter(move |it| it.user == user);
    let system = of_daemons(
        theirs(None),
        usual.first().map(|path| Candidate::of(path, None)),
    );
    let own = own.map(|path| Candidate::of(&path, Some("it is this user's own")));
    let mut candidates = Vec::new();
    if user != 0 {
        // A daemon of the user's own never reads the file of the system.
        if let Some(file) = of_daemons(theirs(Some(user)), own.clone()) {
            return vec![file];
        }
        candidates.extend(own.map(Ok));
    }
    if let Some(file) = system {
        candidates.push(file);
        return candidates;
    }
    let of_no_daemon = |(place, path): (usize, &PathBuf)| {
        let why = "no dockerd runs, and the usual file is missing";
        Ok(Candidate::of(path, (place > 0).then_some(why)))
    };
    candidates.extend(usual.iter().enumerate().map(of_no_daemon));
    candidates
}

/// The file of these daemons; `None` if there are none. `usual` is that of those that were given
/// none.
fn of_daemons<'r>(
    daemons: impl Iterator<Item = &'r Running>,
    usual: Option<Candidate>,
) -> Option<anyhow::Result<Candidate>> {
    let files = daemons.map(|running| Ok((running, file_of(running, usual.as_ref())?)));
    let one_of = files.reduce(|known, next| {
        let ((first, known), (second, next)) = (known?, next?);
        ensure!(
            known.path == next.path,
            "{} uses {:?}, and {} uses {:?}; say which one is meant with --config",
            first.daemon,
            known.path,
            second.daemon,
            next.path
        );
        // The file of a daemon that was given it must exist.
        Ok(match next.may_be_missing {
            true => (first, known),
            false => (second, next),
        })
    });
    one_of.map(|found| Ok(found?.1))
}

fn file_of(running: &Running, usual: Option<&Candidate>) -> anyhow::Result<Candidate> {
    let daemon = &running.daemon;
    match (&running.config, usual) {
        (GivenConfig::Usual, Some(usual)) => Ok(usual.clone()),
        (GivenConfig::File(path), _) => Ok(Candidate {
            path: path.clone(),
            why: Some(format!("{daemon} was given it")),
            may_be_missing: false,
        }),
        (GivenConfig::Unclear(name), _) => bail!(
            "{daemon} was given {name:?}, and it is not known which file that is; name the file \
             with --config"
        ),
        _ => bail!("it is not known which file {daemon} uses; name the file with --config"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "/etc/docker/daemon.json";
    const SNAP: &str = "/snap/daemon.json";
    const OWN: &str = "/home/u/.config/docker/daemon.json";

    /// A daemon; without a file it was given none.
    fn running(user: Option<u32>, file: &str) -> Running {
        Running {
            daemon: format!("dockerd of {user:?}"),
            user,
            config: match file {
                "" => GivenConfig::Usual,
                file if file.starts_with('/') => GivenConfig::File(file.into()),
                name => GivenConfig::Unclear(name.to_owned()),
            },
        }
    }

    fn chosen(user: u32, running: &[Running]) -> Vec<Result<String, String>> {
        let usual = [USUAL, SNAP].map(PathBuf::from);
        let found = choose(user, running, Some(OWN.into()), &usual).into_iter();
        let text = |one: anyhow::Result<Candidate>| {
            let path = one.map(|one| one.path.to_str().unwrap().to_owned());
            path.map_err(|error| error.to_string())
        };
        found.map(text).collect()
    }

    #[track_caller]
    fn check(user: u32, running: &[Running], expected: &[&str]) {
        let found: Result<Vec<_>, _> = chosen(user, running).into_iter().collect();
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn the_one_that_a_daemon_was_given_comes_first() {
        let system = running(None, "/srv/d.json");
        let mine = running(Some(1000), "/home/u/d.json");
        let of_other = running(Some(1001), "/home/o/d.json");
        check(0, &[], &[USUAL, SNAP]);
        check(0, &[mine.clone(), of_other.clone()], &[USUAL, SNAP]);
        check(0, &[mine.clone(), system.clone()], &["/srv/d.json"]);
        check(0, &[system.clone(), system.clone()], &["/srv/d.json"]);
        check(1000, &[], &[OWN, USUAL, SNAP]);
        check(1000, &[of_other, system.clone()], &[OWN, "/srv/d.json"]);
        check(1000, &[system, mine], &["/home/u/d.json"]);
    }

    #[test]
    fn a_daemon_that_was_given_none_uses_the_usual_one() {
        let (system, mine) = (running(None, ""), running(Some(1000), ""));
        check(0, &[system.clone(), system.clone()], &[USUAL]);
        check(1000, &[mine, system.clone()], &[OWN]);
        let same = [system.clone(), running(None, USUAL)];
        check(0, &same, &[USUAL]);
        let found = choose(0, &same, None, &[USUAL.into()]).remove(0).unwrap();
        assert!(!found.may_be_missing, "{found:?}");
    }

    #[test]
    fn daemons_with_different_files_are_told() {
        let file = |file| running(None, file);
        for two in [
            [file("/a.json"), file("/b.json")],
            [file(""), file("/b.json")],
            [file("/b.json"), file("")],
            [file("/b.json"), file("b.json")],
            [file(""), file("prod")],
        ] {
            let error = chosen(0, &two).remove(0).unwrap_err();
            assert!(error.contains("--config"), "{error}");
            assert!(error.contains(if two[1].config == GivenConfig::Usual {
                USUAL
            } else {
                ""
            }));
            // The user's own file is looked at before, so that it decides if it exists.
            let of_user = chosen(1000, &two);
            assert_eq!(of_user[0].as_deref(), Ok(OWN));
            assert_eq!(of_user[1].as_ref().unwrap_err(), &error);
        }
    }

    #[test]
    fn a_file_that_is_not_known_is_no_usual_file() {
        let error = chosen(0, &[running(None, "b.json")]).remove(0).unwrap_err();
        assert!(error.contains("was given \"b.json\""), "{error}");
        let other = running(Some(1001), "b.json");
        check(1000, &[other], &[OWN, USUAL, SNAP]);
    }
}
