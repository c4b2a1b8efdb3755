//! Reload: all or nothing, and readers never lose what they hold.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use daemon_host::runtimes::Runtimes;
use daemon_host::{BoxError, ErrorKind, Host, HostConfig, Participant, Prepared};

use crate::namespace::inside;

fn config(dir: &tempfile::TempDir, runtimes: &str) -> HostConfig {
    let text = format!(r#"{{"runtimes": {runtimes}}}"#);
    let mut config = HostConfig::parse(text.as_bytes()).unwrap();
    config.data_root = dir.path().join("data");
    config.exec_root = dir.path().join("exec");
    config
}

fn wrapper(arg: &str) -> String {
    format!(r#"{{"w": {{"path": "/bin/true", "runtimeArgs": ["{arg}"]}}}}"#)
}

fn script(host: &Host) -> PathBuf {
    let snapshot = host.snapshot();
    snapshot
        .runtimes
        .resolve("w")
        .unwrap()
        .script
        .unwrap()
        .to_owned()
}

#[test]
fn a_reload_swaps_and_old_scripts_stay() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::builder(config(&dir, &wrapper("one")))
            .start()
            .unwrap();
        let first = script(&host);
        let held = host.snapshot();

        let report = host.reload(config(&dir, &wrapper("two"))).unwrap();
        assert_eq!(report.runtimes.changed, ["w"]);
        assert_eq!(report.generation, 1);
        assert_ne!(script(&host), first);
        host.reload(config(&dir, "{}")).unwrap();
        assert_eq!(held.runtimes.resolve("w").unwrap().script.unwrap(), first);
        assert!(first.exists(), "somebody may hold it");
        assert_eq!(
            host.snapshot().runtimes.resolve("w").unwrap_err().kind(),
            "unknown-runtime"
        );
    });
}

#[test]
fn other_roots_need_a_restart() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::builder(config(&dir, "{}")).start().unwrap();
        let mut other = config(&dir, "{}");
        other.data_root = "/elsewhere".into();
        let report = host.reload(other).unwrap();
        assert_eq!(report.needs_restart, ["data-root"]);
        assert_eq!(host.snapshot().config.data_root, dir.path().join("data"));
    });
}

struct Witness(Mutex<Vec<&'static str>>);

struct Change(Arc<Witness>);

impl Prepared for Change {
    fn commit(self: Box<Self>) {
        self.0.0.lock().unwrap().push("commit");
    }

    fn rollback(self: Box<Self>) {
        self.0.0.lock().unwrap().push("rollback");
    }
}

/// Hands the witness to each change it prepares.
struct Part(Arc<Witness>);

impl Participant for Part {
    fn name(&self) -> &str {
        "part"
    }

    fn prepare(&self, _: &HostConfig, _: &HostConfig) -> Result<Box<dyn Prepared>, BoxError> {
        Ok(Box::new(Change(Arc::clone(&self.0))))
    }
}

#[test]
fn a_failing_reload_changes_nothing_and_rolls_back() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let witness = Arc::new(Witness(Mutex::default()));
        let host = Host::builder(config(&dir, &wrapper("one")))
            .participant(Arc::new(Part(Arc::clone(&witness))))
            .start()
            .unwrap();
        let before = script(&host);
        let scripts = || {
            fs::read_dir(dir.path().join("data/runtimes"))
                .unwrap()
                .count()
        };
        let count = scripts();

        // Something that is no script stands where the new one belongs.
        let bad = config(&dir, &wrapper("two"));
        let table = host.snapshot().runtimes.clone();
        let planned = Runtimes::build(&bad.runtimes, table.options());
        let place = planned.lookup("w").unwrap().script.clone().unwrap();
        fs::create_dir(&place).unwrap();
        let error = host.reload(bad).unwrap_err();
        fs::remove_dir(&place).unwrap();
        assert_eq!(error.kind(), ErrorKind::Crate);
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(script(&host), before);
        assert_eq!(scripts(), count, "no script is left behind");
        let said = || witness.0.lock().unwrap().clone();
        assert_eq!(said(), ["commit", "rollback"], "the first is the start's");

        host.reload(config(&dir, &wrapper("two"))).unwrap();
        assert_eq!(said(), ["commit", "rollback", "commit"]);
    });
}

#[test]
fn readers_always_see_one_whole_value() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::builder(config(&dir, &wrapper("0"))).start().unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let reader = || {
                while !done.load(Ordering::Relaxed) {
                    let snapshot = host.snapshot();
                    let entry = &snapshot.config.runtimes.config().runtimes["w"];
                    let row = snapshot.runtimes.lookup("w").unwrap();
                    assert_eq!(
                        row.args, entry.runtime_args,
                        "configuration and table belong together"
                    );
                    assert!(row.script.as_ref().unwrap().exists());
                }
            };
            let readers = [scope.spawn(reader), scope.spawn(reader)];
            for round in 1..=50 {
                host.reload(config(&dir, &wrapper(&round.to_string())))
                    .unwrap();
            }
            done.store(true, Ordering::Relaxed);
            readers
                .into_iter()
                .for_each(|reader| reader.join().unwrap());
        });
    });
}

/// Commits by a panic.
struct Broken;

impl Prepared for Broken {
    fn commit(self: Box<Self>) {
        panic!("a participant's own bug");
    }

    fn rollback(self: Box<Self>) {}
}

impl Participant for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn prepare(&self, _: &HostConfig, _: &HostConfig) -> Result<Box<dyn Prepared>, BoxError> {
        Ok(Box::new(Self))
    }
}

#[test]
fn a_commit_that_panics_is_named_and_the_others_commit() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let witness = Arc::new(Witness(Mutex::default()));
        let host = Host::builder(config(&dir, &wrapper("one")))
            .participant(Arc::new(Broken))
            .participant(Arc::new(Part(Arc::clone(&witness))))
            .start()
            .unwrap();
        let first = script(&host);
        let report = host.reload(config(&dir, &wrapper("two"))).unwrap();
        assert_eq!(report.participants, ["broken", "part"]);
        assert_eq!(report.failed_commits, ["broken"]);
        assert!(
            report.to_string().contains("committing: broken"),
            "{report}"
        );
        assert_eq!(*witness.0.lock().unwrap(), ["commit", "commit"]);
        assert_eq!(host.start_report().failed_commits, ["broken"]);
        assert!(!host.start_report().is_clean());
        assert_ne!(script(&host), first, "the configuration is in force");
        assert_eq!(host.reload(config(&dir, "{}")).unwrap().generation, 2);
        host.shutdown(None::<String>).unwrap();
    });
}

#[test]
fn many_threads_reload_read_and_shut_down_at_once() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::builder(config(&dir, &wrapper("0"))).start().unwrap();
        let (ended, reloaded) = (Mutex::new(0), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for thread in 0..4 {
                let (host, dir, reloaded) = (&host, &dir, &reloaded);
                scope.spawn(move || {
                    for round in 0.. {
                        let text = wrapper(&format!("{thread}.{}", round % 3));
                        match host.reload(config(dir, &text)) {
                            Ok(report) => reloaded.lock().unwrap().push(report.generation),
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::ShutDown, "{error}");
                                break;
                            }
                        }
                        let snapshot = host.snapshot();
                        assert!(snapshot.runtimes.resolve("w").unwrap().script.is_some());
                    }
                });
            }
            for _ in 0..3 {
                scope.spawn(|| {
                    while reloaded.lock().unwrap().len() < 40 {
                        thread::yield_now();
                    }
                    match host.shutdown(None::<String>) {
                        Ok(report) => {
                            assert!(report.is_clean(), "{report}");
                            *ended.lock().unwrap() += 1;
                        }
                        Err(error) => assert_eq!(error.kind(), ErrorKind::ShutDown),
                    }
                });
            }
        });
        assert_eq!(*ended.lock().unwrap(), 1, "one of them shuts down");
        let mut generations = reloaded.into_inner().unwrap();
        generations.sort_unstable();
        let count = generations.len() as u64;
        assert_eq!(
            generations,
            (1..=count).collect::<Vec<_>>(),
            "each is one step"
        );
        assert_eq!(host.snapshot().generation, count);
    });
}

#[test]
fn participants_get_the_first_configuration() {
    inside(|| {
        let dir = tempfile::tempdir().unwrap();
        let switch = Arc::new(AtomicBool::new(false));
        let start = |refuse: bool| {
            let participant = Arc::new(Switch(Arc::clone(&switch), refuse));
            let text = br#"{"debug": true}"#;
            let mut first = HostConfig::parse(text).unwrap();
            first.data_root = dir.path().join("data");
            first.exec_root = dir.path().join("exec");
            Host::builder(first).participant(participant).start()
        };
        let error = start(true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReloadRefused);
        assert!(!switch.load(Ordering::Relaxed));
        let before = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
        assert!(!before.contains(dir.path().to_str().unwrap()), "{before}");

        let host = start(false).unwrap();
        assert!(
            switch.load(Ordering::Relaxed),
            "known before the first reload"
        );
        assert_eq!(host.start_report().participants, ["switch"]);
    });
}

/// Follows the key `debug`, or refuses.
struct Switch(Arc<AtomicBool>, bool);

struct Set(Arc<AtomicBool>, bool);

impl Participant for Switch {
    fn name(&self) -> &str {
        "switch"
    }

    fn prepare(&self, old: &HostConfig, new: &HostConfig) -> Result<Box<dyn Prepared>, BoxError> {
        assert_eq!(
            old.other.get("debug"),
            None,
            "the first change is from the defaults"
        );
        if self.1 {
            return Err("not with this file".into());
        }
        let wanted = new.other.get("debug").and_then(|value| value.as_bool());
        Ok(Box::new(Set(Arc::clone(&self.0), wanted.unwrap_or(false))))
    }
}

impl Prepared for Set {
    fn commit(self: Box<Self>) {
        self.0.store(self.1, Ordering::Relaxed);
    }

    fn rollback(self: Box<Self>) {}
}
