//! Shims that are asked for their features by `-info`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use runtimes::{Config, FeaturesState, RroSupport, Runtimes, TableOptions};
use serde_json::json;

use crate::support::program;

/// What containerd 2.1.9's shim printed with runc 1.1.5 behind it.
const REAL: &[u8] = include_bytes!("../data/shim/containerd-2.1.9-with-runc-1.1.5.info");

/// A directory of shims, in which `$I` of a script is a real answer to `-info`.
struct Shims {
    dir: tempfile::TempDir,
}

impl Shims {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("info"), REAL).unwrap();
        Self { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn add(&self, name: &str, text: &str) {
        let info = self.path().join("info");
        let text = format!("#!/bin/sh\nI={}\n{text}\n", info.display());
        program(&self.path().join(name), &text);
    }

    fn table(&self, entry: serde_json::Value) -> Runtimes {
        let text = json!({ "runtimes": { "s": entry } }).to_string();
        let config = Config::parse(text.as_bytes()).unwrap().config;
        let mut options = TableOptions::new(self.path().join("scripts"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let dirs = std::iter::once(self.path().to_owned()).chain(std::env::split_paths(&path));
        options.search_path = std::env::join_paths(dirs).unwrap();
        options.probe.time = Duration::from_secs(2);
        Runtimes::build(&config, &options)
    }

    fn asked(&self, entry: serde_json::Value) -> FeaturesState {
        self.table(entry)
            .probed()
            .lookup("s")
            .unwrap()
            .features
            .clone()
    }
}

#[test]
fn a_shim_tells_the_features_of_what_it_starts() {
    let shims = Shims::new();
    shims.add(
        "containerd-shim-fake-v2",
        "[ \"$*\" = -info ] || exit 9; exec cat \"$I\"",
    );
    let state = shims.asked(json!({"runtimeType": "io.containerd.fake.v2"}));
    let features = state.document().expect("a document");
    assert_eq!(features.oci_version_min(), Some("1.0.0"));
    assert_eq!(features.version().unwrap().version, "2.1.9+unknown");
    assert_eq!(state.rro().support, RroSupport::Yes);
    // By its path, and without an entry by its name.
    let path = shims.path().join("containerd-shim-fake-v2");
    let by_path = shims.asked(json!({"runtimeType": path}));
    assert_eq!(by_path.rro().support, RroSupport::Yes);
    let table = shims.table(json!({"path": "/bin/true"}));
    let now = |name: &str| table.features_now(name).rro();
    assert_eq!(now("io.containerd.fake.v2").support, RroSupport::Yes);
    assert_eq!(now("io.containerd.gone.v2").support, RroSupport::Unknown);
}

/// Before containerd 2.0 shims do not know the question. That is no fault of theirs.
#[test]
fn an_older_shim_is_unknown_with_its_words() {
    let shims = Shims::new();
    shims.add(
        "containerd-shim-old-v2",
        "echo \"flag provided but not defined: $1\" >&2; exit 2",
    );
    let state = shims.asked(json!({"runtimeType": "io.containerd.old.v2"}));
    let verdict = state.rro();
    assert_eq!(verdict.support, RroSupport::Unknown);
    assert!(
        verdict.reason.contains("not defined: -info"),
        "{}",
        verdict.reason
    );
    assert_eq!(state.fault(), None);
}

#[test]
fn odd_answers_of_shims_are_unknown_and_bounded() {
    let shims = Shims::new();
    let begin = Instant::now();
    for (text, word) in [
        ("echo usage: shim start", "not a message"),
        ("exit 0", "names no runtime"),
        ("head -c 100 \"$I\"", "not a message"),
        ("head -c 40 \"$I\"", "no features"),
        ("sleep 60", "killed after"),
        ("kill -9 $$", "signal: 9"),
    ] {
        shims.add("containerd-shim-odd-v2", text);
        let state = shims.asked(json!({"runtimeType": "io.containerd.odd.v2"}));
        let verdict = state.rro();
        assert_eq!(verdict.support, RroSupport::Unknown, "{text}");
        assert!(verdict.reason.contains(word), "{text}: {}", verdict.reason);
    }
    assert!(begin.elapsed() < Duration::from_secs(30));
}

/// gVisor may ignore `rro` and mount writable. A shim of it that does not answer is known by name.
#[test]
fn the_shim_of_gvisor_is_known() {
    let shims = Shims::new();
    shims.add("containerd-shim-runsc-v1", "echo unknown flag >&2; exit 1");
    let state = shims.asked(json!({"runtimeType": "io.containerd.runsc.v1"}));
    let verdict = state.rro();
    assert_eq!(verdict.support, RroSupport::No, "{}", verdict.reason);
    assert_eq!(verdict.is_ro_recursive, Some(true));
}

/// `-info` is asked without options, so it would speak of another program than the options name.
#[test]
fn options_of_a_shim_are_not_passed_over() {
    let shims = Shims::new();
    shims.add("containerd-shim-fake-v2", "exec cat \"$I\"");
    let options = json!({"ConfigPath": "/etc/fake.toml"});
    let entry = json!({"runtimeType": "io.containerd.fake.v2", "options": options});
    let state = shims.asked(entry);
    assert_eq!(state, FeaturesState::NotApplicable);
    assert!(
        state.rro().reason.contains("options"),
        "{}",
        state.rro().reason
    );

    // The runc shim calls the program in its options. That one is asked, as the shim does.
    let document = r#"{"ociVersionMin": "1.0.0", "mountOptions": ["ro"]}"#;
    shims.add(
        "mine",
        &format!("[ \"$*\" = features ] && echo '{document}'"),
    );
    shims.add("containerd-shim-runc-v2", "exec cat \"$I\"");
    let options = json!({"BinaryName": shims.path().join("mine")});
    let entry = json!({"runtimeType": "io.containerd.runc.v2", "options": options});
    let state = shims.asked(entry);
    assert_eq!(
        state.rro().support,
        RroSupport::No,
        "{}",
        state.rro().reason
    );
}
