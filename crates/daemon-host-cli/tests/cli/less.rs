//! The command where the machine shows less than usual: each answer is right, or says what is
//! missing and what helps.

use support::skip;

use crate::command::{Ran, WITHOUT_PROCFS, in_own_mounts};

/// Runs a script with `$R` as the arguments for a data root with one leftover mount. `in_pids` runs
/// its words in a pid namespace whose `/proc` has these mount options.
fn isolated(script: &str) -> Option<Ran> {
    let prologue = "set -e; mount --make-rprivate /; mount -t tmpfs t $T; cd $T
        mkdir -p docker/overlay2/k/merged exec/runtime-runc/moby empty
        id=$(printf 'a%.0s' $(seq 64)); mkdir -p docker/containers/$id/mounts/shm
        mount -t tmpfs s docker/containers/$id/mounts/shm
        R=\"--data-root $T/docker --exec-root $T/exec\"; export R D T
        code() { want=$1; shift; got=0; \"$@\" || got=$?; test $got = $want; }; export -f code
        in_pids() { unshare -mpf bash -ec \"$without
            mount -t proc -o $1 proc /proc || exit 77; $2\"; }
        ";
    let without = format!("without='{WITHOUT_PROCFS}'");
    let ran = in_own_mounts(&format!("{without}\n{prologue}{script}"))?;
    if ran.code == 77 {
        // Masked paths below /proc, as in a container, forbid a new procfs.
        skip::skip("a procfs cannot be mounted here");
        return None;
    }
    Some(ran)
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn without_a_procfs_the_answer_says_so_and_what_helps() {
    let script = "mount --bind empty /proc
        for command in 'root status' 'root cleanup' 'root prepare' 'root release'; do
            code 2 $D $command $R; done
        for command in 'holders docker' 'safe-to-remove docker' peers; do code 2 $D mounts $command; done
        code 1 $D report --no-probe $R --json";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let helps = "do: mount a procfs: mount -t proc proc /proc";
    assert_eq!(ran.stderr.matches(helps).count(), 7, "{}", ran.stderr);
    let value = ran.json();
    let findings = value["findings"].as_array().unwrap();
    let root = findings.iter().find(|one| one["subject"] == "root");
    let remedy = root.unwrap_or_else(|| panic!("{value:#}"))["remedy"].clone();
    says(remedy.as_str().unwrap(), &["mount -t proc"]);
}

/// What lies over a part of procfs says nothing about the process there.
#[test]
fn what_covers_a_process_is_not_its_absence() {
    let script = "sleep 60 & P=$!; trap 'kill $P' EXIT
        for place in $P $P/ns; do
            mount --bind empty /proc/$place
            for command in \"root status $R\" 'mounts holders docker' 'mounts safe-to-remove docker'; do
                code 2 $D $command --pid $P 2>&1; done
            umount /proc/$place
        done
        # The namespaces of another process are of the same procfs.
        unshare -m sleep 60 & Q=$!; trap 'kill $P $Q' EXIT
        until test $(readlink /proc/$Q/ns/mnt) != $(readlink /proc/self/ns/mnt); do sleep .05; done
        mount --bind /proc/$Q/ns /proc/$P/ns
        code 2 $D root status $R --pid $P 2>&1
        mount --bind empty /proc/$P
        code 2 $D mounts list --pid $P 2>&1";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let (covered, helps) = ("not procfs: another mount", "unmount what is not procfs");
    assert_eq!(ran.stdout.matches(covered).count(), 8, "{}", ran.stdout);
    assert_eq!(ran.stdout.matches(helps).count(), 8, "{}", ran.stdout);
    assert!(!ran.stdout.contains("no process"), "{}", ran.stdout);
}

/// A procfs of another pid namespace has other processes under the same numbers.
#[test]
fn a_procfs_without_us_says_nothing_about_a_process() {
    let script = "mkdir p
        unshare -pf --kill-child bash -c 'mount -t proc proc p || exit 77; touch ready; sleep 60' & C=$!
        trap 'kill -9 $C' EXIT
        until test -e ready; do test -d /proc/$C || exit 77; sleep .05; done
        mount --bind p /proc
        for pid in 1 4194303; do code 2 $D root status $R --pid $pid 2>&1; done
        code 2 $D mounts list --pid 4194303 2>&1; umount /proc";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let said = "does not show the calling process";
    assert_eq!(ran.stdout.matches(said).count(), 3, "{}", ran.stdout);
    assert!(!ran.stdout.contains("no process"), "{}", ran.stdout);
}

#[test]
fn without_the_settings_of_the_kernel_the_report_knows_host_and_kernel() {
    let script = "mount --bind empty /proc/sys; uname -r >&2
        code 1 $D root status $R >/dev/null; $D root cleanup $R >/dev/null
        $D report --no-probe $R --json || test $? = 1";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let value = ran.json();
    assert_eq!(value["kernel"]["release"], ran.stderr.trim(), "{value:#}");
    assert_ne!(value["host"], "?");
}

#[test]
fn where_only_processes_are_shown_mounts_are_judged_as_elsewhere() {
    // Mounted anew in there: what is older than the pid namespace may be in use outside of it.
    let script = "in_pids subset=pid 'shm=docker/containers/*/mounts/shm; umount $shm
        mount -t tmpfs s $shm; code 1 $D root status $R >&2
        code 0 $D root cleanup --dry-run $R >&2; code 0 $D root cleanup --settle 0 $R
        code 1 grep docker/containers /proc/self/mountinfo'";
    let Some(ran) = isolated(script) else { return };
    says(&ran.expect(0).stdout, &["1 mount gone"]);
}

#[test]
fn what_is_hidden_is_not_called_absent() {
    if !skip::unless_runs("setpriv", &["--version"]) {
        return;
    }
    // Process 1 has a capability that the command lacks, so it cannot be traced and is hidden.
    let script = "in_pids hidepid=4 '
        D=\"setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace $D\"
        code 2 $D mounts list --pid 1; code 2 $D root status $R --pid 1
        code 2 $D mounts list --pid 4194303
        code 1 $D root status $R; code 1 $D root cleanup $R >&2
        code 1 $D mounts safe-to-remove $T/docker'";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let hidden = "process 1 is there, and /proc does not show it (hidepid)";
    assert_eq!(ran.stderr.matches(hidden).count(), 2, "{}", ran.stderr);
    says(&ran.stderr, &["no process 4194303", "nothing was done"]);
    says(
        &ran.stdout,
        &[
            "live containers  unknown",
            "hides the processes of others (hidepid)",
            "root may not look there",
        ],
    );
}
