//! `cargo xtask dist`: the packages as they would be published, and what is
//! in them. Publishes nothing.

use std::collections::BTreeSet;

use crate::cargo::{self, cargo};
use crate::verdict::Verdict;

/// Dependencies first: the order in which the crates are published.
const ORDER: &[&str] = &[
    "mountscan",
    "rootmount",
    "engines",
    "resolvconf",
    "ifaddrs",
    "rroprobe",
    "runtimes",
    "daemon-host",
    "daemon-host-cli",
];

/// In every package.
const NEEDED: &[&str] = &[
    "Cargo.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build each package from its own files, as a user's machine would
    #[arg(long)]
    verify: bool,
}

/// Lists, checks and makes every package; true when all are in order.
pub(crate) fn run(args: &Args) -> Verdict {
    let mut good = order_is_complete()?;
    for name in ORDER {
        let listed = cargo::output(&mut cargo([
            "package",
            "--list",
            "--allow-dirty",
            "--package",
            name,
        ]))?;
        let files: BTreeSet<&str> = listed.lines().collect();
        let wrong = wrong_with(&files);
        println!("{name:<16} {:>3} files", files.len());
        for what in &wrong {
            println!("  {what}");
        }
        good &= wrong.is_empty();
    }
    let made = make(args.verify)?;
    println!("\npublish in this order: {}", ORDER.join(", "));
    Ok(good && made)
}

fn order_is_complete() -> Verdict {
    let published: BTreeSet<String> = cargo::packages()?
        .into_iter()
        .filter(|package| package.published)
        .map(|package| package.name)
        .collect();
    let ordered: BTreeSet<String> = ORDER.iter().map(|name| (*name).to_owned()).collect();
    for name in published.symmetric_difference(&ordered) {
        println!("{name}: published and ordered crates differ");
    }
    Ok(published == ordered)
}

fn wrong_with(files: &BTreeSet<&str>) -> Vec<String> {
    let missing = NEEDED
        .iter()
        .filter(|name| !files.contains(*name))
        .map(|name| format!("lacks {name}"));
    let strange = files
        .iter()
        .filter(|file| !is_expected(file))
        .map(|file| format!("holds {file}, which a user does not need"));
    missing.chain(strange).collect()
}

fn is_expected(file: &str) -> bool {
    NEEDED.contains(&file)
        || [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"].contains(&file)
        || file.starts_with("src/")
        || file.starts_with("examples/")
        || file.starts_with("assets/")
}

/// All in one call: a package's dependencies may be packages of the same call.
fn make(verify: bool) -> Verdict {
    let mut package = cargo(["package", "--quiet", "--allow-dirty"]);
    for name in ORDER {
        package.args(["--package", name]);
    }
    if !verify {
        package.arg("--no-verify");
    }
    cargo::succeeds(&mut package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_holds_what_a_user_needs_and_no_more() {
        let mut files: BTreeSet<&str> = NEEDED.iter().copied().collect();
        files.insert("src/lib.rs");
        assert_eq!(wrong_with(&files), [""; 0]);
        files.remove("LICENSE-MIT");
        files.insert("tests/a/main.rs");
        assert_eq!(
            wrong_with(&files),
            [
                "lacks LICENSE-MIT",
                "holds tests/a/main.rs, which a user does not need"
            ]
        );
    }
}
