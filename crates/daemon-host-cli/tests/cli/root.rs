//! `root` on real mounts, in a mount namespace of a test's own.

use serde_json::Value;

use crate::command::{Ran, in_own_mounts};

/// Runs a script in user and mount namespaces of its own, with `$D` as the command and
/// `$T` a tmpfs with `docker` and `exec` in it; `None` where that is refused.
fn isolated(script: &str) -> Option<Ran> {
    let prologue = "set -e; mount -t tmpfs t $T; mkdir -p $T/docker $T/exec/runtime-runc/moby
        R=\"--data-root $T/docker --exec-root $T/exec\"
        shm() { mkdir -p $T/docker/containers/$1/mounts/shm; mount -t tmpfs s $T/docker/containers/$1/mounts/shm; }
        id() { printf \"$1%.0s\" $(seq 64); }
        ";
    in_own_mounts(&format!("{prologue}{script}"))
}

fn outcomes(value: &Value) -> Vec<&str> {
    let steps = value["steps"].as_array().unwrap().iter();
    steps.map(|s| s["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_cleanup_unmounts_what_it_planned_and_keeps_what_lives() {
    let script =
        "shm $(id a); shm $(id b); mkdir $T/docker/volumes; mount -t tmpfs v $T/docker/volumes
        $D root cleanup $R --keep $(id b | cut -c-12) --json";
    let Some(ran) = isolated(script) else { return };
    let value = ran.expect(0).json();
    assert_eq!(outcomes(&value), ["unmounted"]);
    assert_eq!(value["kept"].as_array().unwrap().len(), 2);
    assert_eq!(value["root"]["outcome"], "untouched");
}

#[test]
fn a_container_goes_with_the_layers_that_the_store_names() {
    let script =
        "layer=$(id d); meta=$T/docker/image/overlay2/layerdb/mounts/$(id a); mkdir -p $meta
        echo -n $layer > $meta/mount-id; shm $(id a); shm $(id b)
        mkdir -p $T/docker/overlay2/$layer/merged; mount -t tmpfs m $T/docker/overlay2/$layer/merged
        $D root cleanup $R --id $(id a) --json >&2
        $D root status $R --json";
    let Some(ran) = isolated(script) else { return };
    assert_eq!(
        ran.stderr.matches("\"outcome\": \"unmounted\"").count(),
        2,
        "{}",
        ran.stderr
    );
    let status = ran.expect(1).json();
    assert_eq!(status["leftovers"].as_array().unwrap().len(), 1);
}

#[test]
fn something_left_is_exit_code_one_with_the_holder_named() {
    let script = "shm $(id a); exec 5> $T/docker/containers/$(id a)/mounts/shm/held
        $D root cleanup $R --no-lazy --json";
    let Some(ran) = isolated(script) else { return };
    let value = ran.expect(1).json();
    assert_eq!(outcomes(&value), ["busy"]);
    let holders = &value["steps"][0]["holders"];
    let uses = &holders["processes"][0]["uses"];
    assert!(
        uses.as_array().unwrap().contains(&"descriptor 5".into()),
        "{holders}"
    );
    assert!(holders["processes"][0]["pid"].is_u64());
}

/// Somebody works on in a mount that was detached. The answer says so, and how to ask again.
#[test]
fn a_mount_that_lives_on_is_not_passed_off_as_gone() {
    let script = "shm $(id a); exec 5> $T/docker/containers/$(id a)/mounts/shm/held
        shm $(id b); $D root cleanup $R >&2
        shm $(id a); exec 6> $T/docker/containers/$(id a)/mounts/shm/held
        $D root cleanup $R --json";
    let Some(ran) = isolated(script) else { return };
    let ran = ran.expect(0);
    let value = ran.json();
    assert_eq!(outcomes(&value), ["detached"]);
    // In a user namespace the kernel sets no mark.
    let life = value["steps"][0]["life"].as_str().unwrap();
    assert!(["detached", "unknown"].contains(&life), "{value:#}");
    let said = match life {
        "detached" => "1 detached mount is still in use",
        _ => "whether 1 detached mount ended cannot be told",
    };
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("daemon-host mounts safe-to-remove /"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_whole_life_of_a_root_by_the_command() {
    let script = "$D root prepare $R; $D root prepare $R; $D root status $R
        shm $(id a); $D root cleanup $R; $D root release $R; $D root status $R";
    let Some(ran) = isolated(script) else { return };
    let text = ran.expect(0).stdout;
    let in_order = [
        "the root was bound onto itself",
        "an earlier start is still there",
        "names the mount at the root",
        "1 mount gone",
        "the root is released",
        "nothing is mounted at the root",
        "no ownership record",
    ];
    let mut at = 0;
    for words in in_order {
        let found = text[at..].find(words);
        at += found.unwrap_or_else(|| panic!("no {words:?} in its place: {text}"));
    }
}

#[test]
fn without_propagation_a_peer_keeps_its_copy_or_nothing_goes() {
    let script = "mount --bind $T/docker $T/docker; mount --make-shared $T/docker
        mkdir $T/peer; mount --bind $T/docker $T/peer; shm $(id a)
        $D root cleanup $R --no-propagate --json || true
        grep -c \"$T/docker/containers\" /proc/self/mountinfo >&2 || true
        grep -c \"$T/peer/containers\" /proc/self/mountinfo >&2";
    let Some(ran) = isolated(script) else { return };
    let value = ran.json();
    let left = match outcomes(&value)[..] {
        ["unmounted"] => "0\n1\n",
        ["failed"] => "1\n1\n",
        ref other => panic!("{other:?}"),
    };
    assert_eq!(ran.stderr, left);
}

#[test]
fn bad_input_is_refused_before_anything_is_touched() {
    let cases = [
        (
            "--data-root docker --exec-root $T/exec",
            "not an absolute path",
        ),
        ("--data-root / --exec-root $T/exec", "is the root directory"),
        (
            "--data-root $T/none --exec-root $T/exec",
            "cannot be resolved",
        ),
        ("--data-root $T/file --exec-root $T/exec", "not a directory"),
        (
            "--data-root $T/docker --exec-root exec",
            "not an absolute path",
        ),
        ("$R --rule '('", "unclosed group"),
        ("$R --rule 'x*'", "would match the root itself"),
        ("$R --keep ''", "is empty"),
        ("$R --id a/b", "character"),
    ];
    for (args, why) in cases {
        let script = format!(
            "cd $T; shm $(id a); echo > $T/file; before=$(wc -l < /proc/self/mountinfo); code=0
             $D root cleanup {args} || code=$?
             test $before = $(wc -l < /proc/self/mountinfo); test \"$(ls $T/exec)\" = runtime-runc; exit $code"
        );
        let Some(ran) = isolated(&script) else { return };
        let ran = ran.expect(2);
        assert!(ran.stderr.contains(why), "{args}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{args}");
    }
}
