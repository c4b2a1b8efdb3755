//! P10 to P12: reading the table, writing scripts, calling through one; each beside its
//! peers and its floor.
//!
//! P11 writes to the temporary directory: set `TMPDIR` to a disk, since in memory
//! fsync(2) costs nothing.

#![allow(missing_docs)] // what criterion's macros make has none

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Cache};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use runtimes::{Checked, Config, Registry, RuntimeEntry, Script, ScriptStore, TableOptions};

/// A host's runtimes: as many as names are given, all programs.
fn config(names: &[String], generation: usize) -> Checked {
    let mut config = Config::default();
    for name in names {
        let path = format!("/opt/{name}/{generation}");
        config
            .runtimes
            .insert(name.clone(), RuntimeEntry::program(path));
    }
    config.default_runtime = names.first().cloned();
    config.check().expect("programs with a path")
}

fn names(count: usize) -> Vec<String> {
    let known = ["crun", "kata", "nvidia", "gvisor", "youki", "sysbox"];
    let further = (known.len()..count).map(|n| format!("runtime-{n}"));
    known
        .iter()
        .map(|name| (*name).to_owned())
        .take(count)
        .chain(further)
        .collect()
}

/// Runs a bench alone; with a writer that swaps a thousand times a second; with a second
/// reader as well.
fn under_writers<R: FnMut()>(
    criterion: &mut Criterion,
    name: &str,
    swap: impl Fn() + Sync,
    reader: impl Fn() -> R + Sync,
) {
    for (company, readers) in [("alone", 0), ("writer", 0), ("writer and reader", 1)] {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            if company != "alone" {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        swap();
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
            }
            for _ in 0..readers {
                scope.spawn(|| {
                    let mut read = reader();
                    while !stop.load(Ordering::Relaxed) {
                        (0..1000).for_each(|_| read());
                    }
                });
            }
            let mut group = criterion.benchmark_group("P10");
            let id = BenchmarkId::new(name, company);
            let mut read = reader();
            group.bench_function(id, |bench| bench.iter(&mut read));
            stop.store(true, Ordering::Relaxed);
        });
    }
}

/// One field, and a look-up by name, through each kind of handle.
fn p10(criterion: &mut Criterion) {
    let names = names(6);
    let temp = tempfile::tempdir().expect("a temporary directory");
    let configs = [config(&names, 0), config(&names, 1)];
    let (registry, _) =
        Registry::open(&configs[0], TableOptions::new(temp.path())).expect("nothing to publish");
    let registry = Arc::new(registry);
    let turn = AtomicUsize::new(0);
    let swap = || {
        let next = &configs[turn.fetch_add(1, Ordering::Relaxed) % 2];
        registry.reload(next).expect("nothing to publish");
    };

    under_writers(criterion, "ours: field", swap, || {
        let mut reader = registry.reader();
        move || {
            black_box(reader.load().default_name().len());
        }
    });
    under_writers(criterion, "ours: look-up", swap, || {
        let mut reader = registry.reader();
        move || {
            black_box(reader.load().lookup(black_box("nvidia")).is_some());
        }
    });
    under_writers(criterion, "ours: look-up of a long name", swap, || {
        let mut reader = registry.reader();
        move || {
            let name = black_box("io.containerd.runc.v2");
            black_box(reader.load().lookup(name).is_some());
        }
    });
    under_writers(criterion, "ours: look-up by a fresh load", swap, || {
        let registry = Arc::clone(&registry);
        move || {
            black_box(registry.load().lookup(black_box("nvidia")).is_some());
        }
    });
    peers(criterion, &names);
}

/// The same through what a daemon would write by hand.
fn peers(criterion: &mut Criterion, names: &[String]) {
    let map = |n: usize| -> HashMap<String, usize> {
        names.iter().cloned().map(|name| (name, n)).collect()
    };
    let plain = map(0);
    let floor = plain.clone();
    under_writers(
        criterion,
        "floor: field of a shared reference",
        || {},
        || {
            let map = Box::leak(Box::new(floor.clone()));
            move || {
                black_box(black_box(&*map).len());
            }
        },
    );
    let locked = Arc::new(RwLock::new(map(0)));
    under_writers(
        criterion,
        "RwLock and HashMap: look-up",
        || *locked.write().expect("no panic") = map(1),
        || {
            let locked = Arc::clone(&locked);
            move || {
                black_box(locked.read().expect("no panic").get(black_box("nvidia")));
            }
        },
    );
    let swapped = Arc::new(ArcSwap::from_pointee(map(0)));
    let swap = || swapped.store(Arc::new(map(1)));
    under_writers(criterion, "arc-swap and HashMap: look-up", swap, || {
        let swapped = Arc::clone(&swapped);
        move || {
            black_box(swapped.load().get(black_box("nvidia")));
        }
    });
    under_writers(criterion, "arc-swap cache: field", swap, || {
        let mut cache = Cache::new(Arc::clone(&swapped));
        move || {
            black_box(cache.load().len());
        }
    });
}

/// Look-ups in tables of growing size.
fn p10_growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("P10 growth");
    for count in [1, 10, 100, 1_000, 10_000] {
        let names = names(count);
        let table = runtimes::Runtimes::build(&config(&names, 0), &TableOptions::new("/s"));
        let mut turn = 0;
        group.bench_function(BenchmarkId::from_parameter(count), |bench| {
            bench.iter(|| {
                turn = (turn + 1) % names.len();
                black_box(table.lookup(&names[turn]).is_some())
            });
        });
    }
}

fn scripts(count: usize, round: u64) -> Vec<Script> {
    let script = |n: usize| {
        let args = [
            OsString::from(format!("--round={round}")),
            OsString::from(format!("--n={n}")),
        ];
        Script::new("bench", Path::new("/usr/bin/runc"), &args).expect("no NUL")
    };
    (0..count).map(script).collect()
}

/// The floor of publishing: write, fsync, link, one fsync of the directory.
fn bare(dir: &Path, scripts: &[Script], durable: bool) {
    for (n, script) in scripts.iter().enumerate() {
        let temp = dir.join(format!("t{n}"));
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o500)
            .open(&temp);
        let file = file.as_mut().expect("a fresh name");
        file.write_all(script.text()).expect("space");
        if durable {
            file.sync_all().expect("a disk");
        }
        fs::hard_link(&temp, dir.join(script.file_name())).expect("a fresh name");
        fs::remove_file(&temp).expect("just made");
    }
    if durable {
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .expect("a disk");
    }
}

/// moby's way: temporary file, fsync, chmod, rename, for every script, at every reload.
fn moby(dir: &Path, scripts: &[Script]) {
    for script in scripts {
        let temp = dir.join(format!(".tmp-{}", script.file_name()));
        let mut file = File::create(&temp).expect("a temporary file");
        file.write_all(script.text()).expect("space");
        file.sync_all().expect("a disk");
        drop(file);
        fs::set_permissions(&temp, fs::Permissions::from_mode(0o700)).expect("ours");
        fs::rename(&temp, dir.join(script.file_name())).expect("same directory");
    }
}

fn p11(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("P11");
    group.sample_size(20);
    for count in [1, 10, 100] {
        let temp = tempfile::tempdir().expect("a temporary directory");
        let store = ScriptStore::open(temp.path()).expect("a private directory");
        let mut round = 0;
        let mut fresh = || {
            round += 1;
            scripts(count, round)
        };
        let timed = |act: &dyn Fn(&[Script]), scripts: &[Script]| {
            let begin = Instant::now();
            act(scripts);
            let took = begin.elapsed();
            scripts
                .iter()
                .for_each(|s| drop(fs::remove_file(temp.path().join(s.file_name()))));
            took
        };
        type Way<'a> = (&'a str, &'a dyn Fn(&[Script]));
        let publish = |scripts: &[Script]| drop(store.publish(scripts).expect("space"));
        let ways: [Way<'_>; 4] = [
            ("floor, not durable", &|scripts| {
                bare(temp.path(), scripts, false);
            }),
            ("floor, durable", &|scripts| {
                bare(temp.path(), scripts, true);
            }),
            ("moby's way", &|scripts| moby(temp.path(), scripts)),
            ("ours: new", &publish),
        ];
        for (name, act) in ways {
            group.bench_function(BenchmarkId::new(name, count), |bench| {
                bench.iter_custom(|times| (0..times).map(|_| timed(act, &fresh())).sum());
            });
        }
        let same = fresh();
        store.publish(&same).expect("space");
        group.bench_function(BenchmarkId::new("ours: unchanged", count), |bench| {
            bench.iter(|| store.publish(&same).expect("nothing to write").unchanged);
        });
    }
}

/// A whole reload with nothing changed: validation, table, scripts compared.
fn p11_reload(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("P11 reload unchanged");
    for count in [1, 10, 100] {
        let temp = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config::default();
        for name in names(count) {
            config
                .runtimes
                .insert(name, RuntimeEntry::wrapper("/usr/bin/runc", ["--debug"]));
        }
        let config = config.check().expect("programs with a path");
        let (registry, _) =
            Registry::open(&config, TableOptions::new(temp.path())).expect("a private directory");
        group.bench_function(BenchmarkId::from_parameter(count), |bench| {
            bench.iter(|| registry.reload(&config).expect("nothing to write"));
        });
    }
}

/// The program itself, through our script, and through moby's.
fn p12(criterion: &mut Criterion) {
    let temp = tempfile::tempdir().expect("a temporary directory");
    let program = Path::new("/bin/true");
    let script = Script::new("x", program, &["a b".into()]).expect("no NUL");
    ScriptStore::open(temp.path())
        .and_then(|store| store.publish([&script]))
        .expect("space");
    let theirs = temp.path().join("moby");
    fs::write(&theirs, "#!/bin/sh\n/bin/true a b $@\n").expect("space");
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o700)).expect("ours");
    let empty = temp.path().join("empty");
    fs::write(&empty, "#!/bin/sh\n").expect("space");
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o700)).expect("ours");
    let ways: [(&str, PathBuf); 4] = [
        ("floor: bare exec", program.to_owned()),
        ("one start of the shell", empty),
        ("moby's way", theirs),
        ("ours", temp.path().join(script.file_name())),
    ];
    let mut group = criterion.benchmark_group("P12");
    for (name, path) in ways {
        group.bench_function(name, |bench| {
            bench.iter(|| Command::new(&path).arg("create").status().expect("it runs"));
        });
    }
}

criterion_group!(benches, p10, p10_growth, p11, p11_reload, p12);
criterion_main!(benches);
