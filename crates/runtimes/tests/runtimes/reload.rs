//! Reloads: what they report, what they keep, and what a failing one leaves.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtimes::{
    Checked, Config, ErrorKind, FeaturesState, Registry, RroSupport, RuntimeEntry, TableOptions,
};

use crate::support::{assert_scripts_match, names, program, unchecked, wrappers};

fn open(config: &Checked, dir: &Path) -> Registry {
    Registry::open(config, TableOptions::new(dir)).unwrap().0
}

#[test]
fn reports_what_changed() {
    let temp = tempfile::tempdir().unwrap();
    let first = wrappers(&[
        ("a", "/bin/true", &["1"]),
        ("b", "/bin/true", &["1"]),
        ("c", "/bin/true", &["1"]),
    ]);
    let mut settings = TableOptions::new(temp.path().join("scripts"));
    // The machine may lack the built-in default, and then the report says so.
    std::os::unix::fs::symlink("/bin/true", temp.path().join("runc")).unwrap();
    settings.search_path = temp.path().into();
    let (registry, report) = Registry::open(&first, settings).unwrap();
    assert_eq!(report.added, ["a", "b", "c"]);
    assert_eq!(report.scripts.created.len(), 3);
    let mut second = unchecked(&[
        ("b", "/bin/true", &["2"]),
        ("c", "/bin/true", &["1"]),
        ("d", "/bin/false", &["1"]),
    ]);
    second.default_runtime = Some("d".to_owned());
    let second = second.check().unwrap();
    let report = registry.reload(&second).unwrap();
    assert_eq!(
        (report.added, report.removed, report.changed),
        (vec!["d".into()], vec!["a".into()], vec!["b".into()])
    );
    assert_eq!(report.default_changed, Some(("runc".into(), "d".into())));
    assert_eq!(report.scripts.unchanged, 1);
    let third = Checked::default();
    let report = registry.reload(&third).unwrap();
    assert_eq!(
        report.to_string(),
        r#"runtimes: removed ["b", "c", "d"], default "runc" (was "d")"#
    );
    assert!(registry.reload(&third).unwrap().is_unchanged());
    assert_eq!(
        registry.reload(&third).unwrap().to_string(),
        "runtimes unchanged"
    );
}

#[test]
fn an_old_table_stays_true() {
    let temp = tempfile::tempdir().unwrap();
    let registry = open(&wrappers(&[("a", "/bin/echo", &["old"])]), temp.path());
    let old = registry.load();
    registry
        .reload(&wrappers(&[("a", "/bin/echo", &["new"])]))
        .unwrap();
    registry.reload(&Checked::default()).unwrap();
    let run = |script: &Path| std::process::Command::new(script).output().unwrap().stdout;
    assert_eq!(run(old.resolve("a").unwrap().script.unwrap()), b"old\n");
    assert!(registry.load().lookup("a").is_none());
}

#[test]
fn unchanged_input_shares_rows_and_writes_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let config = wrappers(&[("a", "/bin/true", &["1"]), ("b", "/bin/true", &["2"])]);
    let registry = open(&config, temp.path());
    let before = registry.load();
    let modified = fs::metadata(temp.path()).unwrap().modified().unwrap();
    let report = registry.reload(&config.clone()).unwrap();
    assert!(report.is_unchanged());
    assert_eq!(
        (report.scripts.created.len(), report.scripts.unchanged),
        (0, 2)
    );
    assert_eq!(
        fs::metadata(temp.path()).unwrap().modified().unwrap(),
        modified
    );
    let after = registry.load();
    assert!(std::ptr::eq(
        before.lookup("a").unwrap(),
        after.lookup("a").unwrap()
    ));
}

#[test]
fn a_reload_repairs_what_went_missing() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("scripts");
    let config = wrappers(&[("a", "/bin/true", &["1"])]);
    let registry = open(&config, &dir);
    let script = dir.join(&names(&dir)[0]);
    // Not even its owner may write to it; root would not notice.
    fs::remove_file(&script).unwrap();
    fs::write(&script, "").unwrap();
    assert_eq!(registry.reload(&config).unwrap().scripts.repaired.len(), 1);
    fs::remove_dir_all(&dir).unwrap();
    assert_eq!(registry.reload(&config).unwrap().scripts.created.len(), 1);
    assert_scripts_match(&dir);
}

#[test]
fn a_failing_reload_changes_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("scripts");
    let config = wrappers(&[("a", "/bin/true", &["1"])]);
    let registry = open(&config, &dir);
    let (table, files) = (registry.load(), names(&dir));

    // One of two scripts cannot be written.
    let both = wrappers(&[("x", "/bin/true", &["3"]), ("y", "/bin/true", &["4"])]);
    let planned = runtimes::Runtimes::build(&both, &TableOptions::new(&dir));
    let blocked = planned.lookup("y").unwrap().script.clone().unwrap();
    fs::create_dir(&blocked).unwrap();
    assert_eq!(registry.reload(&both).unwrap_err().kind(), ErrorKind::Io);
    fs::remove_dir(&blocked).unwrap();
    assert_eq!(names(&dir), files);
    assert!(Arc::ptr_eq(&registry.load(), &table));
}

#[test]
fn a_dropped_preparation_takes_its_scripts_back() {
    let temp = tempfile::tempdir().unwrap();
    let registry = open(&wrappers(&[("a", "/bin/true", &["1"])]), temp.path());
    let before = names(temp.path());
    let next = wrappers(&[("a", "/bin/true", &["1"]), ("b", "/bin/true", &["2"])]);
    let prepared = registry.prepare(&next).unwrap();
    assert!(prepared.table().lookup("b").is_some());
    assert!(registry.load().lookup("b").is_none());
    assert_eq!(names(temp.path()).len(), 2);
    drop(prepared);
    assert_eq!(names(temp.path()), before);
    registry.prepare(&next).unwrap().commit();
    assert!(registry.load().lookup("b").is_some());
}

#[test]
fn what_was_ever_named_is_never_taken_back() {
    let temp = tempfile::tempdir().unwrap();
    let with = wrappers(&[("a", "/bin/true", &["1"])]);
    let registry = open(&with, temp.path());
    let old = registry.load();
    registry.reload(&Checked::default()).unwrap();
    fs::remove_file(old.lookup("a").unwrap().script.as_ref().unwrap()).unwrap();
    drop(registry.prepare(&with).unwrap());
    assert!(old.resolve("a").is_ok());
}

#[test]
fn a_host_without_wrappers_has_no_directory() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("scripts");
    let mut config = Config::default();
    config
        .runtimes
        .insert("a".to_owned(), RuntimeEntry::program("/bin/true"));
    let registry = open(&config.clone().check().unwrap(), &dir);
    registry.reload(&Checked::default()).unwrap();
    assert!(!dir.exists());
}

#[test]
fn a_closed_registry_lets_go_of_its_directory() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("scripts");
    let config = wrappers(&[("a", "/bin/true", &["1"])]);
    let registry = open(&config, &dir);
    let holds = || {
        let fds = fs::read_dir("/proc/self/fd").unwrap().flatten();
        fds.filter_map(|fd| fs::read_link(fd.path()).ok())
            .any(|target| target.starts_with(&dir))
    };
    assert!(holds());
    registry.close();
    assert!(!holds());
    assert!(registry.load().resolve("a").is_ok());
    registry
        .reload(&wrappers(&[("a", "/bin/true", &["2"])]))
        .unwrap();
    assert!(holds());
    assert_eq!(names(&dir).len(), 2);
}

#[test]
fn readers_see_the_newest_table() {
    let temp = tempfile::tempdir().unwrap();
    let registry = open(&Checked::default(), temp.path());
    let mut reader = registry.reader();
    let mut second = reader.clone();
    assert!(reader.load().lookup("a").is_none());
    registry
        .reload(&wrappers(&[("a", "/bin/true", &["1"])]))
        .unwrap();
    assert!(reader.load().lookup("a").is_some());
    assert!(second.load().lookup("a").is_some());
}

/// A program that leaves a line for each time it was asked, and answers this.
fn counting(dir: &Path, answer: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    let log = dir.join("log");
    let text = format!("#!/bin/sh\necho x >>{}\n{answer}\n", log.display());
    (program(&dir.join("rt"), &text), log)
}

fn asked(log: &Path) -> usize {
    fs::read_to_string(log).map_or(0, |text| text.lines().count())
}

fn quiet(dir: &Path) -> TableOptions {
    let mut settings = TableOptions::new(dir.join("scripts"));
    settings.search_path = "".into();
    settings
}

#[test]
fn answers_are_kept_as_long_as_the_program_is_the_same() {
    let temp = tempfile::tempdir().unwrap();
    let (path, log) = counting(temp.path(), "echo '{\"mountOptions\":[\"rro\"]}'");
    let mut config = Config::default();
    config
        .runtimes
        .insert("a".to_owned(), RuntimeEntry::program(&path));
    config
        .runtimes
        .insert("same".to_owned(), RuntimeEntry::program(&path));
    let (registry, _) =
        Registry::open(&config.clone().check().unwrap(), quiet(temp.path())).unwrap();
    assert_eq!(
        registry.load().lookup("a").unwrap().features,
        FeaturesState::NotProbed
    );
    assert!(registry.probe());
    assert_eq!(asked(&log), 1, "two entries, one program");
    assert!(!registry.probe());
    // Reloads carry the answer over without asking.
    config
        .runtimes
        .insert("b".to_owned(), RuntimeEntry::program("/nonexistent"));
    registry.reload(&config.clone().check().unwrap()).unwrap();
    assert_eq!(
        registry.load().lookup("a").unwrap().features.rro().support,
        RroSupport::Yes
    );
    registry.probe();
    assert_eq!(asked(&log), 1);
    // A package update is seen by the next probe.
    fs::remove_file(&path).unwrap();
    program(&path, "#!/bin/sh\necho '{\"mountOptions\":[]}'\n");
    assert!(registry.probe());
    assert_eq!(
        registry.load().lookup("a").unwrap().features.rro().support,
        RroSupport::No
    );
}

#[test]
fn a_hanging_probe_holds_up_no_one() {
    let temp = tempfile::tempdir().unwrap();
    let (path, log) = counting(temp.path(), "sleep 1000");
    let mut config = Config::default();
    config
        .runtimes
        .insert("slow".to_owned(), RuntimeEntry::program(path));
    let mut settings = quiet(temp.path());
    settings.probe.time = Duration::from_secs(2);
    let (registry, _) = Registry::open(&config.clone().check().unwrap(), settings).unwrap();
    std::thread::scope(|scope| {
        let probe = scope.spawn(|| registry.probe());
        let begin = Instant::now();
        while asked(&log) == 0 && begin.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // While it hangs: look-ups, and reloads one after the other.
        let mut reloads = 0;
        while !probe.is_finished() && reloads < 20 {
            config
                .runtimes
                .insert(format!("r{reloads}"), RuntimeEntry::program("/nonexistent"));
            registry.reload(&config.clone().check().unwrap()).unwrap();
            assert!(registry.load().lookup(&format!("r{reloads}")).is_some());
            reloads += 1;
        }
        assert_eq!(reloads, 20);
        assert!(!probe.is_finished(), "the probe did not hang");
        assert!(probe.join().unwrap());
    });
    // Its answer came to the table of now, not to that of then.
    let table = registry.load();
    assert!(table.lookup("r19").is_some());
    assert!(matches!(
        table.lookup("slow").unwrap().features,
        FeaturesState::Failed { .. }
    ));
}

#[test]
fn preparations_wait_for_each_other() {
    let temp = tempfile::tempdir().unwrap();
    let registry = open(&Checked::default(), temp.path());
    std::thread::scope(|scope| {
        for n in 0..4 {
            let registry = &registry;
            scope.spawn(move || {
                for round in 0..25 {
                    let args = [&*format!("{n}-{round}")];
                    let prepared = registry
                        .prepare(&wrappers(&[("a", "/bin/true", &args)]))
                        .unwrap();
                    if round % 2 == 0 {
                        let table = prepared.table().lookup("a").unwrap().clone();
                        prepared.commit();
                        assert!(table.script.unwrap().exists());
                    }
                }
            });
        }
    });
    assert_eq!(names(temp.path()).len(), 4 * 13);
    assert!(registry.load().resolve("a").is_ok());
}
