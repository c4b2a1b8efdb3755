//! Documents: each crate's README and changelog.

use crate::cargo::Package;
use crate::tidy::findings::Findings;
use crate::tidy::tree::{SourceFile, Tree};

/// A crate's README is a card, not a manual.
const README_LINES: usize = 40;

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) -> anyhow::Result<()> {
    for package in tree.packages.iter().filter(|package| package.published) {
        check_readme(tree, package, findings);
        check_changelog(tree, package, findings);
    }
    Ok(())
}

fn file<'t>(tree: &'t Tree, package: &Package, name: &str) -> Option<&'t SourceFile> {
    let path = package.dir.join(name);
    tree.files.iter().find(|file| file.path == path)
}

fn check_readme(tree: &Tree, package: &Package, findings: &mut Findings) {
    let place = package.dir.join("README.md").display().to_string();
    let Some(readme) = file(tree, package, "README.md") else {
        findings.problem(&place, "is missing");
        return;
    };
    let lines = readme.text.lines().count();
    if lines > README_LINES {
        findings.problem(
            &place,
            format_args!("{lines} lines, at most {README_LINES}"),
        );
    }
    for word in ["1.85", "MIT", "Apache-2.0"] {
        if !readme.text.contains(word) {
            findings.problem(&place, format_args!("does not say {word}"));
        }
    }
}

fn check_changelog(tree: &Tree, package: &Package, findings: &mut Findings) {
    let place = package.dir.join("CHANGELOG.md").display().to_string();
    let Some(changelog) = file(tree, package, "CHANGELOG.md") else {
        findings.problem(&place, "is missing");
        return;
    };
    if !changelog.text.lines().any(|line| line.starts_with("## ")) {
        findings.problem(&place, "has no section (`## [Unreleased]` or `## [x.y.z]`)");
    }
}
