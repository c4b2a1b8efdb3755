//! Builds the cases and counts each under valgrind's callgrind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::cargo::{self, cargo};

/// Debian's package of it has the same name.
pub(super) const PROGRAM: &str = "valgrind";

/// The program with the cases.
pub(super) fn build() -> anyhow::Result<PathBuf> {
    let done = cargo::succeeds(&mut cargo([
        "build",
        "--quiet",
        "--profile=instructions",
        "--package=instructions",
    ]))?;
    if !done {
        bail!("the package `instructions` does not build");
    }
    Ok(cargo::target().join("instructions/instructions"))
}

/// The names of the cases.
pub(super) fn cases(program: &Path) -> anyhow::Result<Vec<String>> {
    let names = cargo::output(&mut Command::new(program))?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// How many instructions a case takes, its preparation not included.
pub(super) fn count(program: &Path, case: &str) -> anyhow::Result<u64> {
    let place = tempfile::tempdir().context("a place for callgrind's file")?;
    let output = Command::new(PROGRAM)
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg("--toggle-collect=*measured_work*")
        .arg(format!(
            "--callgrind-out-file={}",
            place.path().join("out").display()
        ))
        .arg(program)
        .arg(case)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start {PROGRAM}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match collected(&said) {
        Some(count) if count > 0 && output.status.success() => Ok(count),
        _ => bail!("{case}: {}: {}", output.status, said.trim()),
    }
}

/// The number of callgrind's line `==1== Collected : 1579897`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// What makes counts comparable: the same compiler for the same machine.
pub(super) fn compiler() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = cargo::output(Command::new(rustc).args(["--version", "--verbose"]))?;
    let field = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or("?").trim().to_owned()
    };
    Ok(format!(
        "rustc {} for {}",
        field("release:"),
        field("host:")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_callgrinds_words() {
        let said = "==7== Events    : Ir\n==7== Collected : 1579897\n==7==\n";
        assert_eq!(collected(said), Some(1_579_897));
        assert_eq!(collected("==7== Events : Ir\n"), None);
    }

    #[test]
    fn the_compiler_has_a_name_and_a_machine() {
        let compiler = compiler().unwrap();
        assert!(compiler.starts_with("rustc 1."), "{compiler}");
        assert!(!compiler.contains('?'), "{compiler}");
    }
}
