//! Features documents, and asking programs that do not behave.

use std::fs;
use std::path::{Path, PathBuf};
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
struct Asked {
    state: FeaturesState,
    rro: RroSupport,
    reason: String,
    temp: tempfile::TempDir,
}

fn ask(text: &str, change: impl FnOnce(&mut TableOptions)) -> Asked {
    ask_with(text, change, |_| {})
}

/// The same, with something done to the place of the program before.
fn ask_with(
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
    let youki = ask_both(r#"{"mountOptions": ["ro"]}"#, "youki version 0.7.0");
    assert_eq!(youki.rro, RroSupport::Yes, "{}", youki.reason);
    let older = ask_both(r#"{"mountOptions": ["ro"]}"#, "youki version 0.3.0");
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
fn shims_and_the_unasked_are_unknown() {
    let mut config = Config::default();
    config
        .runtimes
        .insert("s".to_owned(), RuntimeEntry::shim("io.containerd.runc.v2"));
    config
        .runtimes
        .insert("m".to_owned(), RuntimeEntry::program("/nonexistent/rt"));
    let table = Runtimes::build(&config.clone().check().unwrap(), &TableOptions::new("/s"));
    assert_eq!(
        table.lookup("m").unwrap().features.rro().support,
        RroSupport::Unknown
    );
    let table = table.probed();
    for name in ["s", "m"] {
        let verdict = table.lookup(name).unwrap().features.rro();
        assert_eq!(verdict.support, RroSupport::Unknown, "{name}");
        assert!(!verdict.reason.is_empty());
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

/// Whether a process goes on running a file in this directory. One that was just killed
/// may need a moment to be gone.
fn still_runs(dir: &Path) -> bool {
    let runs = |proc: PathBuf| {
        let line = fs::read(proc.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(dir.to_str().unwrap())
    };
    (0..200).all(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let entries = fs::read_dir("/proc").unwrap().flatten();
        entries.map(|entry| entry.path()).any(runs)
    })
}

#[test]
fn a_hanging_program_ends_at_its_limit() {
    for text in [
        "sleep 1000",
        "while :; do :; done",
        "exec >&- 2>&-; sleep 1000",
        // A child that outlives it and keeps the pipe.
        "(sleep 1000; :) & sleep 1000",
        "trap '' TERM INT HUP; sleep 1000; sleep 1000",
        // Slowly, and for ever.
        "while :; do echo x; sleep 0.05; done",
    ] {
        let begin = std::time::Instant::now();
        let asked = ask(text, |settings| {
            settings.probe.time = Duration::from_millis(300);
        });
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "the limit did not end it: {text}"
        );
        assert!(asked.reason.contains("killed"), "{text}: {}", asked.reason);
        assert!(matches!(asked.state, FeaturesState::Failed { .. }));
        assert!(!still_runs(asked.temp.path()), "{text}");
    }
}

#[test]
fn a_child_left_behind_does_not_delay_the_answer() {
    let asked = ask(
        "sleep 3 & echo '{\"mountOptions\":[\"rro\"]}'",
        |settings| {
            settings.probe.time = Duration::from_secs(2);
        },
    );
    assert_eq!(asked.rro, RroSupport::Yes, "{}", asked.reason);
}

/// Children that leave their group, or their parent: they end with the probe.
#[test]
fn nothing_that_a_program_starts_outlives_the_probe() {
    if !nix::unistd::geteuid().is_root() {
        return skip("a pid namespace needs CAP_SYS_ADMIN");
    }
    for text in [
        "(exec sleep 1000) & echo '{}'",
        "setsid sh -c 'sleep 1000; :' & echo '{}'",
        "sh -c 'setsid sh -c \"sleep 1000; :\" & exit' & echo '{}'",
        "setsid sh -c 'sleep 1000; :' & sleep 1000",
        "setsid yes >&2 & echo '{}'",
    ] {
        let text = format!(
            "cd $(dirname $0); export IN=$0; {}",
            text.replace("sleep 1000", "$IN.sleep 1000")
        );
        let asked = ask_with(
            &text,
            |settings| settings.probe.time = Duration::from_millis(500),
            |path| {
                let sleep = format!("{}.sleep", path.display());
                fs::copy("/bin/sleep", sleep).unwrap();
            },
        );
        assert!(!still_runs(asked.temp.path()), "{text}");
    }
}

/// A writer that is faster than its reader: neither time nor memory run away.
#[test]
fn a_flood_of_complaints_ends_at_the_time_limit() {
    let flood =
        "for i in 1 2 3 4; do (while :; do head -c 100000000 /dev/zero >&2; done) & done; wait";
    let begin = std::time::Instant::now();
    let asked = ask(flood, |settings| {
        settings.probe.time = Duration::from_millis(500);
    });
    assert!(asked.reason.contains("killed after"), "{}", asked.reason);
    assert!(begin.elapsed() < Duration::from_secs(30));
    assert!(!still_runs(asked.temp.path()));
}

#[test]
fn limits_without_an_end_are_no_panic() {
    let asked = ask("echo '{\"mountOptions\":[\"rro\"]}'", |settings| {
        settings.probe.time = Duration::MAX;
        settings.probe.total_time = Duration::MAX;
    });
    assert_eq!(asked.rro, RroSupport::Yes, "{}", asked.reason);
}

#[test]
fn endless_output_ends_at_its_limit() {
    for text in ["yes", "yes >&2 & yes", "cat /dev/zero"] {
        let asked = ask(text, |settings| settings.probe.output = 100_000);
        assert!(
            asked.reason.contains("100000 bytes"),
            "{text}: {}",
            asked.reason
        );
        assert!(!still_runs(asked.temp.path()));
    }
    // Complaints do not count, but are not kept either.
    let asked = ask("head -c 5000000 /dev/zero | tr '\\0' e >&2; exit 1", |_| {});
    assert!(asked.reason.len() < 10_000, "{}", asked.reason.len());
}

#[test]
fn a_large_document_within_the_limit_is_read_whole() {
    let names = vec!["\"option\""; 50_000].join(",");
    let temp = tempfile::tempdir().unwrap();
    let document = temp.path().join("document");
    fs::write(&document, format!("{{\"mountOptions\":[{names},\"rro\"]}}")).unwrap();
    let asked = ask(&format!("cat {}", document.display()), |_| {});
    assert_eq!(asked.rro, RroSupport::Yes, "{}", asked.reason);
}

#[test]
fn a_wrapper_is_asked_with_its_arguments_and_without_its_script() {
    let temp = tempfile::tempdir().unwrap();
    let text =
        "#!/bin/sh\n[ \"$*\" = \"--a  b c features\" ] && echo '{\"mountOptions\":[\"rro\"]}'\n";
    let path = program(&temp.path().join("rt"), text);
    let mut config = Config::default();
    config.runtimes.insert(
        "rt".to_owned(),
        RuntimeEntry::wrapper(path, ["--a ", "b c"]),
    );
    let scripts = temp.path().join("scripts");
    let table = Runtimes::build(
        &config.clone().check().unwrap(),
        &TableOptions::new(&scripts),
    )
    .probed();
    assert_eq!(
        table.lookup("rt").unwrap().features.rro().support,
        RroSupport::Yes
    );
    assert!(!scripts.exists());
}

#[test]
fn many_slow_programs_share_the_whole_limit() {
    let temp = tempfile::tempdir().unwrap();
    let path = program(&temp.path().join("rt"), "#!/bin/sh\nsleep 1000\n");
    let mut config = Config::default();
    for n in 0..40 {
        let entry = RuntimeEntry::wrapper(&path, [n.to_string()]);
        config.runtimes.insert(format!("r{n}"), entry);
    }
    let mut settings = TableOptions::new(temp.path().join("scripts"));
    settings.search_path = "".into();
    settings.probe.time = Duration::from_millis(200);
    settings.probe.total_time = Duration::from_millis(400);
    let table = Runtimes::build(&config.clone().check().unwrap(), &settings).probed();
    let failed = table
        .iter()
        .filter(|row| matches!(row.features, FeaturesState::Failed { .. }));
    assert_eq!(failed.count(), 42);
    assert!(!still_runs(temp.path()));
}
