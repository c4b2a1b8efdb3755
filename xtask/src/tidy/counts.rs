//! How many packages a crate pulls in: promised in its README, counted here.

use std::collections::BTreeSet;

use super::{Findings, Tree};
use crate::cargo::{self, cargo};

/// Packages at most, the crate itself included: Linux, default features,
/// normal dependencies.
const PROMISES: &[(&str, usize)] = &[
    ("mountscan", 10),
    ("resolvconf", 6),
    ("rroprobe", 10),
    ("ifaddrs", 28),
    ("rootmount", 16),
    ("runtimes", 24),
    ("daemon-host", 50),
];

pub(super) fn check(tree: &Tree, findings: &mut Findings) -> anyhow::Result<()> {
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

/// The first count in front of the word "packages": `7 packages`, `at most 10
/// packages` or `≤ 10 packages`.
fn stated(readme: &str) -> Option<Stated> {
    let text = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    for (at, _) in text.match_indices(" packages") {
        let before: Vec<&str> = text[..at].rsplitn(4, ' ').collect();
        let word = before
            .first()
            .map_or("", |word| word.trim_matches(['*', '(', '`']));
        let (bound, digits) = match word.strip_prefix('≤') {
            Some(digits) => (true, digits),
            None => (false, word),
        };
        let Ok(count) = digits.parse() else {
            continue;
        };
        let bound = bound
            || before.get(1) == Some(&"≤")
            || (before.get(1) == Some(&"most") && before.get(2) == Some(&"at"));
        return Some(if bound {
            Stated::AtMost(count)
        } else {
            Stated::Exactly(count)
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_states_a_count_or_a_bound() {
        assert_eq!(
            stated("pulls in 7 packages in all"),
            Some(Stated::Exactly(7))
        );
        assert_eq!(stated("pulls in **7** packages"), Some(Stated::Exactly(7)));
        assert_eq!(
            stated("promised: at most\n10 packages"),
            Some(Stated::AtMost(10))
        );
        assert_eq!(stated("≤ 10 packages"), Some(Stated::AtMost(10)));
        assert_eq!(
            stated("few packages, that is ≤10 packages"),
            Some(Stated::AtMost(10))
        );
        assert_eq!(stated("no count at all"), None);
    }
}
