//! daemon.json as a whole: a configuration that is sound, or everything that is wrong.

use std::collections::BTreeMap;

use super::check::{self, Checked};
use super::decode::decode;
use super::entries::Config;
use super::problem::{Problem, ProblemKind, Problems, sort};
use super::read::{MAX_PROBLEMS, Reader};
use super::shim_options::ShimOptions;
use super::unknown_key::UnknownKey;
use crate::json::Value;

/// A daemon.json without a problem.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Parsed {
    /// Its runtimes and its default runtime.
    pub config: Checked,
    /// Every other key at the top of the file with its value, in the order of the file.
    /// No key appears twice.
    pub others: Vec<(String, Value)>,
    /// Keys that have no effect, here or in any dockerd. Not a problem, but worth a word.
    pub unknown: Vec<UnknownKey>,
}

/// A daemon.json as a checker sees it, problems and all.
///
/// It gives no [`Config`], because half a configuration must never come into effect.
/// [`Runtimes::of_sound_entries`](crate::Runtimes::of_sound_entries) makes a table of it
/// that can be shown.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Inspected {
    /// Everything that is wrong, sorted by runtime name. The problems of the file as a
    /// whole come first.
    pub problems: Vec<Problem>,
    /// As in [`Parsed`], except that a repeated key appears each time.
    pub others: Vec<(String, Value)>,
    /// As in [`Parsed`], at most [`MAX_PROBLEMS`].
    pub unknown: Vec<UnknownKey>,
    /// The entries without a problem.
    pub(crate) sound: Checked,
}

impl Config {
    /// Reads daemon.json and checks it by every rule.
    ///
    /// Blank text is an empty configuration. A byte order mark is accepted, and with one
    /// also UTF-16, as Windows editors write it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once, up to [`MAX_PROBLEMS`]. A file of more than
    /// [`MAX_PARTS`](crate::MAX_PARTS) keys and values is refused as a whole. There is no
    /// configuration then, not even the part of it that is sound: a daemon that starts with half of
    /// its runtimes is worse than one that does not start. A checker takes
    /// [`inspect`](Self::inspect).
    ///
    /// # Examples
    ///
    /// ```
    /// let text = br#"{"runtimes": {"b": {}, "a": {"path": 5}}}"#;
    /// let problems = runtimes::Config::parse(text).unwrap_err();
    /// let found: Vec<_> = problems
    ///     .iter()
    ///     .map(|problem| (problem.runtime.as_deref(), problem.kind.as_str()))
    ///     .collect();
    /// assert_eq!(found, [(Some("a"), "parse"), (Some("b"), "needs-path-or-type")]);
    /// ```
    pub fn parse(text: &[u8]) -> Result<Parsed, Problems> {
        let inspected = Self::inspect(text);
        Problems::if_any(inspected.problems)?;
        Ok(Parsed {
            config: inspected.sound,
            others: inspected.others,
            unknown: inspected.unknown,
        })
    }

    /// Reads daemon.json for a checker, which shows what is wrong with it.
    ///
    /// A wrong type costs that one member: everything else is still read and checked.
    pub fn inspect(text: &[u8]) -> Inspected {
        let mut reader = Reader::default();
        match decode(text) {
            Some(text) if text.trim_ascii().is_empty() => {}
            Some(text) => reader.file(&text),
            None => reader.problem(None, ProblemKind::Parse, "the text is not UTF-16".into()),
        }
        let judged = check::judge(&reader.config, &reader.broken, reader.default_is_broken);
        let mut problems = reader.problems;
        problems.extend(judged.problems);
        sort(&mut problems);
        let sound = sound(reader.config, judged.shim_options, &problems);
        shorten(&mut problems);
        let mut unknown = reader.unknown;
        unknown.extend(judged.unknown);
        unknown.truncate(MAX_PROBLEMS);
        Inspected {
            problems,
            others: reader.others,
            unknown,
            sound,
        }
    }
}

/// Keeps the first problems of very many.
fn shorten(problems: &mut Vec<Problem>) {
    if problems.len() > MAX_PROBLEMS {
        problems.truncate(MAX_PROBLEMS);
        let what = format!("there are more than {MAX_PROBLEMS} problems; some are not told");
        problems.insert(0, Problem::new(None, ProblemKind::Parse, &what));
    }
}

/// The entries that have no known problem.
fn sound(
    mut config: Config,
    mut shim_options: BTreeMap<String, ShimOptions>,
    problems: &[Problem],
) -> Checked {
    for name in problems
        .iter()
        .filter_map(|problem| problem.runtime.as_ref())
    {
        config.runtimes.remove(&**name);
        shim_options.remove(&**name);
    }
    Checked::new(config, shim_options)
}
