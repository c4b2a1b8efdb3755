//! The committed counts: their file, and how new ones compare. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, ensure};

/// A count may grow by this many in a thousand.
const BOUND: u64 = 30;

/// Counts by case, and the compiler that they were counted with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) compiler: String,
    pub(super) cases: BTreeMap<String, u64>,
}

/// How a case compares with its committed count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Kept,
    Grown,
    /// By so much that the committed count should follow.
    Shrunk,
    /// No count of it is committed.
    New,
}

impl Counts {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut counts = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(compiler) = line.strip_prefix("# counted with ") {
                counts.compiler = compiler.to_owned();
            } else if !line.starts_with('#') {
                let (count, case) = line.split_once(' ').context("want `COUNT CASE`")?;
                let count = count.parse().with_context(|| format!("count of {case}"))?;
                counts.cases.insert(case.to_owned(), count);
            }
        }
        ensure!(!counts.compiler.is_empty(), "no line names the compiler");
        Ok(counts)
    }

    pub(super) fn render(&self) -> String {
        let mut text = format!(
            "# Instructions of each hot path; `cargo xtask instructions --update` writes this.\n\
             # counted with {}\n",
            self.compiler
        );
        for (case, count) in &self.cases {
            let _ = writeln!(text, "{count} {case}");
        }
        text
    }

    pub(super) fn change(&self, case: &str, now: u64) -> Change {
        let Some(&old) = self.cases.get(case) else {
            return Change::New;
        };
        let (now, old) = (u128::from(now) * 1000, u128::from(old));
        if now > old * u128::from(1000 + BOUND) {
            Change::Grown
        } else if now < old * u128::from(1000 - BOUND) {
            Change::Shrunk
        } else {
            Change::Kept
        }
    }
}

/// One line of the table.
pub(super) fn line(case: &str, now: u64, old: Option<u64>, change: Change) -> String {
    let old_text = old.map_or_else(|| "-".to_owned(), |old| old.to_string());
    let percent = old.map_or(0.0, |old| (now as f64 / old as f64 - 1.0) * 100.0);
    let verdict = match change {
        Change::Kept => "",
        Change::Grown => "GROWN",
        Change::Shrunk => "less: --update keeps the gain",
        Change::New => "not committed: --update adds it",
    };
    let line = format!("{case:<32} {now:>12} {old_text:>12} {percent:>+7.2} %  {verdict}");
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_it_is_written() {
        let mut counts = Counts {
            compiler: "rustc 1.85.0 for x".to_owned(),
            ..Counts::default()
        };
        counts.cases.insert("parse lean rows".to_owned(), 1_000);
        assert_eq!(Counts::parse(&counts.render()).unwrap(), counts);
        for bad in ["", "# counted with x\nmany rows", "1000 rows"] {
            assert!(Counts::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn three_in_a_hundred_is_the_bound() {
        let counts = Counts::parse("# counted with x\n100000 a").unwrap();
        for (now, change) in [
            (103_000, Change::Kept),
            (103_001, Change::Grown),
            (97_000, Change::Kept),
            (96_999, Change::Shrunk),
        ] {
            assert_eq!(counts.change("a", now), change, "{now}");
        }
        assert_eq!(counts.change("b", 1), Change::New);
        assert!(line("a", 103_001, Some(100_000), Change::Grown).contains("+3.00 %  GROWN"));
    }
}
