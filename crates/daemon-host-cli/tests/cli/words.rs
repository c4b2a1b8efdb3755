//! The words of the command's texts, on a machine with something to say: numbers and their nouns
//! agree, ids are short, paths in errors have one form.

use crate::command::{Ran, in_own_mounts};

/// A leftover, a container that lives, a foreign mount, a stack, a holder.
const SCENE: &str = "set -e; cp $D $T/d; D=$T/d
    for empty in /var/lib /run /etc; do mount -t tmpfs t $empty; done
    mount --make-rprivate /; mkdir /run/t; cd /run/t
    id() { printf \"$1%.0s\" $(seq 64); }
    at() { mkdir -p $1; mount -t tmpfs s $1; }
    L=/var/lib/docker; mkdir -p /run/docker/runtime-runc/moby
    at $L/containers/$(id a)/mounts/shm; at $L/containers/$(id b)/mounts/shm
    at $L/volumes/v/_data; for i in $(seq 12); do at /run/t/stack; done
    mkdir -p $L/overlay2/$(id c)/merged; touch $L/overlay2/$(id c)/merged/file
    (cd $L/containers/$(id b)/mounts/shm; exec sleep 60 > /dev/null 2>&1) & P=$!
    trap 'kill -9 $P' EXIT
    ";

fn scene(script: &str) -> Option<Ran> {
    in_own_mounts(&format!("{SCENE}{script}"))
}

/// Words after a number, such as `1 mounts`.
fn disagreements(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| {
        let noun = pair[1].trim_matches(|c: char| !c.is_alphabetic());
        let is_plural = noun.ends_with('s')
            && !noun.ends_with("ss")
            && !["is", "as", "was", "has", "s"].contains(&noun);
        pair[0].trim_start_matches('(') == "1" && is_plural && noun.chars().all(char::is_lowercase)
    });
    // A verb belongs to one thing: `1 mount stays` is two words further on.
    pairs.map(|pair| pair.join(" ")).collect()
}

fn full_ids(text: &str) -> Vec<&str> {
    let runs = text.split(|c: char| !c.is_ascii_hexdigit());
    runs.filter(|run| run.len() == 64).collect()
}

#[test]
fn numbers_agree_with_their_nouns_and_ids_are_short() {
    let script = "try() { echo \"== $*\"; \"$@\" || test $? = 1; }
        try $D root status; try $D root cleanup --dry-run; try $D report --no-probe
        try $D mounts safe-to-remove $L; try $D mounts holders $L/containers/$(id b)/mounts/shm
        try $D mounts holders $L; try $D mounts peers; try $D engines list
        try $D root cleanup --keep $(id b) --dry-run
        try $D root cleanup --settle 0; try $D root cleanup; try $D root status";
    let Some(ran) = scene(script) else { return };
    let ran = ran.expect(0);
    let wrong = disagreements(&ran.stdout);
    assert!(wrong.is_empty(), "{wrong:?} in {}", ran.stdout);
    let told = ran.stdout.lines().filter(|line| !line.starts_with("=="));
    // Whoever asks about a mount gets its name back as it was typed.
    let told: Vec<&str> = told.filter(|line| !line.starts_with('/')).collect();
    let whole = full_ids(&told.join("\n")).len();
    assert_eq!(whole, 0, "{}", ran.stdout);
    for words in [
        "aaaaaaaaaaaa…/mounts/shm",
        "1 mount gone",
        "12 mounts are stacked",
    ] {
        assert!(ran.stdout.contains(words), "no {words:?}: {}", ran.stdout);
    }
}

#[test]
fn ids_are_whole_in_json() {
    let script =
        "$D root cleanup --dry-run --json; $D mounts safe-to-remove $L --json >&2 || test $? = 1";
    let Some(ran) = scene(script) else { return };
    let ran = ran.expect(0);
    let a = "a".repeat(64);
    assert!(
        full_ids(&ran.stdout).contains(&a.as_str()),
        "{}",
        ran.stdout
    );
    assert!(
        full_ids(&ran.stderr).contains(&a.as_str()),
        "{}",
        ran.stderr
    );
    assert!(!ran.stdout.contains('…') && !ran.stderr.contains('…'));
}

#[test]
fn errors_quote_paths() {
    let script = "touch file; mkdir dir
        for words in 'mounts holders /nowhere/at' 'mounts safe-to-remove file' 'mounts peers dir' \\
            'root cleanup --state-dir /nowhere' 'root status --exec-root /nowhere' \\
            'mounts list --file /nowhere' 'report --since /nowhere' 'addrs --netns nowhere' \\
            'mounts list --namespace file' '--host-root /nowhere root status' \\
            'report --no-probe --output /nowhere/x' 'reload --socket /nowhere/s'; do
            $D $words > /dev/null && exit 9 || test $? = 2 || { echo \"$words\"; exit 8; }
        done";
    let Some(ran) = scene(script) else { return };
    let ran = ran.expect(0);
    let errors: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("daemon-host:"))
        .collect();
    assert_eq!(errors.len(), 12, "{}", ran.stderr);
    for error in errors {
        // Outside of quotes no word begins with a slash, except the name of procfs itself.
        // What is said to help is no path of the error.
        let cause = error.split(';').next().unwrap();
        let plain: String = cause.split('"').step_by(2).collect();
        let bare = plain.split_whitespace().find(|word| {
            let word = word.trim_start_matches(['(', '=']);
            word.starts_with('/') && !word.starts_with("/proc") && !word.starts_with("/run/netns")
        });
        assert_eq!(bare, None, "{error}");
    }
}

#[test]
fn the_walk_sees_what_it_looks_for() {
    assert_eq!(
        disagreements("(1 mounts are left, 11 mounts"),
        ["(1 mounts"]
    );
    assert!(disagreements("1 mount stays: 1 is, 1 process could").is_empty());
    assert_eq!(full_ids(&format!("/x/{}-init", "0a".repeat(32))).len(), 1);
}
