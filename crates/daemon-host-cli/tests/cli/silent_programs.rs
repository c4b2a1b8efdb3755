//! Programs and files behind a server of FUSE that has read the request and never answers. A
//! thread that waits for it cannot be ended, and neither can its process. So each command here must
//! end: that it does is the test.

use std::time::Duration;

use crate::command::Ran;
use crate::holders::isolated;

/// `serve NAME` mounts a file system whose server answers the first message, reads all others, and
/// says nothing more. Only the server has the descriptor: when it ends, the kernel ends all waits.
const SERVE: &str = r#"
    word() { printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8)))\\0\\0"; }
    serve() { local fd; mkdir $1; exec {fd}<>/dev/fuse
        mount -i -t fuse -o fd=$fd,rootmode=40000,user_id=0,group_id=0 srv $1
        dd bs=1M count=1 status=none <&$fd > $1.init
        { word 80; word 0; dd bs=1 skip=8 count=8 if=$1.init status=none
          word 7; word 31; for i in $(seq 14); do word 0; done; } > $1.answer
        dd bs=80 count=1 if=$1.answer status=none >&$fd
        dd bs=1M status=none <&$fd >/dev/null & servers="$servers $!"; exec {fd}>&-; }
    config() { printf '{"data-root": "%s", "exec-root": "%s", "default-runtime": "x",
        "runtimes": {"x": {"path": "%s"}}}' $T/root $T/exec $2 > $1; }
    code() { local name=$1 code=0; shift; timeout 60 "$@" || code=$?; echo "$name: $code"; }
    ask() { local name=$1; shift; code "$name" "$@" > $name.out 2>&1 & asked="$asked $!"; }
    root() { mkdir root exec; }
"#;

fn silent(script: &str) -> Option<Ran> {
    isolated(&format!("{SERVE}{script}\nkill $servers"))
}

/// The commands run side by side, each with a mount of its own: five seconds in all.
#[test]
fn every_command_ends_and_says_what_did_not_answer() {
    let script = r#"root; mkdir gone states
        with() { serve $1; config $1.json $T/$1/bin/runc; }
        for one in check probe list rro rro1 resolve report; do with $one; done
        for one in file keep bundles state socket pid data; do serve $one; done
        serve script; printf '#!%s/script/bin/sh\n' $T > by; chmod +x by; config script.json $T/by
        serve link; ln -s link/bin/runc to; config link.json $T/to
        printf '{"data-root": "%s", "exec-root": "%s"}' $T/data/root $T/exec2 > data.json
        config sound.json /bin/true; C="--config $T"
        ask check $D runtimes check $C/check.json
        ask probe $D runtimes check --probe $C/probe.json
        ask list $D runtimes list $C/list.json
        ask rro $D rro $C/rro.json
        ask rro1 $D rro --runtime x $C/rro1.json
        ask resolve $D runtimes resolve x $C/resolve.json
        ask report $D report $C/report.json --format openmetrics
        ask file $D runtimes check $C/file/daemon.json
        ask keep $D runtimes gc --dry-run --state states --keep keep/script $C/sound.json
        ask bundles $D runtimes gc --dry-run --state states --bundles bundles/dir $C/sound.json
        ask state $D runtimes gc --dry-run --state state/dir $C/sound.json
        ask socket $D reload --socket socket/x --seconds 2
        ask pid $D run --pidfile pid/x $C/sound.json
        ask data $D run $C/data.json
        ask script $D runtimes check $C/script.json
        ask link $D runtimes check --probe $C/link.json
        begin=$SECONDS; wait $asked; test $((SECONDS - begin)) -lt 50; grep -H . *.out"#;
    let Some(ran) = silent(script) else { return };
    let said = ran.expect(0).stdout;
    let unknown = "did not answer in 5 s; it is not known whether it can start";
    let silent = "did not answer in 5 s";
    for (name, code, words) in [
        ("check", 1, unknown),
        ("probe", 1, unknown),
        ("list", 0, unknown),
        ("rro", 1, "did not answer"),
        ("rro1", 1, "did not answer"),
        ("resolve", 1, unknown),
        ("report", 1, "remedy=\"start the server of the mount"),
        ("file", 2, "no answer in 5 s"),
        ("keep", 2, silent),
        ("bundles", 2, silent),
        ("state", 2, silent),
        ("socket", 2, "did not answer in time"),
        ("pid", 2, "no answer in 5 s"),
        ("data", 2, "no answer in 5 s"),
        ("script", 1, unknown),
        ("link", 1, unknown),
    ] {
        let ended = format!("{name}.out:{name}: {code}\n");
        assert!(said.contains(&ended), "{ended}{said}");
        let lines = said
            .lines()
            .filter(|line| line.starts_with(&format!("{name}.out:")));
        assert!(
            lines.clone().any(|line| line.contains(words)),
            "{name}: {words}\n{said}"
        );
    }
}

/// A running daemon has one look at a program that does not answer, however often it is asked.
#[test]
fn a_daemon_has_one_look_at_a_program_and_obeys_its_signals() {
    let script = r#"root; serve slow; config sound.json /bin/true; config slow.json $T/slow/runc
        cp sound.json daemon.json
        $D run --config $T/daemon.json > log 2>&1 & daemon=$!
        for i in $(seq 300); do [ -S exec/daemon-host.sock ] && break; sleep 0.1; done
        looks() { grep -lsa "$T/s[l]ow/runc" /proc/[0-9]*/cmdline | wc -l; }
        reload() { $D reload --socket exec/daemon-host.sock; }
        cp slow.json new; mv new daemon.json; reload; before=$(looks)
        begin=$SECONDS; for i in 1 2 3 4 5 6; do reload; done
        test $((SECONDS - begin)) -lt 20; after=$(looks); echo "looks: $before $after"
        test $before = $after; test $before -gt 0
        begin=$SECONDS; kill -TERM $daemon; code=0; wait $daemon || code=$?; echo "end: $code"
        test $((SECONDS - begin)) -lt 10; grep -c "$T/root" /proc/self/mountinfo || true"#;
    let Some(ran) = silent(script) else { return };
    let said = ran.expect(0).stdout;
    assert!(said.contains("end: 0\n0\n"), "{said}");
    assert_eq!(said.matches("it is not known whether").count(), 7, "{said}");
}

/// What can be ended does not outlive the command that began it.
#[test]
fn no_look_is_left_behind_that_can_end() {
    let script = r#"exec 5<>/dev/fuse
        mount -i -t fuse -o fd=5,rootmode=40000,user_id=0,group_id=0 srv sub
        servers=; printf '{"runtimes": {"x": {"path": "%s"}}}' $T/sub/runc > a.json
        code check $D runtimes check --config $T/a.json
        looks() { grep -lsa "$T/s[u]b/runc" /proc/[0-9]*/cmdline | wc -l; }
        for i in $(seq 100); do [ "$(looks)" = 0 ] && break; sleep 0.05; done
        echo "looks: $(looks)"; true"#;
    let begin = std::time::Instant::now();
    let Some(ran) = isolated(&format!("{SERVE}{script}")) else {
        return;
    };
    assert!(begin.elapsed() < Duration::from_secs(60));
    let said = ran.expect(0).stdout;
    assert!(said.contains("check: 1\nlooks: 0\n"), "{said}");
}
