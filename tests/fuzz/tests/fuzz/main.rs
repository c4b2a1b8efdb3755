//! The committed corpus and bounded mutations of it, through every target: the
//! same inputs on every run. `cargo xtask fuzz` looks further.

mod mutate;

use std::fs;
use std::path::Path;

use fuzz::{TARGETS, Target};

use crate::mutate::Mutator;

/// Mutations of each target's corpus in one run.
const MUTATIONS: usize = 2_000;

#[track_caller]
fn check(name: &str) {
    let target = target(name);
    let corpus = corpus(name);
    assert!(corpus.len() >= 3, "{name}: a corpus of {}", corpus.len());
    for input in &corpus {
        target(input);
    }
    let mut mutator = Mutator::new(&corpus);
    for _ in 0..MUTATIONS {
        target(&mutator.input());
    }
}

fn target(name: &str) -> Target {
    TARGETS
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("no target {name}"))
        .1
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.expect("a directory entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| fs::read(file).expect("a corpus file"))
        .collect()
}

macro_rules! tests {
    ($($test:ident $name:literal)*) => {
        $(#[test] fn $test() { check($name); })*

        #[test]
        fn every_target_is_here() {
            let here = [$($name),*];
            let all: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(here.as_slice(), all);
        }
    };
}

tests! {
    mountinfo "mountinfo"
    plan "plan"
    record "record"
    resolv_conf "resolv-conf"
    netlink "netlink"
    daemon_json "daemon-json"
    features "features"
}
