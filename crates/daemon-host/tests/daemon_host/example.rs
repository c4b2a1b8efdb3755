//! The example that a daemon's author starts from does what it says.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use support::namespace::{available, prepare};

use crate::namespace::SPACE;

/// Builds it; a test run of this target alone does not. `cargo xtask test`, which names the command
/// of its build, has built it with the tests. So has whoever brings a foreign test to a machine
/// where the compiler is not.
fn example() -> PathBuf {
    let is_built = std::env::var_os("DAEMON_HOST_BIN").is_some();
    if !is_built && Path::new(env!("CARGO")).exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "minimal-daemon"]);
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.unwrap().success(), "the example does not build");
    }
    let own = std::env::current_exe().unwrap();
    let profile = own.parent().and_then(|deps| deps.parent()).unwrap();
    profile.join("examples/minimal-daemon")
}

#[test]
fn it_starts_reloads_and_stops_in_less_than_eighty_lines() {
    let source = include_str!("../../examples/minimal-daemon.rs");
    assert!(source.lines().count() < 80);

    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("daemon.json");
    let text = json!({
        "data-root": dir.path().join("data"),
        "exec-root": dir.path().join("exec"),
        "debug": true,
    });
    fs::write(&config, text.to_string()).unwrap();
    if !available(SPACE) {
        return;
    }
    let mut daemon = Command::new(example());
    let mut daemon = prepare(SPACE, &mut daemon)
        .arg(&config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    daemon.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = daemon.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for part in [
        "nothing left over",
        "debug true; press enter",
        "unchanged; debug true",
        "containers inherit /",
        "released",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}
