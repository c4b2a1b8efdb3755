//! `mounts list` and `mounts watch` on real mounts, in a mount namespace of a test's own.

use serde_json::Value;

use crate::command::{Ran, in_own_mounts, run};

/// Runs a script in user and mount namespaces of its own, with `$D` as the command and `$T` a
/// tmpfs. `soon FILE TEXT` waits until the file has the text. `None` where namespaces are refused.
fn isolated(script: &str) -> Option<Ran> {
    let prologue = "set -e; mount -t tmpfs t $T; mkdir $T/a $T/b $T/out
        soon() { for _ in $(seq 200); do grep -q \"$2\" $1 && return; sleep 0.05; done; return 9; }
        ";
    in_own_mounts(&format!("{prologue}{script}"))
}

#[test]
fn a_namespace_that_only_a_descriptor_keeps_is_listed_and_watched() {
    let script = "unshare -m sh -c 'mount -t tmpfs kept $T/a; echo up > $T/out/up; exec sleep 60' &
        while [ ! -s $T/out/up ]; do sleep 0.05; done
        exec 9< /proc/$!/ns/mnt; kill -9 $!; wait $! || true
        $D mounts list --namespace /proc/self/fd/9 > $T/out/inside
        $D mounts list > $T/out/outside
        grep -q kept $T/out/inside; ! grep -q kept $T/out/outside
        $D mounts watch --namespace /proc/self/fd/9 --route poll --seconds 20 --count 1 > $T/out/told &
        soon $T/out/told following
        nsenter --mount=/proc/self/fd/9 umount $T/a
        wait $!; cat $T/out/told";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    assert!(ran.stdout.contains("unmounted"), "{}", ran.stdout);
    assert!(ran.stdout.contains("following by poll"), "{}", ran.stdout);
}

#[test]
fn a_regular_rescan_tells_what_nothing_else_does() {
    // A directory above a mount point is renamed, and no other change follows.
    let script = "mkdir $T/b/m; mount -t tmpfs m $T/b/m
        $D mounts watch --rescan 1 --json --seconds 20 --count 1 > $T/out/told &
        sleep 1.5; mv $T/b $T/c; wait $!; cat $T/out/told";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let told: Value = serde_json::from_str(&ran.stdout).expect("one event");
    assert_eq!(told["event"], "changed");
    let point = told["mount"]["mount_point"].as_str().unwrap();
    assert!(point.ends_with("/c/m"), "{point}");
}

#[test]
fn the_newest_mounts_are_listed_without_the_rest() {
    let script =
        "mount -t tmpfs one $T/a; mount -t tmpfs two $T/b; $D mounts list --newest 2 --json";
    let Some(ran) = isolated(script) else { return };
    if !support::kernel::since(6, 13) {
        assert!(ran.expect(2).stderr.contains("no such query before Linux"));
        return;
    }
    let rows = ran.expect(0).json()["rows"].clone();
    let sources: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["source"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["one", "two"]);
}

#[test]
fn what_cannot_be_watched_is_a_failure_in_words() {
    run(&["mounts", "watch", "--route", "inotify"]).expect(2);
    run(&["mounts", "watch", "--rescan", "0"]).expect(2);
    let pid = std::process::id().to_string();
    let args = [
        "mounts", "watch", "--pid", &pid, "--route", "fanotify", "--count", "1",
    ];
    let ran = run(&args).expect(2);
    assert!(ran.stderr.contains("by fanotify"), "{}", ran.stderr);
    let ran = run(&["mounts", "list", "--namespace", "/no/such/file"]).expect(2);
    assert!(ran.stderr.contains("/no/such/file"), "{}", ran.stderr);
    // A namespace of another kind, and files that are not one of any kind.
    for file in ["/proc/self/ns/uts", "/proc/self/status", "/", "/dev/null"] {
        for command in [&["list"][..], &["watch", "--count", "1"]] {
            let args = [&["mounts"], command, &["--namespace", file]].concat();
            let ran = run(&args).expect(2);
            let said = "is not the file of a mount namespace";
            assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
        }
    }
    for command in ["list", "watch"] {
        let ran = run(&["mounts", command, "--pid", "4194305"]).expect(2);
        assert!(ran.stderr.contains("no process 4194305"), "{}", ran.stderr);
    }
}

#[test]
fn a_process_that_sees_a_part_of_its_namespace_is_said_to() {
    // A shell in a root directory of its own, with one of the mounts below it.
    let script = "mkdir $T/a/root; mount -t tmpfs r $T/a/root; mkdir $T/a/root/m
        mount -t tmpfs m $T/a/root/m; mount -t tmpfs out $T/b
        for dir in bin lib lib64 usr; do [ -e /$dir ] || continue
            mkdir $T/a/root/$dir; mount --rbind /$dir $T/a/root/$dir; done
        chroot $T/a/root /bin/sh -c 'echo up; exec sleep 60' > $T/out/up &
        while [ ! -s $T/out/up ]; do sleep 0.05; done
        list() { $D mounts list \"$@\"; echo ---; }
        list --pid $!; list --pid $$; list --pid $! --json; list --namespace /proc/$!/ns/mnt --json
        $D mounts watch --pid $! --seconds 1; echo ---
        kill -9 $!";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let parts: Vec<&str> = ran.stdout.split("---\n").collect();
    let word = if support::kernel::since(6, 11) {
        "sees only a part of its mount namespace"
    } else {
        "sees its whole mount namespace"
    };
    assert!(parts[0].contains(word), "{}", parts[0]);
    assert!(!parts[0].contains(" out "), "{}", parts[0]);
    assert!(!parts[1].contains("sees only a part"), "{}", parts[1]);
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_ne!(json(parts[2])["extent"], "whole");
    let all = json(parts[3]);
    assert_ne!(all["extent"], "part");
    let rows = all["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["source"] == "out"));
    let told = [
        "its whole mount namespace",
        "only a part of its mount namespace",
    ];
    assert!(
        told.iter().any(|words| parts[4].contains(words)),
        "{}",
        parts[4]
    );
}
