//! A test that cannot run on this machine says so, and is never counted as passed.
//!
//! libtest knows no skip at run time: a test that returns has passed. So the skip is told in three
//! places that libtest does not touch:
//!
//! - on the real standard error, at once and once more in a line at the end of the binary;
//! - in the file that [`FILE_VARIABLE`] names, for whoever counts;
//! - as a failure, if [`REQUIRE_VARIABLE`] is set: then nothing may be skipped.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::sys;

/// Names the file to which each skip is appended as a line.
pub const FILE_VARIABLE: &str = "DAEMON_HOST_SKIPS";

/// If set, a test that cannot run fails.
pub const REQUIRE_VARIABLE: &str = "DAEMON_HOST_REQUIRE";

/// Set to the test's name in a copy of the test binary that runs one test in namespaces.
pub(crate) const INSIDE_VARIABLE: &str = "DAEMON_HOST_TEST_INSIDE";

/// One test that did not run, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    /// False if a part of the test did run.
    pub whole: bool,
    /// The test's name, as libtest prints it.
    pub test: String,
    /// What this machine lacks or forbids.
    pub reason: String,
}

/// What this binary has skipped so far.
static SKIPPED: Mutex<BTreeSet<Skip>> = Mutex::new(BTreeSet::new());

/// Says that the calling test cannot run on this machine; then return from the test.
///
/// A feature that the kernel lacks is no reason: expect its absence instead.
///
/// # Panics
/// If nothing may be skipped, and on a thread that is not a test's own.
#[track_caller]
pub fn skip(reason: &str) {
    tell(true, reason);
}

/// Says that a part of the calling test cannot run on this machine; the rest goes on.
///
/// # Panics
/// As [`skip`].
#[track_caller]
pub fn in_part(reason: &str) {
    tell(false, reason);
}

/// True if this program runs on this machine and ends with success; else the test is skipped.
///
/// # Panics
/// As [`skip`].
#[track_caller]
#[must_use]
pub fn unless_runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let runs = command.output().is_ok_and(|output| output.status.success());
    if !runs {
        skip(&format!("no {program} on this machine"));
    }
    runs
}

/// The name of the test that runs on this thread, as libtest prints it.
///
/// # Panics
/// On a thread that is not a test's own.
#[track_caller]
#[must_use]
pub fn this_test() -> String {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main");
    name.expect("libtest names the thread of a test after it")
        .to_owned()
}

/// Reads the file that [`FILE_VARIABLE`] named. Lines of another form are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<Skip> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Skip> {
    let mut fields = line.splitn(3, '\t');
    let whole = match fields.next()? {
        "skipped" => true,
        "in part" => false,
        _ => return None,
    };
    Some(Skip {
        whole,
        test: fields.next()?.to_owned(),
        reason: fields.next()?.to_owned(),
    })
}

impl Skip {
    fn word(&self) -> &'static str {
        if self.whole { "skipped" } else { "in part" }
    }

    fn line(&self) -> String {
        format!("{}\t{}\t{}\n", self.word(), self.test, self.reason)
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.word(), self.test, self.reason)
    }
}

#[track_caller]
fn tell(whole: bool, reason: &str) {
    let skip = Skip {
        whole,
        test: this_test(),
        // One line, no tab: the form of the file.
        reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    assert!(
        std::env::var_os(REQUIRE_VARIABLE).is_none(),
        "{skip} (and {REQUIRE_VARIABLE} is set)"
    );
    let mut skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if !skipped.insert(skip.clone()) {
        return; // Told before, as in each round of a property.
    }
    say(&skip.to_string());
    // A copy is counted by the process outside, which reads that line.
    if std::env::var_os(INSIDE_VARIABLE).is_none() {
        append(&skip.line());
        if skipped.len() == 1 {
            sys::at_exit(closing_line);
        }
    }
}

/// What a copy of this binary said on its standard error, said again for this test.
pub(crate) fn repeat(said: &str, test: &str) {
    for line in said.lines() {
        if let Some(reason) = said_of(line, "skipped", test) {
            skip(reason);
        } else if let Some(reason) = said_of(line, "in part", test) {
            in_part(reason);
        }
    }
}

fn said_of<'a>(line: &'a str, word: &str, test: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?.strip_prefix(": ")?;
    rest.strip_prefix(test)?.strip_prefix(": ")
}

/// A line on the real standard error: libtest's capture concerns the print macros alone.
fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

fn append(line: &str) {
    let Some(path) = std::env::var_os(FILE_VARIABLE) else {
        return;
    };
    let mut options = std::fs::File::options();
    let file = options.append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .unwrap_or_else(|error| panic!("append to {path:?}: {error}"));
}

/// Runs when the process ends, after libtest's own closing line.
extern "C" fn closing_line() {
    let skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let named = |whole| -> BTreeSet<&str> {
        let those = skipped.iter().filter(|skip| skip.whole == whole);
        those.map(|skip| skip.test.as_str()).collect()
    };
    let (whole, part) = (named(true), named(false));
    say(&format!(
        "skipped: {} of the tests counted as passed did not run; {} ran in part",
        whole.len(),
        part.difference(&whole).count()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        for whole in [true, false] {
            let skip = Skip {
                whole,
                test: "mounts::a_test".to_owned(),
                reason: "no mount namespace: why not".to_owned(),
            };
            assert_eq!(parse(&skip.line()), [skip]);
        }
        assert_eq!(parse("skipped\tonly a name\nother\ta\tb\n\n"), []);
    }

    #[test]
    fn only_lines_of_the_same_test_are_repeated() {
        let line = "skipped: a::b: no ip: here";
        assert_eq!(said_of(line, "skipped", "a::b"), Some("no ip: here"));
        assert_eq!(said_of(line, "skipped", "a"), None);
        assert_eq!(said_of(line, "in part", "a::b"), None);
    }
}
