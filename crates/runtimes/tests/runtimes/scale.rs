//! A thousand runtimes: what a reload costs in which nothing changes, and what stays in memory.
//!
//! Both bounds are for a release build. 10 000 reloads are counted with
//!
//!     RUNTIMES_STORM=100 cargo test --release -p runtimes --test runtimes scale:: -- --nocapture

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use runtimes::{Checked, Config, Registry, TableOptions};

use crate::support::quick_dir;

/// Set in the process that is measured: its memory is nobody else's.
const ALONE: &str = "RUNTIMES_MEASURED_ALONE";

/// So many runtimes, each with a script.
fn text(count: u32, argument: &str) -> String {
    let entry = |n: u32| {
        format!(r#""r{n}": {{"path": "/bin/true", "runtimeArgs": ["--number", "{n}{argument}"]}}"#)
    };
    let entries: Vec<String> = (0..count).map(entry).collect();
    format!(r#"{{"runtimes": {{{}}}}}"#, entries.join(", "))
}

fn config(count: u32, argument: &str) -> Checked {
    Config::parse(text(count, argument).as_bytes())
        .expect("a sound text")
        .config
}

#[test]
fn a_reload_of_a_thousand_without_a_change_is_quick_and_writes_nothing() {
    let temp = quick_dir();
    let dir = temp.path().join("scripts");
    let (registry, _) = Registry::open(&config(1000, ""), TableOptions::new(&dir)).unwrap();
    let state = || {
        let files = fs::read_dir(&dir).unwrap().map(|entry| {
            let metadata = entry.as_ref().unwrap().metadata().unwrap();
            (entry.unwrap().file_name(), metadata.modified().unwrap())
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        (fs::metadata(&dir).unwrap().modified().unwrap(), files)
    };
    let (before, text) = (state(), text(1000, ""));
    let mut times = Vec::new();
    for _ in 0..9 {
        let start = on_processor();
        let parsed = Config::parse(text.as_bytes()).unwrap();
        let report = registry.reload(&parsed.config).unwrap();
        times.push(on_processor() - start);
        assert!(report.is_unchanged());
        assert_eq!(report.scripts.unchanged, 1000);
    }
    times.sort();
    println!("a reload of 1000 runtimes without a change: {:?}", times[4]);
    let bound = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 10 });
    assert!(times[0] <= bound, "{times:?}");
    assert!(state() == before, "a file was touched");
}

#[test]
fn reloads_under_readers_leave_memory_flat() {
    if std::env::var_os(ALONE).is_some() {
        return measure();
    }
    let name = "scale::reloads_under_readers_leave_memory_flat";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = said
        .lines()
        .find(|line| line.contains("KiB"))
        .expect("it was measured");
    println!("{line}");
}

/// Two configurations in turn, while four threads look up and hold what they found.
fn measure() {
    let scale = std::env::var("RUNTIMES_STORM")
        .ok()
        .and_then(|text| text.parse().ok());
    let count = if cfg!(debug_assertions) { 60 } else { 1000 };
    let reloads: u64 = 100 * scale.unwrap_or(1);
    let temp = quick_dir();
    let configs = [config(count, ""), config(count, "x")];
    let options = TableOptions::new(temp.path().join("scripts"));
    let registry = Registry::open(&configs[0], options).unwrap().0;
    let (stop, looks) = (AtomicBool::new(false), AtomicU64::new(0));
    let rounds = |count: u64| {
        for round in 1..=count {
            let index = usize::from(round % 2 == 1);
            registry.reload(&configs[index]).unwrap();
        }
        resident()
    };
    let (start, end) = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut reader = registry.reader();
                while !stop.load(Ordering::Relaxed) {
                    let held = std::sync::Arc::clone(reader.load());
                    assert!(held.lookup("r50").is_some());
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // What a process needs for the work itself is there after some rounds.
        let start = rounds(30);
        let end = rounds(reloads);
        stop.store(true, Ordering::Relaxed);
        (start, end)
    });
    let looks = looks.load(Ordering::Relaxed);
    println!("{reloads} reloads, {looks} look-ups: {start} KiB before, {end} KiB after");
    assert!(looks > reloads, "the readers stood still");
    // A table of 60 rows takes more than 30 KiB: a hundred that stay would show.
    assert!(end < start + 2048, "{start} KiB grew to {end} KiB");
}

/// How long this thread has run on a processor: a busy machine does not count.
fn on_processor() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

/// KiB of this process that are in memory.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
