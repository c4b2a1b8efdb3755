//! Asking programs that do not behave.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtimes::{Config, FeaturesState, RroSupport, RuntimeEntry, Runtimes, TableOptions};
use support::skip::skip;

use crate::features::{ask, ask_with};
use crate::support::program;

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
