//! What became of the mutants of a crate, and which of the survivors are right to survive.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

/// What became of every mutant, by its name without line and column.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    caught: usize,
    /// Did not compile: no mutant at all.
    unviable: usize,
    pub(super) survived: Vec<String>,
    /// Survived, and the list says why that is right.
    equivalent: usize,
}

/// The mutants that change nothing a test could see, from lines of `name # reason`.
pub(super) fn equivalents(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().filter(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.starts_with('#'));
    let names = lines.map(|line| match line.split_once(" # ") {
        Some((name, reason)) if !reason.trim().is_empty() => Ok(name.to_owned()),
        _ => bail!("{}: no reason: {line}", path.display()),
    });
    names.collect()
}

/// `a.rs:54:13: what in which` without the numbers, which every edit moves.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(line), Some(column), Some(what))
            if line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok() =>
        {
            format!("{file}:{what}")
        }
        _ => name.to_owned(),
    }
}

impl Outcome {
    pub(super) fn of(found: &BTreeMap<&str, Vec<String>>, listed: &[String]) -> Self {
        let count = |kind: &str| found.get(kind).map_or(0, Vec::len);
        let missed = found.get("missed").into_iter().flatten();
        let (equivalent, survived): (Vec<String>, Vec<String>) = missed
            .map(|name| without_place(name))
            .partition(|name| listed.contains(name));
        Self {
            // A mutant that hangs is noticed.
            caught: count("caught") + count("timeout"),
            unviable: count("unviable"),
            equivalent: equivalent.len(),
            survived,
        }
    }

    /// The crate's row for MUTANTS.md.
    pub(super) fn row(&self, package: &str) -> String {
        let viable = self.caught + self.survived.len();
        let share = 100.0 * self.caught as f64 / viable.max(1) as f64;
        format!(
            "| {package} | {viable} | {} | {} | {} | {share:.1} % |",
            self.caught,
            self.survived.len(),
            self.equivalent
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survivor_counts_unless_it_is_listed() {
        let lines = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let found = BTreeMap::from([
            ("caught", lines(&["a.rs:1:2: x in f", "a.rs:9:2: x in g"])),
            (
                "missed",
                lines(&["a.rs:3:4: y -> Z::z() in f", "b.rs:5:6: w in h"]),
            ),
            ("timeout", lines(&["a.rs:7:8: v in f"])),
            ("unviable", lines(&["a.rs:7:9: u in f"])),
        ]);
        let outcome = Outcome::of(&found, &lines(&["b.rs: w in h"]));
        assert_eq!(outcome.survived, ["a.rs: y -> Z::z() in f"]);
        assert_eq!(
            (outcome.caught, outcome.unviable, outcome.equivalent),
            (3, 1, 1)
        );
        assert_eq!(outcome.row("x"), "| x | 4 | 3 | 1 | 1 | 75.0 % |");
    }

    #[test]
    fn the_list_has_reasons() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants.equivalent");
        equivalents(&path).expect("a reason on every line");
        let temp = tempfile::tempdir().expect("a place");
        let bad = temp.path().join("list");
        fs::write(&bad, "a.rs: x in f\n").expect("write");
        assert!(equivalents(&bad).is_err());
    }
}
