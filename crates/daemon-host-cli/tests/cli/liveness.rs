//! What lives is never unmounted, and what cannot be told is said; on real mounts.

use serde_json::{Value, json};

use crate::command::{Ran, in_own_mounts};

/// Runs a script as in `root`, but without a directory of states: `$T/exec` is empty.
fn isolated(script: &str) -> Option<Ran> {
    let prologue = "set -e; mount -t tmpfs t $T; mkdir $T/docker $T/exec
        R=\"--data-root $T/docker --exec-root $T/exec\"
        S=$T/exec/runtime-runc/moby
        at() { mkdir -p $T/docker/$1; mount -t tmpfs s $T/docker/$1; }
        shm() { at containers/$1/mounts/shm; }
        id() { printf \"$1%.0s\" $(seq 64); }
        code() { want=$1; shift; got=0; \"$@\" || got=$?; test $got = $want; }
        left() { grep -c \"$T/docker/\" /proc/self/mountinfo || true; }
        ";
    in_own_mounts(&format!("{prologue}{script}"))
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn without_a_source_nothing_is_done_and_the_flag_is_named() {
    let script = "shm $(id a)
        code 1 $D root cleanup $R; code 1 $D root cleanup $R --dry-run; code 1 $D root status $R
        test $(left) = 1
        code 1 $D root cleanup $R --json >&2
        $D root cleanup $R --none-live; test $(left) = 0
        $D root cleanup $R; $D root status $R";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    says(
        &ran.stdout,
        &[
            "nothing was done: the evidence does not suffice",
            "no source says which containers live",
            "exec/runtime-runc/moby",
            "--none-live",
            "perhaps 1; see below",
            "1 mount gone",
        ],
    );
    let refused: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(refused["steps"], json!([]));
    assert_eq!(refused["kept"][0]["life"], "unknown");
    assert_eq!(refused["evidence"]["looked"], json!([]));
    assert!(refused["refused"].is_string());
}

#[test]
fn a_directory_that_was_mistyped_is_an_error_before_anything_is_done() {
    let script = "mkdir -p $S; shm $(id a)
        for command in cleanup status; do
          code 2 $D root $command --data-root $T/docker --exec-root $T/exex
          code 2 $D root $command $R --state-dir $T/states
        done
        code 2 $D report --no-probe $R --state-dir $T/states
        code 2 $D run --config <(echo {}) --state-dir $T/states
        test $(left) = 1";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    says(
        &ran.stderr,
        &["exex\": no such directory", "states\": no such directory"],
    );
}

#[test]
fn what_else_lies_beside_states_stops_neither_a_clean_up_nor_a_service() {
    let script = "S=$T/states; mkdir -p $S/web1 $S/.cache/seccomp; echo hello > $S/README
        shm $(id a)
        $D root cleanup $R --state-dir $S; test $(left) = 0
        mkdir -p $S/moby/aaaa
        code 2 $D root status $R --state-dir $S
        echo \"{\\\"data-root\\\": \\\"$T/docker\\\", \\\"exec-root\\\": \\\"$T/exec\\\"}\" > $T/conf
        $D run --config $T/conf --state-dir $S & P=$!
        until test -S $T/exec/daemon-host.sock; do sleep 0.05; kill -0 $P; done
        kill $P; wait $P || true";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    says(
        &ran.stderr,
        &[
            "no entry is the state of a container, ",
            "the state directory may be a wrong one",
        ],
    );
}

#[test]
fn a_process_on_the_file_system_is_life() {
    let script = "mkdir -p $S; shm $(id a); shm $(id b)
        cd $T/docker/containers/$(id a)/mounts/shm; sleep 60 & P=$!; cd /
        code 0 $D root cleanup $R --none-live --dry-run
        $D root cleanup $R --json >&2; $D root status $R
        kill $P; wait $P || true; test $(left) = 1
        $D root cleanup $R; test $(left) = 0";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let words = [
        "runs: pid",
        "sleep (working directory)",
        "live containers  1",
    ];
    says(&ran.stdout, &words);
    let report: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(report["kept"][0]["life"], "lives");
    says(
        report["kept"][0]["evidence"].as_str().unwrap(),
        &["runs: pid", "sleep"],
    );
    assert!(report["evidence"]["processes"]["seen"].as_u64().unwrap() > 0);
}

#[test]
fn the_states_of_every_runtime_are_life() {
    // gVisor keeps files, and the directory has more than states in it.
    let script = "mkdir -p $S/.cache/seccomp $S/.empty-directory; shm $(id a); shm $(id b)
        shm $(id c); sleep 60 & P=$!
        start=$(cut -d' ' -f22 /proc/$P/stat)
        echo \"{\\\"id\\\":\\\"$(id a)\\\",\\\"status\\\":\\\"running\\\",\\\"sandbox\\\":{\\\"pid\\\":$P}}\" > \"$S/$(id a)_sandbox:$(id a).state\"
        mkdir $S/$(id b)
        echo \"{\\\"pid\\\":$P,\\\"process-start-time\\\":$start}\" > $S/$(id b)/status
        $D root cleanup $R; test $(left) = 2
        $D report --no-probe $R --json > $T/report || true
        kill $P; wait $P || true; $D root cleanup $R || true; test $(left) = 0
        cat $T/report >&2";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    says(
        &ran.stdout,
        &["runsc state", "crun state", "1 mount gone", "2 mounts gone"],
    );
    let report: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(report["root"]["live"], 2, "{report}");
}

#[test]
fn states_of_another_daemon_or_level_prove_nothing() {
    // A state says that the container lives; no process has anything there.
    let script = "mkdir -p $S/$(id a) $T/none; shm $(id a); sleep 60 & P=$!
        start=$(cut -d' ' -f22 /proc/$P/stat)
        echo \"{\\\"init_process_pid\\\":$P,\\\"init_process_start\\\":$start}\" > $S/$(id a)/state.json
        N=\"--data-root $T/docker --exec-root $T/none\"
        for other in $T/exec $T/exec/runtime-runc $S/$(id a) $T/gone; do
            code 2 $D root cleanup $N --state-dir $other
            code 2 $D root status $N --state-dir $other; done
        # The usual exec root is that of the usual data root.
        mount -t tmpfs t /run; mkdir -p /run/docker/runtime-runc/moby
        code 1 $D root cleanup --data-root $T/docker
        code 1 $D root status --data-root $T/docker
        test $(left) = 1
        $D root cleanup $N --state-dir $S; $D root cleanup $R; test $(left) = 1
        kill $P; wait $P || true; $D root cleanup $R; test $(left) = 0";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let level = "no entry is the state of a container";
    says(&ran.stderr, &[level, "no such directory"]);
    says(
        &ran.stdout,
        &["name the place with --exec-root", "runc state"],
    );
}

#[test]
fn an_id_may_be_short_or_a_name_but_never_nothing() {
    let script = "mkdir -p $S; shm $(id a); shm $(id b); shm abc$(id b | cut -c4-)
        echo '{\"ID\":\"'$(id a)'\",\"Name\":\"/web\"}' > $T/docker/containers/$(id a)/config.v2.json
        for wrong in web_1 bcd '' a/b; do
          code 2 $D root cleanup $R --keep \"$wrong\"; code 2 $D root cleanup $R --id \"$wrong\"
        done
        code 2 $D root cleanup --mountinfo /proc/self/mountinfo --data-root $T/docker --keep web_1
        test $(left) = 3
        $D root cleanup $R --keep web --dry-run
        $D root cleanup $R --id bbbbbbbbbbbb; test $(left) = 2
        $D root cleanup $R --id web; test $(left) = 1";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    says(
        &ran.stderr,
        &["web_1\" matches nothing", "an id is empty", "character"],
    );
    says(&ran.stdout, &["2 mounts to unmount", "1 mount gone"]);
}

#[test]
fn a_container_of_podman_is_known_by_its_name_and_spared_with_its_layer() {
    let script = "layer=$(id d); store=$T/docker/overlay-containers; mkdir -p $store $S
        echo '[{\"id\":\"'$(id a)'\",\"names\":[\"web\"],\"layer\":\"'$layer'\"}]' > $store/containers.json
        at overlay/$layer/merged; at overlay/$(id e)/merged
        C=\"$D root cleanup $R --rule overlay/[0-9a-f]{64}/merged\"
        $C --keep web; test $(left) = 1; $C --keep $(id a); test $(left) = 1
        cd $T/docker/overlay/$layer/merged; sleep 60 & P=$!; cd /
        $C; test $(left) = 1; code 1 $C --id web; test $(left) = 1
        kill $P; wait $P || true; $C --id web; test $(left) = 0";
    let Some(ran) = isolated(script) else { return };
    says(&ran.expect(0).stdout, &["runs: pid"]);
}

#[test]
fn where_an_engine_runs_everything_is_looked_at_twice() {
    let script = "mkdir -p $S; shm $(id a); sleep 60 & P=$!; echo $P > $T/exec/docker.pid
        code 1 $D root cleanup $R --no-wait; test $(left) = 1
        $D root cleanup $R --dry-run
        (sleep 0.5; shm $(id b)) & W=$!
        $D root cleanup $R --settle 2 || true; wait $W
        grep -q $(id b) /proc/self/mountinfo; code 1 grep -q $(id a) /proc/self/mountinfo
        shm $(id c); begin=$SECONDS; $D root cleanup $R --id $(id c); test $((SECONDS - begin)) -lt 5
        kill $P; wait $P || true; $D root cleanup $R; test $(left) = 0";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    says(
        &ran.stdout,
        &[
            "an engine runs here: pid",
            "sleep",
            "looked at twice",
            "not there, or not dead",
        ],
    );
}

#[test]
fn an_engine_without_a_daemon_is_waited_for_where_it_works() {
    let script = "mkdir -p $S; M=overlay/$(id a)/merged; at $M; cp $(command -v bash) $T/podman
        C=\"$D root cleanup $R --rule overlay/[0-9a-f]{64}/merged\"
        podman() { $T/podman -c 'sleep 60 >&- 2>&-; true' podman --root $1 & P=$!; sleep 0.2; }
        podman $T/docker; code 1 $C --no-wait; test $(left) = 1; $C --dry-run
        $C --settle 1; test $(left) = 0; at $M; kill $P; wait $P || true
        mkdir $T/other; podman $T/other; $C --no-wait; test $(left) = 0; kill $P";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    says(
        &ran.stdout,
        &["an engine runs here: pid", "podman", "looked at twice"],
    );
}

#[test]
fn what_may_be_an_engine_is_waited_for_and_told() {
    let script = "mkdir -p $S; shm $(id a); mkfifo $T/exec/x.pid
        code 1 timeout 9 $D root cleanup $R --no-wait; test $(left) = 1
        $D root cleanup $R --dry-run
        rm $T/exec/x.pid; sleep 0 & P=$!; wait $P; echo $P > $T/exec/x.pid
        $D root cleanup $R --no-wait; test $(left) = 0";
    let Some(ran) = isolated(script) else { return };
    let told = ["an engine may run here: read(", "x.pid", "looked at twice"];
    says(&ran.expect(0).stdout, &told);
}
