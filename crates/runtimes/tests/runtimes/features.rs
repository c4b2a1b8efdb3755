//! Features documents, and what is made of them.

use std::path::Path;
use std::time::Duration;

use runtimes::{
    Config, Features, FeaturesState, Listed, RroSupport, RuntimeEntry, Runtimes, TableOptions,
};
use support::skip::skip;

use crate::support::program;

#[test]
fn absent_null_and_empty_are_three_things() {
    let list = |text: &str| {
        let features = Features::parse(text.as_bytes()).unwrap();
        format!("{:?}", features.mount_options())
    };
    assert_eq!(list("{}"), "Absent");
    assert_eq!(list(r#"{"mountOptions": null}"#), "Null");
    assert_eq!(list(r#"{"mountOptions": []}"#), "Names([])");
    assert_eq!(
        list(r#"{"mountOptions": ["ro", "new-in-2030"]}"#),
        r#"Names(["ro", "new-in-2030"])"#
    );
    assert_eq!(list(r#"{"mountOptions": [5]}"#), "WrongType");
    assert_eq!(list(r#"{"mountOptions": {}}"#), "WrongType");
}

#[test]
fn a_wrong_type_costs_one_member() {
    let text = br#"{"ociVersionMin": 1, "ociVersionMax": "1.3.0", "hooks": 5, "mountOptions": ["rro"],
        "linux": {"namespaces": ["time", "from-the-future"], "cgroup": {"v1": null, "v2": true}, "seccomp": []},
        "annotations": {"a": "b", "c": 5}, "x-new": {"y": 1}}"#;
    let features = Features::parse(text).unwrap();
    assert_eq!(
        (features.oci_version_min(), features.oci_version_max()),
        (None, Some("1.3.0"))
    );
    assert_eq!(features.hooks(), Listed::WrongType);
    assert_eq!(features.mount_options().contains("rro"), Some(true));
    assert_eq!(
        features.namespaces().contains("from-the-future"),
        Some(true)
    );
    assert_eq!(features.capabilities(), Listed::Absent);
    assert_eq!(features.flag(&["linux", "cgroup", "v1"]), None);
    assert_eq!(features.flag(&["linux", "cgroup", "v2"]), Some(true));
    assert_eq!(features.flag(&["linux", "seccomp", "enabled"]), None);
    assert_eq!(features.annotations().collect::<Vec<_>>(), [("a", "b")]);
    assert_eq!(features.member(&["x-new", "y"]).unwrap().as_u64(), Some(1));
}

#[test]
fn what_is_no_document() {
    for text in [
        "",
        "not json",
        "[]",
        "null",
        "{} trailing",
        "{}{}",
        "{",
        "\u{feff}{}",
    ] {
        assert!(Features::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Features::parse(b"{}\n\n").is_ok());
}

/// The state and rro verdict of one program with this text.
pub(crate) struct Asked {
    pub(crate) state: FeaturesState,
    pub(crate) rro: RroSupport,
    pub(crate) reason: String,
    pub(crate) temp: tempfile::TempDir,
}

pub(crate) fn ask(text: &str, change: impl FnOnce(&mut TableOptions)) -> Asked {
    ask_with(text, change, |_| {})
}

/// The same, with something done to the place of the program before.
pub(crate) fn ask_with(
    text: &str,
    change: impl FnOnce(&mut TableOptions),
    prepare: impl FnOnce(&Path),
) -> Asked {
    let temp = tempfile::tempdir().unwrap();
    let path = program(&temp.path().join("rt"), &format!("#!/bin/sh\n{text}"));
    prepare(&path);
    let mut config = Config::default();
    config
        .runtimes
        .insert("rt".to_owned(), RuntimeEntry::program(path));
    let mut settings = TableOptions::new(temp.path().join("scripts"));
    change(&mut settings);
    let table = Runtimes::build(&config.clone().check().unwrap(), &settings).probed();
    let state = table.lookup("rt").unwrap().features.clone();
    let verdict = state.rro();
    Asked {
        state,
        rro: verdict.support,
        reason: verdict.reason,
        temp,
    }
}

#[test]
fn documents_decide() {
    let cases = [
        (
            r#"{"ociVersionMin":"1.0.0","mountOptions":["ro","rro"]}"#,
            RroSupport::Yes,
        ),
        (r#"{"mountOptions":["ro"]}"#, RroSupport::No),
        (r#"{"mountOptions":[]}"#, RroSupport::No),
        (r#"{"mountOptions":null}"#, RroSupport::Unknown),
        ("{}", RroSupport::Unknown),
        ("not json", RroSupport::Unknown),
        (r#"{"mountOptions":["rro"]} trailing"#, RroSupport::Unknown),
    ];
    for (document, want) in cases {
        let asked = ask(
            &format!("[ \"$1\" = features ] && echo '{document}'"),
            |_| {},
        );
        assert_eq!(asked.rro, want, "{document}: {}", asked.reason);
    }
    let failing = ask(
        r#"echo '{"mountOptions":["rro"]}'; echo oops >&2; exit 1"#,
        |_| {},
    );
    assert_eq!(failing.rro, RroSupport::Unknown);
    assert!(failing.reason.contains("oops"), "{}", failing.reason);
}

#[test]
fn versions_decide_where_there_is_no_command() {
    let cases = [
        ("crun version 1.3", RroSupport::No),
        ("crun version 0.17", RroSupport::No),
        ("crun version 1.4", RroSupport::Yes),
        ("crun version 1.4.5", RroSupport::Yes),
        ("crun version 1.8.1", RroSupport::Yes),
        ("crun version 1.8.5", RroSupport::Yes),
        ("crun version 1.8.6", RroSupport::Unknown),
        ("crun version 1.28", RroSupport::Unknown),
        ("crun version 2.0", RroSupport::Unknown),
        ("runc version 1.0.0-rc93", RroSupport::No),
        ("runc version 1.1.0", RroSupport::Unknown),
        ("runsc version 0.0~20221219.0", RroSupport::No),
        ("runsc version release-20240729.0", RroSupport::No),
        ("who knows", RroSupport::Unknown),
    ];
    for (version, want) in cases {
        let text = format!(
            "[ \"$1\" = --version ] && {{ echo '{version}'; echo 'commit: 0'; exit; }}\necho 'unknown command' >&2; exit 1"
        );
        let asked = ask(&text, |_| {});
        assert_eq!(asked.rro, want, "{version}: {}", asked.reason);
    }
}

/// By fact, not by absence: what a runtime lists is not always what it does.
#[test]
fn runtimes_that_do_something_else_than_they_list() {
    let ask_both = |document: &str, version: &str| {
        let text =
            format!("case $1 in features) echo '{document}';; --version) echo '{version}';; esac");
        ask(&text, |_| {})
    };
    let youki = ask_both(r#"{"mountOptions": ["ro"]}"#, "youki version: 0.7.0");
    assert_eq!(youki.rro, RroSupport::Yes, "{}", youki.reason);
    let older = ask_both(r#"{"mountOptions": ["ro"]}"#, "youki version: 0.3.0");
    assert_eq!(older.rro, RroSupport::No, "{}", older.reason);
    let listed = ask_both(r#"{"mountOptions": ["ro"]}"#, "runc version 1.3.0");
    assert_eq!(listed.rro, RroSupport::No, "{}", listed.reason);
    let gvisor = ask_both(r#"{"mountOptions": ["ro", "rro"]}"#, "runsc version 2099");
    assert_eq!(
        gvisor.rro,
        RroSupport::Yes,
        "one that lists it says so itself"
    );

    let runsc = ask(
        "[ \"$1\" = --version ] && { echo 'runsc version release-20240729.0'; exit; }; exit 128",
        |_| {},
    );
    let answer = runsc.state.rro();
    assert_eq!(answer.support, RroSupport::No);
    assert_eq!(answer.is_ro_recursive, Some(true));
    assert!(
        answer.reason.contains("plain ro is recursive"),
        "{}",
        answer.reason
    );
}

/// What a probe finds out about a program that does not work is not lost.
#[test]
fn a_program_that_cannot_work_is_at_fault() {
    let fault = |text: &str| {
        let asked = ask(text, |settings| {
            settings.probe.time = Duration::from_millis(500);
        });
        asked.state.fault().map(str::to_owned)
    };
    let is_version = |line: &str, then: &str| {
        format!("[ \"$1\" = --version ] && {{ echo '{line}'; exit; }}; {then}")
    };
    for (text, wanted) in [
        ("kill -SEGV $$", "signal: 11"),
        (
            "echo 'flag provided but not defined: -log /x' >&2; exit 1",
            "flag provided",
        ),
        ("sleep 1000", "killed after"),
        (
            &is_version("runc version 1.3.0", "echo 'flag provided' >&2; exit 1"),
            "flag provided",
        ),
    ] {
        let found = fault(text).unwrap_or_else(|| panic!("{text}"));
        assert!(found.contains(wanted), "{text}: {found}");
    }
    for text in [
        "echo '{}'",
        &is_version("crun version 1.8.1", "exit 1"),
        &is_version("runsc version 2024", "exit 128"),
        &is_version("own version 7", "exit 1"),
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

#[test]
fn the_unasked_and_the_missing_are_unknown() {
    let mut config = Config::default();
    config.runtimes.insert(
        "s".to_owned(),
        RuntimeEntry::shim("io.containerd.nowhere.v2"),
    );
    config
        .runtimes
        .insert("m".to_owned(), RuntimeEntry::program("/nonexistent/rt"));
    let table = Runtimes::build(&config.clone().check().unwrap(), &TableOptions::new("/s"));
    let state = |table: &Runtimes, name: &str| table.lookup(name).unwrap().features.clone();
    assert_eq!(state(&table, "m").rro().support, RroSupport::Unknown);
    assert_eq!(state(&table, "s"), FeaturesState::NotProbed);
    let table = table.probed();
    for (name, word) in [
        ("s", "containerd-shim-nowhere-v2"),
        ("m", "/nonexistent/rt"),
    ] {
        let verdict = state(&table, name).rro();
        assert_eq!(verdict.support, RroSupport::Unknown, "{name}");
        assert!(verdict.reason.contains(word), "{}", verdict.reason);
        assert!(state(&table, name).fault().is_some(), "{name}");
    }
}

/// The runtimes of this machine, whatever their versions: those that are not too old for
/// rro have a document or a version that says so.
#[test]
fn runc_is_read_right() {
    is_read_right("runc");
}

#[test]
fn crun_is_read_right() {
    is_read_right("crun");
}

fn is_read_right(name: &str) {
    let mut config = Config::default();
    let entry = RuntimeEntry::program(name);
    config.runtimes.insert(format!("{name}!"), entry);
    let mut settings = TableOptions::new("/nonexistent");
    settings.search_path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into();
    let table = Runtimes::build(&config.clone().check().unwrap(), &settings).probed();
    let row = table.lookup(&format!("{name}!")).unwrap();
    let verdict = row.features.rro();
    match &row.features {
        FeaturesState::Failed { reason } => skip(reason),
        FeaturesState::Known(features) => {
            assert_eq!(verdict.support, RroSupport::Yes, "{}", verdict.reason);
            assert!(features.oci_version_max().is_some());
            assert_eq!(features.mount_options().contains("ro"), Some(true));
            assert_eq!(features.flag(&["linux", "cgroup", "v2"]), Some(true));
        }
        FeaturesState::NoDocument { version, .. } => {
            let version = version.as_ref().expect("it prints its version");
            assert_eq!(version.runtime, name);
            let old = version.numbers() < [1, 4, 0];
            let want = if old { RroSupport::No } else { RroSupport::Yes };
            assert_eq!(verdict.support, want, "{}", verdict.reason);
        }
        other => panic!("{name}: {other:?}"),
    }
}
