//! Manifests: the edges between our crates, lints, MSRV, licences.

use std::fs;

use anyhow::Context;

use crate::cargo::{self, Package};
use crate::tidy::findings::Findings;
use crate::tidy::tree::Tree;

/// Who may depend on whom inside the family, as ARCHITECTURE.md draws it.
pub(in crate::tidy) const EDGES: &[(&str, &[&str])] = &[
    ("mountscan", &[]),
    ("rootmount", &["mountscan"]),
    ("engines", &["mountscan", "rootmount"]),
    ("resolvconf", &[]),
    ("ifaddrs", &[]),
    ("rroprobe", &[]),
    ("runtimes", &["mountscan"]),
    (
        "daemon-host",
        &[
            "mountscan",
            "rootmount",
            "engines",
            "resolvconf",
            "ifaddrs",
            "rroprobe",
            "runtimes",
        ],
    ),
    ("daemon-host-cli", &["daemon-host"]),
];

/// The MSRV that every published crate promises.
const RUST_VERSION: &str = "1.85";

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) -> anyhow::Result<()> {
    for package in &tree.packages {
        let path = package.dir.join("Cargo.toml");
        let manifest = fs::read_to_string(cargo::root().join(&path))
            .with_context(|| format!("read {}", path.display()))?;
        if !has_table_line(&manifest, "[lints]", "workspace = true") {
            findings.problem(path.display(), "does not inherit the workspace's lints");
        }
        if package.published {
            check_published(package, &manifest, findings);
        }
    }
    check_edges(&tree.packages, findings);
    check_msrv_lint(findings)
}

fn has_table_line(manifest: &str, table: &str, line: &str) -> bool {
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|found| *found != table)
        .skip(1)
        .take_while(|found| !found.starts_with('['))
        .any(|found| found == line)
}

fn check_published(package: &Package, manifest: &str, findings: &mut Findings) {
    let place = package.dir.join("Cargo.toml").display().to_string();
    if package.rust_version.as_deref() != Some(RUST_VERSION) {
        findings.problem(&place, format_args!("rust-version is not {RUST_VERSION}"));
    }
    for key in [
        "description",
        "keywords",
        "categories",
        "readme",
        "include",
        "license",
    ] {
        let present = manifest.lines().any(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
        });
        if !present {
            findings.problem(&place, format_args!("has no `{key}`"));
        }
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let ours = fs::read(cargo::root().join(licence)).ok();
        let theirs = fs::read(cargo::root().join(&package.dir).join(licence)).ok();
        if theirs.is_none() || ours != theirs {
            let what = format!("{licence} is missing or differs from the top one");
            findings.problem(package.dir.display(), what);
        }
    }
}

fn check_edges(packages: &[Package], findings: &mut Findings) {
    for package in packages.iter().filter(|package| package.published) {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
            findings.problem(
                &package.name,
                "is published but not drawn in the map of edges",
            );
            continue;
        };
        for dependency in &package.dependencies {
            let inner = EDGES.iter().any(|(name, _)| name == dependency);
            if inner && !allowed.contains(&dependency.as_str()) {
                let what = format!("depends on {dependency}, an edge that is not drawn");
                findings.problem(&package.name, what);
            }
        }
    }
}

/// Clippy's `incompatible_msrv` is on by default and knows `rust-version`;
/// nobody may turn it off.
fn check_msrv_lint(findings: &mut Findings) -> anyhow::Result<()> {
    let manifest = fs::read_to_string(cargo::root().join("Cargo.toml")).context("Cargo.toml")?;
    let allowed = manifest
        .lines()
        .any(|line| line.starts_with("incompatible_msrv") && line.contains("allow"));
    if allowed {
        findings.problem("Cargo.toml", "turns clippy's incompatible_msrv off");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lints_line_counts_only_in_its_table() {
        let good = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";
        let other = "[lints]\n\n[dependencies]\nworkspace = true\n";
        assert!(has_table_line(good, "[lints]", "workspace = true"));
        assert!(!has_table_line(other, "[lints]", "workspace = true"));
    }

    #[test]
    fn an_edge_that_is_not_drawn_is_found() {
        let package = |name: &str, dependencies: &[&str]| Package {
            name: name.to_owned(),
            dir: name.into(),
            published: true,
            rust_version: None,
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut findings = Findings::default();
        check_edges(
            &[
                package("rootmount", &["mountscan", "regex"]),
                package("ifaddrs", &["mountscan"]),
            ],
            &mut findings,
        );
        assert_eq!(
            findings.problems,
            ["ifaddrs: depends on mountscan, an edge that is not drawn"]
        );
    }
}
