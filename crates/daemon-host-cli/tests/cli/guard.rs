//! The command ends although a FUSE server has read its request and never answers. Whoever waits
//! for such a server cannot be killed, and so a second process waits.

use std::time::{Duration, Instant};

use crate::command::Ran;
use crate::holders::isolated;

/// `silent N` mounts `$T/silentN`, whose server answers the first request (INIT), reads all others
/// and never answers. `released` ends the servers, and with them every request.
const SILENT: &str = r#"
    le() { local i v=$1; for ((i = 0; i < $2; i++)); do printf "\\x$(printf %02x $((v & 255)))"; v=$((v >> 8)); done; }
    servers=
    silent() { local fd unique; mkdir silent$1; exec {fd}<>/dev/fuse
        mount -i -t fuse -o fd=$fd,rootmode=40000,user_id=0,group_id=0 srv silent$1
        unique=$(dd bs=128k count=1 status=none <&$fd | od -An -tu8 -j8 -N8)
        { le 40 4; le 0 4; le $unique 8; le 7 4; le 22 4; le 4096 4; le 0 8; le 4096 4; } > init
        dd bs=40 count=1 status=none <init >&$fd
        cat <&$fd >/dev/null 2>&1 & servers="$servers $!"
        exec {fd}>&-; H=$T/silent$1; }
    released() { kill $servers; }
    soon() { local i; for ((i = 0; i < 3000; i++)); do "$@" && return; sleep 0.02; done; echo "never: $*" >&2; return 1; }
    code() { local code=0; "$@" || code=$?; echo "code $code"; }
    below() { local p; for p in /proc/[0-9]*; do
        if [[ "$(cat $p/stat 2>/dev/null)" =~ \)\ .\ $1\  ]]; then echo ${p#/proc/}; fi; done; }
"#;

fn beside_silent_servers(script: &str) -> Option<Ran> {
    isolated(&format!("{SILENT}{script}"))
}

/// Takes the five seconds that a look may take, once: the commands run side by side, each with a
/// server of its own. A caller that reads a pipe waits for its end, and so would see a process
/// that stays behind with it.
#[test]
fn every_command_ends_and_names_the_path_that_does_not_answer() {
    let script = r#"mkdir root exec; n=0; all=
        R="--data-root $T/root --exec-root $T/exec"
        try() { n=$((n + 1)); silent $n; ( exec 9>lock$n; flock 9; code=0
            said=$(timeout -k 1 40 "${@//SILENT/$H}" 2>&1) || code=$?
            echo "$code ${*: 2} // $said" > said$n; exec 9>&-; flock -n lock$n true ) & all="$all $!"; }
        try $D mounts list --at SILENT/x
        try $D mounts tree --under SILENT/x
        try $D mounts list --file SILENT/t
        try $D mounts list --namespace SILENT/ns
        try $D mounts holders SILENT/x
        try $D mounts safe-to-remove SILENT/x
        try $D mounts peers SILENT/x
        try $D mounts peers --svg SILENT/out
        try $D root status --data-root $T/root --exec-root SILENT/exec
        try $D root status --data-root SILENT/docker --exec-root $T/exec
        try $D root cleanup --data-root SILENT/docker --exec-root $T/exec
        try $D root cleanup --dry-run --data-root $T/root --exec-root SILENT/exec
        try $D root cleanup --dry-run $R --state-dir SILENT/state
        try $D root cleanup --mountinfo SILENT/t
        try $D root prepare --data-root SILENT/docker --exec-root $T/exec
        try $D root release --data-root $T/root --exec-root SILENT/exec
        try $D root status $R --engine-file SILENT/e.json
        try $D addrs --netns SILENT/ns
        try $D report --no-probe $R --since SILENT/s
        try $D report --no-probe $R --output SILENT/o
        try $D engines check SILENT/e.json
        try $D resolv-conf lint SILENT/resolv.conf
        for one in $all; do wait $one; done
        released; cat $(seq -f said%g $n)"#;
    let begin = Instant::now();
    let Some(ran) = beside_silent_servers(script) else {
        return;
    };
    let ran = ran.expect(0);
    assert!(begin.elapsed() < Duration::from_secs(60));
    let mut lines = ran.stdout.lines().filter(|line| line.contains(" // "));
    let wrong: Vec<&str> = lines
        .by_ref()
        .filter(|line| {
            let (command, said) = line.split_once(" // ").unwrap();
            !command.starts_with("2 ") || !said.contains("answer") || !said.contains("/silent")
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", ran.stdout);
    assert_eq!(ran.stdout.matches(" // ").count(), 22, "{}", ran.stdout);
}

/// With a server that answers nobody is anything else: the output, the codes, the signals and
/// standard input are those of a single process.
#[test]
fn two_processes_are_to_the_caller_as_one() {
    let script = r#"silent 1; code $D addrs no-such-link
        code $D mounts list --at $T/m --json | grep -c '"fs_type": "tmpfs"'
        code $D mounts list --file - < /proc/self/mountinfo | grep -c /silent1
        code $D mounts list --file <(cat /proc/self/mountinfo) | grep -c /silent1
        full=0; $D mounts list > /dev/full || full=$?; echo "code $full"
        $D mounts watch > log & watch=$!; soon test -s log
        kill -TERM $watch; code wait $watch
        { $D mounts watch --json; echo "pipe $?" >&2; } 2> pipe | read line & gone=$!
        changed() { mount -t tmpfs t sub; sleep 0.1; umount sub; test -s pipe; }
        soon changed; cat pipe
        # Only the one that works: the one that waits stands nowhere.
        env -C m $D mounts holders . --json | grep -c working || true
        released"#;
    let Some(ran) = beside_silent_servers(script) else {
        return;
    };
    let ran = ran.expect(0);
    let expected = "code 1\n1\n1\n1\ncode 2\ncode 143\npipe 0\n1\n";
    assert_eq!(told(&ran.stdout), expected, "{}", ran.stderr);
}

/// The signals that the caller ignores or blocks are not taken up by the process that waits, and
/// without SIGCHLD there is none.
#[test]
fn signals_that_the_caller_ignores_stay_ignored() {
    if !support::skip::unless_runs(
        "env",
        &["--ignore-signal=CHLD", "--block-signal=HUP", "true"],
    ) {
        return;
    }
    let script = r#"silent 1; with=(timeout -k 1 60 env)
        code "${with[@]}" --ignore-signal=CHLD $D addrs no-such-link
        code "${with[@]}" --ignore-signal=CHLD $D mounts list | grep -c /silent1
        held() { sed -n 's/^SigBlk:\t//p' /proc/$1/status; }
        taken() { echo $((0x$(held $1) & 1)) $((0x$(held $1) >> 14 & 1)); }
        env --ignore-signal=HUP $D mounts watch > log & watch=$!; soon test -s log
        taken $watch; kill -HUP $watch; kill -TERM $watch; code wait $watch
        $D mounts watch > log2 & watch=$!; soon test -s log2
        taken $watch; kill -HUP $watch; code wait $watch
        released"#;
    let Some(ran) = beside_silent_servers(script) else {
        return;
    };
    let ran = ran.expect(0);
    let expected = "code 1\n1\n0 1\ncode 143\n1 1\ncode 129\n";
    assert_eq!(told(&ran.stdout), expected, "{}", ran.stderr);
}

/// In another pid namespace than that of /proc, or one for its children, one process works.
#[test]
fn where_numbers_of_processes_mean_others_one_process_works() {
    let script = r#"silent 1
        code timeout -k 1 60 unshare -pf $D addrs no-such-link
        code timeout -k 1 60 unshare -p $D addrs no-such-link
        released"#;
    let Some(ran) = beside_silent_servers(script) else {
        return;
    };
    let ran = ran.expect(0);
    assert_eq!(told(&ran.stdout), "code 1\ncode 1\n", "{}", ran.stderr);
}

/// Without what `addrs` prints.
fn told(text: &str) -> String {
    text.lines()
        .filter(|line| !line.contains("no-such-link") && !line.starts_with("LINK"))
        .flat_map(|line| [line, "\n"])
        .collect()
}
