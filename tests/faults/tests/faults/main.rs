//! The driver against operations whose flaws are known: a driver that finds
//! nothing wrong is worth something only if it can find something.

#![cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]

use std::process::{Command, Output};

/// The driver's answer when it may not trace or make namespaces here.
const SKIPPED: i32 = 77;

fn run(args: &[&str]) -> Option<Output> {
    let output = Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(args)
        .output()
        .expect("start the driver");
    let skipped = output.status.code() == Some(SKIPPED);
    Some(output).filter(|_| !skipped)
}

fn text(output: &Output) -> String {
    let streams = [&output.stdout, &output.stderr];
    streams
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

#[track_caller]
fn finds(toy: &str, complaint: &str) {
    let Some(output) = run(&["--operation", toy, "--deadline", "2"]) else {
        return;
    };
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(complaint), "{complaint} is not in {text}");
}

#[track_caller]
fn passes(toy: &str) {
    let Some(output) = run(&["--operation", toy]) else {
        return;
    };
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(", 0 not reached, 0 violations"), "{text}");
}

#[test]
fn sound_operations_pass() {
    passes("toy-sound");
    passes("toy-threaded");
}

#[test]
fn a_torn_write_is_found_at_the_kill_between() {
    finds("toy-torn", "0.0:openat=kill-after");
    finds("toy-torn", "after the kill: a reader sees \"\"");
}

#[test]
fn an_ignored_error_is_found() {
    finds("toy-deaf", "0.1:write=fail-ENOSPC");
    finds("toy-deaf", "after it said it worked: a reader sees");
}

#[test]
fn a_panic_a_hang_and_a_leak_are_found() {
    finds("toy-panicky", "it panics: a disk that works");
    finds("toy-leaky", "it leaves open 3 on");
    let hanging = [
        "--operation",
        "toy-hanging",
        "--deadline",
        "1",
        "--errno",
        "EIO",
    ];
    let Some(output) = run(&hanging) else { return };
    assert!(
        text(&output).contains("it still runs after 1 s"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_violation_can_be_run_again() {
    let again = [
        "--operation",
        "toy-torn",
        "--inject",
        "0.0:openat=kill-after",
    ];
    let Some(output) = run(&again) else { return };
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let other = [
        "--operation",
        "toy-torn",
        "--inject",
        "0.1:write=kill-after",
    ];
    let Some(output) = run(&other) else { return };
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_mistake_of_the_caller_is_no_verdict() {
    for args in [
        &["--operation", "no-such"][..],
        &["--inject", "0.0:openat=kill-after"],
        &["--errno", "EPIPE"],
    ] {
        let Some(output) = run(args) else { return };
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output));
    }
}
