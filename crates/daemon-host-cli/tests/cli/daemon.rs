//! The reference daemon, from start to shutdown, in a mount namespace of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use support::namespace::{available, prepare};

use crate::command::{Ran, SPACE, command, run};
use crate::place::{LONG, Place, end, signal};

const WRAPPER: &str = r#"{"w": {"path": "/bin/true", "runtimeArgs": ["x"]}}"#;

#[test]
fn it_reloads_tells_the_sender_and_shuts_down() {
    let Some(place) = Place::new() else { return };
    let child = place.start();
    assert!(place.path("pid").exists());

    place.configure(WRAPPER);
    let answer = place.reload().expect(0).json();
    assert_eq!(answer["added"], json!(["w"]));
    let told = place.wait_for("RELOADING=1");
    assert!(told.contains("MONOTONIC_USEC="), "{told}");
    place.wait_for("READY=1");

    place.configure(r#"{"bad": {}}"#);
    let answer = place.reload().expect(1).json();
    assert!(answer["error"]["message"].as_str().unwrap().contains("bad"));
    assert_eq!(
        fs::read_dir(place.path("data/runtimes")).unwrap().count(),
        2,
        "lock and script"
    );

    signal(&child, "TERM");
    let ran = end(child).expect(0);
    assert!(
        ran.stdout.contains("the root is released"),
        "{}",
        ran.stdout
    );
    assert!(!place.path("pid").exists());
    assert!(!place.path("exec/daemon-host.sock").exists());
    place.reload().expect(2);
}

#[test]
fn sighup_reloads() {
    let Some(place) = Place::new() else { return };
    let child = place.start();
    place.configure(WRAPPER);
    signal(&child, "HUP");
    place.wait_for("RELOADING=1");
    place.wait_for("READY=1");
    assert_eq!(place.reload().expect(0).json()["generation"], 2);
    signal(&child, "INT");
    end(child).expect(0);
}

#[test]
fn a_killed_daemon_starts_again() {
    let Some(place) = Place::new() else { return };
    let mut child = place.start();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        place.path("exec/daemon-host.sock").exists(),
        "what a kill leaves"
    );

    let child = place.start();
    place.reload().expect(0);
    signal(&child, "TERM");
    end(child).expect(0);
}

#[test]
fn a_second_daemon_is_refused() {
    let Some(place) = Place::new() else { return };
    let child = place.start();
    let config = place.path("daemon.json");
    let ran = run(&["run", "--config", config.to_str().unwrap()]).expect(2);
    assert!(ran.stderr.contains("another daemon"), "{}", ran.stderr);
    signal(&child, "TERM");
    end(child).expect(0);
}

#[test]
fn a_daemon_that_cannot_be_reached_takes_everything_back() {
    let Some(place) = Place::new() else { return };
    let mut daemon = command(&["run", "--json", "--pidfile", "/no/such/directory/pid"]);
    let ran = prepare(SPACE, &mut daemon)
        .arg("--config")
        .arg(place.path("daemon.json"))
        .output();
    let ran = Ran::new(&ran.unwrap()).expect(2);
    assert!(
        ran.stderr.contains("/no/such/directory/pid"),
        "{}",
        ran.stderr
    );
    let lines = ran.stdout.lines().map(serde_json::from_str);
    let told: Vec<serde_json::Value> = lines.map(Result::unwrap).collect();
    assert_eq!(
        [&told[0]["event"], &told[1]["event"]],
        ["started", "stopped"]
    );
    let detail = told[1]["detail"].as_str().unwrap();
    assert!(detail.contains("the root is released"), "{detail}");
    assert_eq!(told[1]["clean"], true);
    assert!(!place.path("exec/daemon-host.sock").exists());
}

#[test]
fn the_demo_shows_everything_and_leaves_nothing() {
    if !available(SPACE) {
        return;
    }
    let temp = std::env::temp_dir();
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
    let before = mounts();
    let ran = run(&["demo", "--json"]).expect(0);
    for line in ran.stdout.lines() {
        let act: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(act["shown"], true, "{act}");
    }
    assert!(ran.stdout.lines().count() >= 9);
    assert_eq!(mounts(), before);
    assert!(!temp.join("daemon.json").exists());
}

#[test]
fn an_interrupted_demo_takes_its_children_along() {
    if !available(SPACE) {
        return;
    }
    let mut demo = command(&["demo", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut lines = BufReader::new(demo.stdout.take().unwrap());
    lines.read_line(&mut first).unwrap();
    lines.read_line(&mut first).unwrap();
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", demo.id())).unwrap();
    assert!(!children.trim().is_empty(), "a container and a daemon run");
    signal(&demo, "INT");
    demo.wait().unwrap();
    let begin = Instant::now();
    for pid in children.split_whitespace() {
        while fs::metadata(format!("/proc/{pid}/ns/mnt")).is_ok() {
            assert!(begin.elapsed() < LONG, "process {pid} lives on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
