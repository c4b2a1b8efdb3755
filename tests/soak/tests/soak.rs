//! The short form: a few seconds, and leaks that must be noticed.

#![allow(clippy::unwrap_used, reason = "a panic is the report")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// The soak's answer when it may not make namespaces here.
const SKIPPED: i32 = 77;

/// `cargo xtask test` says where the command of its build is; else it is built here.
fn tool() -> PathBuf {
    if let Some(tool) = std::env::var_os("DAEMON_HOST_BIN") {
        return tool.into();
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "daemon-host-cli"]);
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.unwrap().success(), "the command does not build");
    PathBuf::from(env!("CARGO_BIN_EXE_soak")).with_file_name("daemon-host")
}

fn soak(args: &[&str]) -> Option<Output> {
    let mut soak = Command::new(env!("CARGO_BIN_EXE_soak"));
    let output = soak.arg("--tool").arg(tool()).args(args).output().unwrap();
    Some(output).filter(|output| output.status.code() != Some(SKIPPED))
}

#[track_caller]
fn ends(output: Output, code: i32) -> String {
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

#[test]
fn nothing_grows_in_a_few_seconds() {
    if let Some(output) = soak(&["--seconds", "10"]) {
        ends(output, 0);
    }
}

#[test]
fn planted_leaks_are_noticed() {
    let leaks = [
        ("memory", "memory held"),
        ("descriptor", "descriptors"),
        ("mount", "mounts"),
        ("file", "files"),
    ];
    let args = leaks.map(|(leak, _)| format!("--leak={leak}"));
    let args = args.each_ref().map(String::as_str);
    let Some(output) = soak(&[&args[..], &["--seconds=1"]].concat()) else {
        return;
    };
    let text = ends(output, 1);
    for (leak, row) in leaks {
        let grew = |line: &str| line.starts_with(row) && line.ends_with("GREW");
        assert!(text.lines().any(grew), "{leak}: {text}");
    }
}
