//! In a pid or user namespace below that of living processes: whether these may be on the mounts is
//! asked, and what cannot be told stays.

use std::process::Command;

use support::namespace::output;
use support::space::Space;

use crate::command::{Ran, SPACE};

/// A data root with a mount on which a process lives, and a directory of states that knows nobody.
const SCENE: &str = "set -e; mount -t tmpfs t $T; mkdir $T/exec; mkdir -p $T/exec/runtime-runc/moby
    M=$T/docker/containers/$(printf 'a%.0s' $(seq 64))/mounts/shm; mkdir -p $M
    R=\"--data-root $T/docker --exec-root $T/exec\"; export R M T D
    code() { want=$1; shift; got=0; \"$@\" || got=$?; test $got = $want; }
    left() { grep -c \" $M \" /proc/self/mountinfo || true; }
    live() { mount -t tmpfs s $M; cd $M; sleep 60 > /dev/null 2>&1 & P=$!; cd /; }
    ";

fn run(space: Space, script: &str) -> Option<Ran> {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new("bash");
    command
        .args(["-c", &format!("{SCENE}{script}")])
        .env("D", env!("CARGO_BIN_EXE_daemon-host"))
        .env("T", place.path());
    output(space, &mut command).map(|output| Ran::new(&output))
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn in_a_shared_mount_namespace_processes_above_may_live_there() {
    let script = "live
        code 1 unshare -pf --kill-child bash -c 'mount -t proc proc /proc
            got=0; $D root cleanup $R || got=$?; $D root cleanup $R --json >&2 || true
            umount /proc; exit $got'
        test $(left) = 1
        code 1 unshare -pf --kill-child bash -c 'mount -t proc proc /proc
            $D root status $R; got=$?; umount /proc; exit $got'
        # What the caller knows counts.
        unshare -pf --kill-child bash -c 'mount -t proc proc /proc
            $D root cleanup $R --none-live --dry-run; umount /proc'
        kill $P";
    let Some(ran) = run(SPACE.as_real_root(), script) else {
        return;
    };
    let ran = ran.expect(0);
    says(
        &ran.stdout,
        &[
            "may be shared with processes outside of this pid namespace",
            "--none-live",
            "1 mount to unmount",
        ],
    );
    says(&ran.stderr, &["\"life\": \"unknown\"", "\"steps\": []"]);
}

#[test]
fn with_mounts_of_its_own_a_pid_namespace_is_closed() {
    // As a container has it: no procfs is that of a namespace above. And as `unshare` makes it, in one
    // call (Linux 6.18).
    let container =
        "set -e; umount -l $(grep \" - proc \" /proc/self/mountinfo | cut -d\" \" -f5 | tac)
        mount -t proc proc /proc; mount -t tmpfs s $M; $D root cleanup $R
        # LXC mounts a second one.
        mkdir $T/second; mount -t proc proc $T/second; mount -t tmpfs s $M; $D root cleanup $R";
    let one_call = "set -e; mount -t tmpfs s $M; $D root cleanup $R";
    // Process 1 stays in the namespace before.
    let younger = "set -e; unshare -m bash -ec \"mount -t tmpfs s $M; $D root cleanup $R\"; true";
    let script = format!(
        "unshare -mpf --kill-child bash -c '{container}'; test $(left) = 0
        case $(uname -r) in [0-5].*|6.[0-9].*|6.1[0-7].*) exit 0;; esac
        unshare -mpf --kill-child --mount-proc bash -c '{one_call}'
        unshare -mpf --kill-child --mount-proc bash -c '{younger}'"
    );
    let Some(ran) = run(SPACE.as_real_root(), &script) else {
        return;
    };
    let ran = ran.expect(0);
    says(&ran.stdout, &["1 mount gone"]);
}

#[test]
fn root_of_a_user_namespace_only_cannot_tell() {
    let script = "live
        for how in -Ur -Urm '-Urmpf --mount-proc'; do
            code 1 unshare $how $D root cleanup $R --dry-run
        done
        test $(left) = 1
        # An engine in there has mounts of its own.
        kill $P; wait $P || true; umount $M
        unshare -Urm bash -ec 'mount -t tmpfs s $M; $D root cleanup $R'
        unshare -Urmpf --mount-proc bash -ec 'mount -t tmpfs s $M; $D root cleanup $R --dry-run'";
    let Some(ran) = run(SPACE.as_real_root(), script) else {
        return;
    };
    let ran = ran.expect(0);
    says(
        &ran.stdout,
        &[
            "this mount namespace is that of a user namespace above",
            "mounts below the root come from outside of this user namespace",
            "--none-live",
            "1 mount gone",
        ],
    );
}
