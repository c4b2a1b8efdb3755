//! Many at once: fresh scripts executed while others fork, reloads under look-ups.
//!
//! Small by default. A hundred times larger is the size the project's numbers are for:
//! 10 000 fresh scripts, 10 000 reloads and 10 million look-ups, a few minutes.
//!
//!     RUNTIMES_STORM=100 cargo test --release -p runtimes --test runtimes storm:: -- --nocapture

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use runtimes::{Checked, Registry, ScriptStore, TableOptions};

use crate::support::{assert_scripts_match, quick_dir, script, wrappers};

fn scale() -> u64 {
    std::env::var("RUNTIMES_STORM")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// Forks as fast as it can until told to stop.
fn fork_storm(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        Command::new("/bin/true").status().unwrap();
    }
}

#[test]
fn fresh_scripts_are_never_busy() {
    publish_in_a_fork_storm(100 * scale());
}

#[test]
#[ignore = "vm: what a kernel calls busy differs (limit 300 s)"]
fn fresh_scripts_are_never_busy_on_this_kernel() {
    publish_in_a_fork_storm(15 * scale());
}

fn publish_in_a_fork_storm(rounds: u64) {
    let temp = quick_dir();
    let store = ScriptStore::open(temp.path()).unwrap();
    let stop = AtomicBool::new(false);
    let busy = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| fork_storm(&stop));
        }
        for round in 0..rounds {
            let script = script("s", &["/bin/true", &round.to_string()]);
            store.publish([&script]).unwrap();
            match Command::new(temp.path().join(script.file_name())).status() {
                Ok(status) => assert!(status.success()),
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    busy.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => panic!("{error}"),
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!(
        "{rounds} fresh scripts executed in a fork storm, {} busy",
        busy.load(Ordering::Relaxed)
    );
    assert_eq!(busy.into_inner(), 0);
}

/// A configuration that differs from round to round: kept, changed, dropped, new.
fn round(number: u64) -> Checked {
    let (changing, coming) = (number.to_string(), format!("c{}", number % 7));
    let mut entries: Vec<(&str, &str, &[&str])> = vec![("kept", "/bin/true", &["always"])];
    let args = [changing.as_str()];
    entries.push(("changing", "/bin/true", &args));
    if number % 2 == 0 {
        entries.push((&coming, "/bin/true", &["here"]));
    }
    wrappers(&entries)
}

/// What readers were given: script paths, with how often.
type Given = BTreeMap<PathBuf, u64>;

fn read(registry: &Registry, look_ups: u64, done: &AtomicBool) -> Given {
    let mut reader = registry.reader();
    let mut given = Given::new();
    let mut count = 0;
    while count < look_ups || !done.load(Ordering::Relaxed) {
        let table = reader.load();
        for name in ["kept", "changing", "c0", "c1", "c2", "c3", "runc"] {
            let row = table.lookup(name);
            assert!(
                row.is_some() || name.starts_with('c'),
                "{name} is in every table"
            );
            if let Some(script) = row.and_then(|row| row.script.as_ref()) {
                match given.get_mut(script) {
                    Some(times) => *times += 1,
                    None => {
                        // The moment it is seen it can be run.
                        assert!(Command::new(script).status().unwrap().success());
                        given.insert(script.clone(), 1);
                    }
                }
            }
            count += 1;
        }
    }
    given
}

#[test]
fn every_script_any_reader_ever_got_stays_runnable() {
    reload_under_readers(100 * scale(), 100_000 * scale());
}

#[test]
#[ignore = "vm: readers, reloads and execs at once on each kernel (limit 300 s)"]
fn every_script_any_reader_ever_got_stays_runnable_on_this_kernel() {
    reload_under_readers(15 * scale(), 20_000 * scale());
}

fn reload_under_readers(reloads: u64, look_ups: u64) {
    let temp = quick_dir();
    let (registry, _) = Registry::open(&round(0), TableOptions::new(temp.path())).unwrap();
    let done = AtomicBool::new(false);
    let given: Vec<Given> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| read(&registry, look_ups / 2, &done)))
            .collect();
        for number in 1..=reloads {
            registry.reload(&round(number)).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect()
    });
    let total: u64 = given.iter().flat_map(Given::values).sum();
    let scripts: Vec<_> = given.iter().flat_map(Given::keys).collect();
    for script in &scripts {
        assert!(
            Command::new(script).status().unwrap().success(),
            "{script:?}"
        );
    }
    assert_scripts_match(temp.path());
    println!(
        "{reloads} reloads, over {look_ups} look-ups, {total} times a script, {} different ones",
        scripts.len()
    );
}
