//! Mounts whose server is gone, or does not answer: `report --probe-mounts`, and files in them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::Ran;
use crate::holders::isolated;

/// A FUSE mount without a server, at `$T/sub`: nobody reads descriptor 5.
const HUNG: &str = "exec 5<>/dev/fuse
    mount -i -t fuse -o fd=5,rootmode=40000,user_id=0,group_id=0 srv sub\n";
/// The same, and its descriptor is closed: the kernel knows that the server is gone.
const DEAD: &str = "exec 5>&-\n";

fn report(script: &str) -> Option<Ran> {
    let none = "--config $T/none.json --data-root $T/none --exec-root $T/none";
    let report = format!("$D report --no-probe --probe-mounts {none}");
    let script = script.replace("REPORT", &report);
    isolated(&script)
}

/// The probed mount at a path that ends so.
fn state<'v>(value: &'v Value, end: &str) -> &'v str {
    let probed = value["mounts"]["probed"].as_array().unwrap().iter();
    let mut here = probed.filter(|m| m["mount_point"].as_str().unwrap().ends_with(end));
    here.next().unwrap()["state"].as_str().unwrap()
}

fn has_finding(value: &Value, words: &str) -> bool {
    let mut findings = value["findings"].as_array().unwrap().iter();
    findings.any(|finding| finding["what"].as_str().unwrap().contains(words))
}

#[test]
fn a_mount_whose_server_is_gone_is_dead_and_others_answer() {
    let script = format!("{HUNG}{DEAD} echo '{{}}' > none.json; REPORT --json || test $? = 1");
    let Some(ran) = report(&script) else { return };
    let value = ran.expect(0).json();
    assert_eq!(state(&value, "/sub"), "dead", "{value:#}");
    assert_eq!(state(&value, "/m"), "answers");
    assert!(has_finding(&value, "/sub (fuse) is dead"), "{value:#}");
}

#[test]
fn a_mount_that_does_not_answer_is_hung_and_the_report_comes_all_the_same() {
    let script = format!(
        "{HUNG} echo '{{}}' > none.json; REPORT --format openmetrics || test $? = 1
        REPORT >&2 || test $? = 1"
    );
    let begin = Instant::now();
    let Some(ran) = report(&script) else { return };
    let ran = ran.expect(0);
    assert!(begin.elapsed() < Duration::from_secs(40));
    let sample = "daemon_host_mounts_probed{state=\"hung\"} 1\n";
    assert!(ran.stdout.contains(sample), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("daemon_host_mount_faulty{"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("/sub (fuse) does not answer"),
        "{}",
        ran.stderr
    );
}

#[test]
fn stacks_copies_and_files_below_mount_points_are_findings() {
    let script = "echo '{}' > none.json
        for i in $(seq 12); do mount -t tmpfs t sub; done
        mkdir c; for i in $(seq 110); do mkdir c/$i; mount --bind m c/$i; done
        mkdir -p none/overlay2/a/merged none/overlay2/b/merged none/overlay2/c/merged
        touch none/overlay2/a/merged/lost none/overlay2/b/merged/covered
        mount -t tmpfs t none/overlay2/b/merged
        REPORT --json || test $? = 1; ls none/overlay2/a/merged >&2";
    let Some(ran) = report(script) else { return };
    let value = ran.expect(0).json();
    for words in [
        "12 mounts are stacked at",
        "111 mounts show the same directory as",
        "overlay2/a/merged is not empty, and nothing is mounted there",
        "the mount at / is private",
    ] {
        assert!(has_finding(&value, words), "{words}: {value:#}");
    }
    assert!(!has_finding(&value, "overlay2/b"), "{value:#}");
    assert!(!has_finding(&value, "overlay2/c"), "{value:#}");
}

/// Takes the five seconds that the look at the root may take.
#[test]
fn a_data_root_in_a_mount_that_does_not_answer_is_told_of() {
    let script = format!(
        "{HUNG} echo '{{}}' > conf; $D report --no-probe --config $T/conf --data-root $T/sub/docker \
        --exec-root $T/exec --json || test $? = 1"
    );
    let Some(ran) = isolated(&script) else { return };
    let value = ran.expect(0).json();
    assert!(
        has_finding(&value, "sub/docker cannot be looked at"),
        "{value:#}"
    );
    assert!(
        value["root"]["error"]
            .as_str()
            .unwrap()
            .contains("did not answer in 5 s")
    );
}

/// Takes the five seconds that a look may take, once: the commands run side by side, each with a
/// mount of its own.
#[test]
fn an_argument_in_a_mount_that_does_not_answer_ends_in_an_error() {
    let script = "mkdir root exec; n=0
        hung() { local fd; n=$((n + 1)); mkdir hung$n; exec {fd}<>/dev/fuse
            mount -i -t fuse -o fd=$fd,rootmode=40000,user_id=0,group_id=0 srv hung$n
            H=$T/hung$n/x; }
        try() { hung; \"${@//HUNG/$H}\" & all=\"$all $!\"; }
        R=\"--data-root $T/root --exec-root $T/exec\"
        try $D root cleanup --dry-run --data-root HUNG --exec-root $T/exec
        try $D root cleanup --data-root $T/root --exec-root HUNG
        try $D root status $R --state-dir HUNG
        try $D root status $R --engine-file HUNG
        try $D addrs --netns HUNG
        try $D report --no-probe $R --since HUNG
        try $D report --no-probe $R --output HUNG
        begin=$SECONDS
        for one in $all; do code=0; wait $one || code=$?; test $code = 2; done
        test $((SECONDS - begin)) -lt 30";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let told = ran.stderr.matches("answer in 5 s").count();
    assert_eq!(told, 7, "{}", ran.stderr);
}

/// Takes the five seconds that a look may take, once: the requests run side by side, each with a
/// mount of its own. Whoever waits behind the look-up of another process in the same directory of
/// FUSE cannot even be killed (fuse_lock_inode, seen on Linux 6.18).
#[test]
fn a_configuration_in_a_mount_that_does_not_answer_holds_nobody_up() {
    let script = format!(
        "{HUNG} mkdir root exec other; exec 6<>/dev/fuse
        mount -i -t fuse -o fd=6,rootmode=40000,user_id=0,group_id=0 srv other
        printf '{{\"data-root\": \"%s\", \"exec-root\": \"%s\"}}' $T/root $T/exec > good.json
        ln -s good.json daemon.json
        $D run --config $T/daemon.json > log 2>&1 & daemon=$!
        for i in $(seq 300); do [ -S exec/daemon-host.sock ] && break; sleep 0.1; done
        ln -s sub/daemon.json new; mv -T new daemon.json
        code() {{ local name=$1 code=0; shift; \"$@\" || code=$?; echo \"$name: $code\"; }}
        code check $D runtimes check --config $T/other/daemon.json & check=$!
        code reload $D reload --socket exec/daemon-host.sock & reload=$!
        wait $check $reload
        begin=$SECONDS; kill -TERM $daemon; code end wait $daemon
        test $((SECONDS - begin)) -lt 10"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    for line in ["check: 2\n", "reload: 1\n", "end: 0\n"] {
        assert!(
            ran.stdout.contains(line),
            "{line}{}{}",
            ran.stdout,
            ran.stderr
        );
    }
    assert!(ran.stderr.contains("no answer in 5 s"), "{}", ran.stderr);
}

/// The same for the program of a runtime, at the start and after a reload. Nothing limits the look
/// at a pidfile, so that daemon ends by the limit of its shutdown. Each has a mount of its own.
#[test]
fn a_program_in_a_mount_that_does_not_answer_holds_nobody_up() {
    let script = format!(
        "{HUNG} mkdir other third a b c; exec 6<>/dev/fuse 7<>/dev/fuse
        mount -i -t fuse -o fd=6,rootmode=40000,user_id=0,group_id=0 srv other
        mount -i -t fuse -o fd=7,rootmode=40000,user_id=0,group_id=0 srv third
        config() {{ printf '{{\"data-root\": \"%s\", \"exec-root\": \"%s\", \"default-runtime\": \"x\",
            \"runtimes\": {{\"x\": {{\"path\": \"%s\"}}}}}}' $T/$1/root $T/$1/exec $2 > $1/daemon.json; }}
        ended() {{ local code=0; wait $2 || code=$?; echo \"$1: $code\"; }}
        listens() {{ for i in $(seq 300); do [ -S $1/exec/daemon-host.sock ] && break; sleep 0.1; done; }}
        config a $T/sub/runc; config b /bin/true; config c /bin/true
        $D run --config a/daemon.json > a/log 2>&1 & a=$!
        $D run --config b/daemon.json > b/log 2>&1 & b=$!
        $D run --config c/daemon.json --pidfile third/pid --shutdown-limit 1 > c/log 2>&1 & c=$!
        listens b; listens c; sleep 0.5; begin=$SECONDS
        kill -TERM $a $c; ended pidfile $c; test $((SECONDS - begin)) -lt 5
        config b $T/other/runc; $D reload --socket b/exec/daemon-host.sock > b/answer
        kill -TERM $b; ended start $a; ended reload $b; test $((SECONDS - begin)) -lt 25
        cat a/log b/answer; grep -o \"$T/[abc]/root\" /proc/self/mountinfo"
    );
    let Some(ran) = isolated(&script) else { return };
    let ran = ran.expect(0);
    let said = &ran.stdout;
    for line in ["start: 0\n", "reload: 0\n", "pidfile: 2\n", "/c/root\n"] {
        assert!(said.contains(line), "{line}{said}{}", ran.stderr);
    }
    assert!(
        !said.contains("/a/root\n") && !said.contains("/b/root\n"),
        "{said}"
    );
    let unknown = "did not answer in 5 s; it is not known";
    assert!(said.matches(unknown).count() >= 2, "{said}");
}
