//! Exit codes, help, pipes.

use std::process::Stdio;

use crate::command::{command, run, run_with};

#[test]
fn usage_errors_are_two_and_name_what_is_wrong() {
    for args in [
        &["nonsense"][..],
        &["mounts", "list", "--pid", "x"],
        &["mounts", "list", "--file", "/no/such/file"],
        &["root", "cleanup", "--dry-run", "--data-root", "relative"],
        &["root", "cleanup", "--mountinfo", "/no/such/file"],
        &["root", "cleanup", "--mountinfo", "-", "--data-root", "/"],
        &["root", "cleanup", "--mountinfo", "-", "--rule", "("],
        &["root", "cleanup", "--mountinfo", "-", "--rule", ".*"],
        &["root", "cleanup", "--mountinfo", "-", "--id", "a/b"],
        &["resolv-conf", "render", "--from", "-", "--nameserver", "x"],
        &["runtimes", "list", "--config", "/no/such/file"],
        &["addrs", "--netns", "/no/such/file"],
    ] {
        let ran = run(args).expect(2);
        assert!(!ran.stderr.is_empty(), "{args:?}");
        assert!(ran.stdout.is_empty(), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn a_time_that_no_clock_reaches_is_no_end() {
    let end = u64::MAX.to_string();
    for what in ["mounts", "resolv-conf"] {
        run(&[what, "watch", "--count", "0", "--seconds", &end]).expect(0);
    }
}

#[test]
fn every_subcommand_has_help_with_an_example() {
    for args in [
        &["report"][..],
        &["mounts", "list"],
        &["mounts", "watch"],
        &["mounts", "holders"],
        &["root", "status"],
        &["root", "prepare"],
        &["root", "release"],
        &["root", "cleanup"],
        &["resolv-conf", "select"],
        &["resolv-conf", "render"],
        &["resolv-conf", "lint"],
        &["resolv-conf", "explain"],
        &["resolv-conf", "watch"],
        &["addrs"],
        &["rro"],
        &["runtimes", "list"],
        &["runtimes", "check"],
        &["runtimes", "resolve"],
        &["runtimes", "gc"],
        &["run"],
        &["reload"],
        &["demo"],
        &["completions"],
        &["man"],
    ] {
        let mut args = args.to_vec();
        args.push("--help");
        let ran = run(&args).expect(0);
        assert!(ran.stdout.contains("Examples:"), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn completions_and_man_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            run(&["completions", shell])
                .expect(0)
                .stdout
                .contains("daemon-host")
        );
    }
    assert!(run(&["man"]).expect(0).stdout.contains(".TH"));
    let dir = tempfile::tempdir().unwrap();
    run(&["man", "--out", dir.path().to_str().unwrap()]).expect(0);
    assert!(dir.path().join("daemon-host-root-cleanup.1").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let table: String = (0..20_000)
        .map(|id| format!("{id} 0 0:1 / /m{id} rw - t s rw\n"))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("table");
    std::fs::write(&file, table).unwrap();
    let mut child = command(&["mounts", "list", "--file", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = crate::command::Ran::new(&child.wait_with_output().unwrap());
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.code, 0);
}

#[test]
fn output_to_a_pipe_has_no_colour_and_no_folds() {
    let long = format!("/{}", "x".repeat(300));
    let row = format!("1 0 0:1 / {long} rw - t s rw\n");
    let ran = run_with(&["mounts", "list", "--file", "-"], row.as_bytes()).expect(0);
    assert!(ran.stdout.contains(&long));
    assert!(!ran.stdout.contains('\u{1b}'));
    let ran = run_with(
        &["--color", "always", "mounts", "list", "--file", "-"],
        row.as_bytes(),
    );
    assert!(ran.expect(0).stdout.contains('\u{1b}'));
}
