//! `mounts holders` on real mounts, in a mount namespace of a test's own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::command::{Ran, in_own_mounts};

/// Runs a script with `$D` as the command, `$T` a tmpfs with another one at `$T/m`, and `$S` a
/// program that sleeps. What it starts in the background ends with it.
pub(crate) fn isolated(script: &str) -> Option<Ran> {
    let prologue = "set -e; mount --make-rprivate /; mount -t tmpfs t $T; cd $T; mkdir m sub
        mount -t tmpfs held m; S='sleep 60'
        trap 'kill -9 $(jobs -p) 2>/dev/null || true' EXIT
        started() { for p in $(jobs -p); do while [ \"$(cat /proc/$p/comm)\" = bash ]; do sleep 0.01; done; done; }
        ";
    in_own_mounts(&format!("{prologue}{script}"))
}

/// The processes anywhere in the answer that use something.
fn using(value: &Value) -> BTreeSet<u64> {
    let spaces = value["namespaces"].as_array().unwrap().iter();
    let there = spaces.flat_map(|space| space["processes"].as_array().unwrap());
    let elsewhere = value["elsewhere"].as_array().unwrap().iter();
    let uses = |p: &&Value| !p["uses"].as_array().unwrap().is_empty();
    let pids = there
        .chain(elsewhere)
        .filter(uses)
        .map(|p| p["pid"].as_u64());
    pids.map(Option::unwrap).collect()
}

#[test]
fn every_kind_of_holder_that_fuser_and_lsof_name_is_named() {
    let script = "
        cp \"$(command -v sleep)\" m/program
        $S > m/file & (cd m; exec $S) & m/program 60 & $S 7< m & started
        fuser -m m > $T/fuser 2>/dev/null || true
        lsof -t m > $T/lsof 2>/dev/null || true
        $D mounts holders m --json || test $? = 1
        cat $T/fuser >&2; echo ';' >&2; cat $T/lsof >&2";
    if !support::skip::unless_runs("fuser", &["-V"]) || !support::skip::unless_runs("lsof", &["-v"])
    {
        return;
    }
    let Some(ran) = isolated(script) else { return };
    let value = ran.json();
    let ours = using(&value);
    let (fuser, lsof) = ran.stderr.split_once(';').expect("both were run");
    let pids = |text: &str| -> BTreeSet<u64> {
        let words = text.split(|c: char| !c.is_ascii_digit());
        words.filter_map(|word| word.parse().ok()).collect()
    };
    // One that lsof names is the working directory's, one a descriptor's; of more it says nothing.
    for (who, theirs, least) in [("fuser", pids(fuser), 4), ("lsof", pids(lsof), 2)] {
        assert!(theirs.len() >= least, "{who}: {theirs:?}");
        assert!(theirs.is_subset(&ours), "{who}: {theirs:?}, we: {ours:?}");
    }
    assert_eq!(value["used"], true);
}

/// In a test's namespaces the processes of others are closed to it.
#[test]
fn a_mount_of_which_not_all_was_seen_is_not_called_unused() {
    let script = "$D mounts holders m >&2 || echo $? >&2; $D mounts holders m --json";
    let Some(ran) = isolated(script) else { return };
    assert_eq!(ran.code, 1);
    let value = ran.json();
    assert_ne!(value["unseen"], serde_json::json!([]));
    assert_eq!(value["used"], Value::Null);
    let said = "found, but not everything could be seen.";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("\n1\n"), "{}", ran.stderr);
}

#[test]
fn a_process_with_a_covered_part_is_not_among_those_that_do_not_use_it() {
    for space in ["", "unshare -m --propagation private"] {
        let script = format!(
            "(cd sub; exec {space} $S) & started; H=$!; cd sub; mkdir x
            ask() {{ $D mounts holders ../m $1 || test $? = 1; }}
            ask >&2; mount --bind x /proc/$H/fd
            echo --- >&2; ask >&2; ask --json"
        );
        let Some(ran) = isolated(&script) else { return };
        let value = ran.json();
        let spaces = value["namespaces"].as_array().unwrap().iter();
        let all = spaces.flat_map(|space| space["processes"].as_array().unwrap());
        let unread: Vec<&Value> = all.filter(|p| p["unread"] == true).collect();
        assert_eq!(unread.len(), 1, "{value:#}");
        assert_eq!(unread[0]["comm"], "sleep");
        let (before, after) = ran.stderr.split_once("---").unwrap();
        let idle = |text: &str| -> u32 {
            let line = text.lines().find(|line| line.contains("not use it"));
            let words = line.unwrap().split_whitespace();
            words.filter_map(|word| word.parse().ok()).next().unwrap()
        };
        if space.is_empty() {
            assert_eq!(idle(before), idle(after) + 1, "{}", ran.stderr);
        } else {
            assert!(before.contains("does not use it itself"), "{before}");
            let said = "has it; 1 process there could not be looked into";
            assert!(after.contains(said), "{after}");
        }
    }
}

#[test]
fn mounts_that_use_a_mount_and_idle_namespaces_are_named_in_text() {
    let script = "mkdir m/nested; mount -t tmpfs n m/nested
        unshare -m --propagation private $S & started
        $D mounts holders m";
    let Some(ran) = isolated(script) else { return };
    let text = ran.expect(1).stdout;
    assert!(text.contains("tmpfs mounted on it at"), "{text}");
    let idle = text
        .lines()
        .find(|line| line.contains("does not use it itself"));
    let idle = idle.unwrap_or_else(|| panic!("{text}"));
    assert!(idle.contains("sleep") && idle.contains("mnt:["), "{idle}");
}

#[test]
fn a_mount_that_only_another_namespace_has_is_found_by_its_path() {
    let script = "unshare -m --propagation private $S & started; umount m
        $D mounts holders m --json || test $? = 1; $D mounts holders m >&2";
    let Some(ran) = isolated(script) else { return };
    let value = ran.json();
    assert_eq!(value["is_mount_point"], false);
    assert_eq!(value["namespaces"][0]["own"], false);
    assert_eq!(value["namespaces"][0]["processes"][0]["comm"], "sleep");
    assert_eq!(ran.code, 1);
    let said = "is not a mount point here. It is on";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn a_mount_that_was_detached_lazily_is_named_with_who_keeps_it() {
    let script = "$S > m/file & started; umount -l m; $D mounts holders m --json";
    let Some(ran) = isolated(script) else { return };
    let value = ran.json();
    let detached = value["detached"].as_array().unwrap().iter();
    let keeps = |mount: &&Value| {
        let keepers = mount["kept_by"].as_array().unwrap().iter();
        mount["file_system_mounted"] == false
            && keepers
                .clone()
                .any(|p| p["comm"] == "sleep" && p["uses"][0] == "descriptor 1")
    };
    assert_eq!(detached.filter(keeps).count(), 1, "{value:#}");
}

#[test]
fn the_kernels_word_is_asked_and_unmounts_nothing() {
    let script =
        "for i in 1 2 3; do $D mounts holders --ask-kernel m --json | grep kernel_says; done
        cd m; $D mounts holders --ask-kernel . --json | grep kernel_says; mountpoint -q $T/m";
    let Some(ran) = isolated(script) else { return };
    let said: Vec<&str> = ran.stdout.lines().map(str::trim).collect();
    let (idle, busy) = (r#""kernel_says": "not busy","#, r#""kernel_says": "busy","#);
    assert_eq!(said, [idle, idle, idle, busy], "{}", ran.stderr);
    assert_eq!(ran.code, 0);
}

#[test]
fn what_is_busy_without_a_holder_is_said_so() {
    // A descriptor that is on its way through a socket is in no process's table.
    let script = r#"touch m/file; python3 -c '
import os, socket, sys, time
one, other = socket.socketpair()
file = os.open("m/file", os.O_RDONLY)
socket.send_fds(one, [b"x"], [file])
os.close(file)
open("sub/sent", "w").close()
time.sleep(60)' &
        until [ -e sub/sent ]; do sleep 0.01; done
        $D mounts holders --ask-kernel m"#;
    if !support::skip::unless_runs("python3", &["--version"]) {
        return;
    }
    let Some(ran) = isolated(script) else { return };
    let text = ran.expect(1).stdout;
    let said = "The kernel says that it is busy, and nothing was found that uses it.";
    assert!(text.contains(said), "{text}");
}

#[test]
fn paths_are_resolved_and_a_path_that_is_nowhere_is_an_error() {
    let script = "ln -s m link; for p in link ./m ../$(basename $T)/m $T//m/ m/../m; do
            $D mounts holders $p --json | grep '\"mount_point\"' | head -1
            $D mounts list --at $p --json | grep '\"mount_point\"' | head -1
        done
        for c in 'holders nowhere' 'list --at nowhere' 'list --under nowhere/x' 'tree --under nowhere' \
            'list --pid 4194305'; do $D mounts $c && exit 9 || echo $? >&2; done";
    let Some(ran) = isolated(script) else { return };
    let lines: Vec<&str> = ran
        .stdout
        .lines()
        .map(|l| l.trim().trim_end_matches(','))
        .collect();
    assert_eq!(lines.len(), 10, "{lines:?} {}", ran.stderr);
    assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
    assert_eq!(ran.stderr.lines().filter(|line| *line == "2").count(), 5);
    assert_eq!(
        ran.stderr.matches("does not exist").count(),
        4,
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("no process 4194305"), "{}", ran.stderr);
}

#[test]
fn processes_that_proc_does_not_show_are_told_of_and_a_proc_without_us_is_an_error() {
    let script = "unshare -p -f --mount-proc bash -c '$D mounts holders m; $D mounts safe-to-remove sub' || true
        mount -t tmpfs t /proc; $D mounts holders m && exit 9 || test $? = 2";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let said = "does not show the processes of the whole machine";
    assert_eq!(ran.stdout.matches(said).count(), 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("It cannot be known"), "{}", ran.stdout);
    assert!(ran.stderr.contains("proc"), "{}", ran.stderr);
}
