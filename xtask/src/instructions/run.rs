//! Counts every case and compares.

use std::path::PathBuf;

use anyhow::Context;

use super::callgrind;
use super::counts::{self, Change, Counts};
use crate::cargo;
use crate::packages;
use crate::verdict::Verdict;
use crate::vm::Outcome;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only cases whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Write the counts of this run as the committed ones
    #[arg(long, conflicts_with = "only")]
    update: bool,
    /// Counts that cannot be compared here are a failure, not a skip
    #[arg(long)]
    require: bool,
}

/// Counts and prints; true when no count has grown beyond the bound.
pub(crate) fn run(args: &Args) -> Verdict {
    if args.update {
        let counts = count_all("")?;
        std::fs::write(path(), counts.render()).context("write the counts")?;
        println!("{}: {} cases", path().display(), counts.cases.len());
        return Ok(true);
    }
    let outcome = lane(&args.only)?;
    println!("{}", outcome.note);
    for skipped in &outcome.skipped {
        println!("skipped: {skipped}");
    }
    Ok(outcome.failed == 0 && (outcome.skipped.is_empty() || !args.require))
}

/// The comparison, for `cargo xtask test` as well: one case is one test.
pub(crate) fn lane(only: &str) -> anyhow::Result<Outcome> {
    let text = std::fs::read_to_string(path()).context("read the committed counts")?;
    let committed = Counts::parse(&text).with_context(|| path().display().to_string())?;
    let compiler = callgrind::compiler()?;
    if compiler != committed.compiler {
        let reason = format!(
            "the counts are of {}, here is {compiler}",
            committed.compiler
        );
        return Ok(all_skipped(&committed, only, &reason));
    }
    if let Err(error) = packages::provide(&[(callgrind::PROGRAM, "valgrind")], "instructions") {
        let reason = format!("{error:#}").replace(": ", ", ");
        return Ok(all_skipped(&committed, only, &reason));
    }
    let counts = count_all(only)?;
    anyhow::ensure!(!counts.cases.is_empty(), "no case is named {only:?}");
    Ok(judge(&committed, &counts, only))
}

fn judge(committed: &Counts, counts: &Counts, only: &str) -> Outcome {
    let mut outcome = Outcome {
        note: format!("counted with {}", counts.compiler),
        ..Outcome::default()
    };
    for (case, &now) in &counts.cases {
        let change = committed.change(case, now);
        let line = counts::line(case, now, committed.cases.get(case).copied(), change);
        println!("{line}");
        match change {
            Change::Kept | Change::Shrunk => outcome.passed += 1,
            Change::Grown | Change::New => outcome.failures.push(line),
        }
    }
    let gone = committed.cases.keys().filter(|case| case.contains(only));
    for case in gone.filter(|case| !counts.cases.contains_key(*case)) {
        outcome
            .failures
            .push(format!("{case}: committed, but there is no such case"));
    }
    outcome.failed = outcome.failures.len();
    outcome
}

fn count_all(only: &str) -> anyhow::Result<Counts> {
    let program = callgrind::build()?;
    let mut counts = Counts {
        compiler: callgrind::compiler()?,
        ..Counts::default()
    };
    for case in callgrind::cases(&program)? {
        if case.contains(only) {
            let count = callgrind::count(&program, &case)?;
            counts.cases.insert(case, count);
        }
    }
    Ok(counts)
}

fn all_skipped(committed: &Counts, only: &str, reason: &str) -> Outcome {
    let cases = committed.cases.keys().filter(|case| case.contains(only));
    Outcome {
        skipped: cases.map(|case| format!("{case}: {reason}")).collect(),
        ..Outcome::default()
    }
}

fn path() -> PathBuf {
    cargo::root().join("tests/instructions/counts.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_grew_or_has_no_case_fails() {
        let committed = Counts::parse("# counted with x\n1000 a\n1000 b\n1000 c").unwrap();
        let now = Counts::parse("# counted with x\n1000 a\n2000 b\n5 d").unwrap();
        let outcome = judge(&committed, &now, "");
        assert_eq!((outcome.passed, outcome.failed), (1, 3));
        let only = Counts::parse("# counted with x\n1000 a").unwrap();
        assert_eq!(judge(&committed, &only, "a").failed, 0);
    }

    #[test]
    fn what_cannot_be_compared_is_skipped_with_its_reason() {
        let committed = Counts::parse("# counted with x\n1000 a\n1000 b").unwrap();
        let outcome = all_skipped(&committed, "", "another compiler");
        assert_eq!((outcome.passed, outcome.failed), (0, 0));
        assert_eq!(
            outcome.skipped,
            ["a: another compiler", "b: another compiler"]
        );
    }

    #[test]
    fn the_committed_counts_can_be_read() {
        let text = std::fs::read_to_string(path()).unwrap();
        assert!(Counts::parse(&text).unwrap().cases.len() >= 10);
    }
}
