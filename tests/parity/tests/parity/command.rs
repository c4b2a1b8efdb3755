//! The `daemon-host` command, of this build.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// Runs the command and parses what it prints; it has to end well or with findings.
#[track_caller]
pub(crate) fn json(args: &[&str]) -> Value {
    let output = run(args);
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 1)),
        "daemon-host {args:?}: {code:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("daemon-host {args:?}: {error}"))
}

pub(crate) fn run(args: &[&str]) -> Output {
    Command::new(binary())
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
}

/// `cargo xtask test` says where the command of its build is. A bare `cargo
/// test -p parity` does not build it, so it is built here: never a stale one.
fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("DAEMON_HOST_BIN") {
        Some(binary) => PathBuf::from(binary),
        None => build(),
    })
}

fn build() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--package", "daemon-host-cli"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        built.status.success(),
        "the command does not build:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable")
}
