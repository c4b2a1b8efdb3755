//! How many packages a crate pulls in: promised in its README, counted here.

use std::collections::BTreeSet;

use crate::cargo::{self, cargo};
use crate::tidy::findings::Findings;
use crate::tidy::tree::Tree;

/// Packages at most, the crate itself included: Linux, default features,
/// normal dependencies.
const PROMISES: &[(&str, usize)] = &[
    ("mountscan", 10),
    ("resolvconf", 6),
    ("rroprobe", 10),
    ("ifaddrs", 28),
    ("rootmount", 16),
    ("runtimes", 24),
    ("engines", 24),
    ("daemon-host", 50),
];

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) -> anyhow::Result<()> {
    for (name, promise) in PROMISES {
        let count = packages_of(name)?;
        if count > *promise {
            let what = format!("pulls in {count} packages, promised are at most {promise}");
            findings.problem(name, what);
        }
        let readme = format!("crates/{name}/README.md");
        let Some(file) = tree
            .files
            .iter()
            .find(|file| file.path.as_os_str() == readme.as_str())
        else {
            continue;
        };
        match stated(&file.text) {
            None => findings.problem(&readme, "does not say how many packages it pulls in"),
            Some(Stated::Exactly(said)) if said != count => {
                findings.problem(
                    &readme,
                    format_args!("says {said} packages, there are {count}"),
                );
            }
            Some(Stated::AtMost(said)) if said < count || said > *promise => {
                let what = format!("promises at most {said} packages, there are {count}");
                findings.problem(&readme, what);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Distinct packages of `cargo tree -e normal`.
fn packages_of(name: &str) -> anyhow::Result<usize> {
    let tree = cargo::output(&mut cargo([
        "tree",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--target",
        "x86_64-unknown-linux-gnu",
        "--package",
        name,
    ]))?;
    let packages: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    Ok(packages.len())
}

#[derive(Debug, PartialEq, Eq)]
enum Stated {
    Exactly(usize),
    AtMost(usize),
}

/// The first number of the first sentence that speaks of packages or
/// dependencies and has one: a count, or a bound after "at most" or "≤".
fn stated(readme: &str) -> Option<Stated> {
    let text = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split(". ")
        .filter(|sentence| sentence.contains("ackages") || sentence.contains("ependencies"))
        .find_map(number_in)
}

fn number_in(sentence: &str) -> Option<Stated> {
    let mut before = "";
    for word in sentence.split(' ') {
        let digits = word.trim_matches(|c: char| !c.is_alphanumeric());
        match digits.parse() {
            Ok(count) if word.starts_with('≤') || matches!(before, "≤" | "most") => {
                return Some(Stated::AtMost(count));
            }
            Ok(count) => return Some(Stated::Exactly(count)),
            Err(_) => before = word,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(readme: &str, want: Stated) {
        assert_eq!(stated(readme), Some(want), "{readme}");
    }

    #[test]
    fn a_readme_states_a_count_or_a_bound() {
        check("pulls in 7 packages in all", Stated::Exactly(7));
        check("Linux 5.10. It pulls in **7** packages", Stated::Exactly(7));
        check(
            "Packages, itself included: 8. MSRV: Rust 1.85.",
            Stated::Exactly(8),
        );
        check(
            "Normal dependencies: 4 (promised: at most 6).",
            Stated::Exactly(4),
        );
        check("promised: at most\n10 packages", Stated::AtMost(10));
        check("≤ 10 packages", Stated::AtMost(10));
        check("few packages, that is ≤10 packages", Stated::AtMost(10));
        assert_eq!(stated("no count at all"), None);
    }
}
