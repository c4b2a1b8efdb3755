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
fn example(name: &str) -> PathBuf {
    let is_built = std::env::var_os("DAEMON_HOST_BIN").is_some();
    if !is_built && Path::new(env!("CARGO")).exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", name]);
        // With the features of this test: then what it has built is used again.
        let has = [
            ("serde", cfg!(feature = "serde")),
            ("service", cfg!(feature = "service")),
            ("tokio", cfg!(feature = "tokio")),
        ];
        let has = has.iter().filter(|(_, has)| *has).map(|(name, _)| *name);
        cargo.args(["--features", &has.collect::<Vec<_>>().join(",")]);
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.unwrap().success(), "the example does not build");
    }
    let own = std::env::current_exe().unwrap();
    let profile = own.parent().and_then(|deps| deps.parent()).unwrap();
    profile.join("examples").join(name)
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
        // Not every machine has a runc.
        "runtimes": {"x": {"path": "/bin/true"}},
        "default-runtime": "x",
    });
    fs::write(&config, text.to_string()).unwrap();
    if !available(SPACE) {
        return;
    }
    let mut daemon = Command::new(example("minimal-daemon"));
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

/// A program that plays a runtime: what it starts lives until it is killed by its name.
#[cfg(feature = "tokio")]
const PLAYER: &str = "#!/bin/sh
states=$2; mkdir -p $states
case $3 in
run) echo $$ > $states/pid; echo \"$@\" > $states/words; exec sleep 60 ;;
kill) kill -s $5 $(cat $states/pid) ;;
*) exit 1 ;;
esac
";

#[cfg(feature = "tokio")]
#[test]
fn the_async_daemon_runs_a_container_reloads_and_stops() {
    use std::os::unix::fs::PermissionsExt as _;

    let source = include_str!("../../examples/tokio-daemon.rs");
    assert!(source.lines().count() <= 120);
    if !available(SPACE) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("player"), PLAYER).unwrap();
    fs::set_permissions(at("player"), fs::Permissions::from_mode(0o755)).unwrap();
    let text = json!({
        "data-root": at("data"), "exec-root": at("exec"), "default-runtime": "player",
        "runtimes": {"player": {"path": at("player")}},
    });
    fs::write(at("daemon.json"), text.to_string()).unwrap();
    let mut daemon = Command::new(example("tokio-daemon"));
    let daemon = prepare(SPACE, &mut daemon)
        .arg(at("daemon.json"))
        .arg(at("bundle"))
        .stdout(fs::File::create(at("said")).unwrap())
        .spawn();
    let mut daemon = daemon.unwrap();
    let said = || fs::read_to_string(at("said")).unwrap();
    let wait_for = |what: &str| {
        for _ in 0..3000 {
            if said().contains(what) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("no {what:?}: {}", said());
    };
    let states = at("exec/runtime-runc/moby");
    let signal = |name: &str| {
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", name, &daemon.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    wait_for("the container runs");
    signal("HUP");
    wait_for("unchanged");
    while !states.join("words").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let words = fs::read_to_string(states.join("words")).unwrap();
    let bundle = at("bundle");
    let want = format!(
        "--root {} run --bundle {} tokio-daemon",
        states.display(),
        bundle.display()
    );
    assert_eq!(words.trim(), want);
    signal("TERM");
    wait_for("the container was stopped");
    wait_for("released");
    assert!(daemon.wait().unwrap().success(), "{}", said());
}
