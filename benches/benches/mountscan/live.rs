//! P3 to P5: a live table.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use mountscan::{Detail, MountTable, ReadOptions, Refresh, Source, is_mount_point, mount_point_at};

use crate::bare::{
    EVERYTHING, LISTS_ALL, PLACES, bare_list, bare_read, bare_stat, bare_statx, c_path,
};
use crate::peers;
use crate::scene::{binds, brief, detach, namespace, overlays, tmpfs};

pub(crate) fn live_table(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    for overlay in [false, true] {
        let kind = if overlay { "overlay" } else { "lean" };
        let mut group = c.benchmark_group(format!("P3 live table, {kind} rows"));
        brief(&mut group);
        let mut peers = peers::start();
        let sizes = if overlay {
            [100, 300, 1_000, 3_000]
        } else {
            [100, 1_000, 10_000, 50_000]
        };
        for count in sizes {
            let top = dir.join(format!("{kind}{count}"));
            tmpfs(&top);
            if overlay {
                overlays(&top, count);
            } else {
                binds(&top, count);
            }
            let id = |what: &str| BenchmarkId::new(what, count);
            for step in [1024, 2048, 65_536] {
                let name = if step == 2048 {
                    "floor: read in steps of 2048".into()
                } else {
                    format!("read in steps of {step}")
                };
                group.bench_function(id(&name), |b| b.iter(|| bare_read(step)));
            }
            group.bench_function(id("mountscan current"), |b| {
                b.iter(|| MountTable::current().expect("readable"));
            });
            let mut options = ReadOptions::new();
            options.unique_ids = true;
            group.bench_function(id("mountscan one moment, with unique ids"), |b| {
                b.iter(|| MountTable::read(Source::Thread, &options).expect("readable"));
            });
            for peer in &mut peers {
                peer.bench(&mut group, count, "live", &dir);
            }
            // It compiles a regular expression for each row, and not every row fits it.
            match mountinfo::MountInfo::new() {
                Ok(_) if count <= 1_000 => {
                    group.bench_function(id("mountinfo"), |b| b.iter(mountinfo::MountInfo::new));
                }
                Ok(_) => {}
                Err(error) => eprintln!("peer skipped: mountinfo: {error}"),
            }
            detach(&top);
        }
        group.finish();
    }
    detach(&dir);
}

pub(crate) fn refresh(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    let mut group = c.benchmark_group("P3b bring a held table up to date");
    brief(&mut group);
    for count in [100, 1_000, 10_000, 50_000] {
        let top = dir.join(format!("{count}"));
        tmpfs(&top);
        binds(&top, count);
        let id = |what: &str| BenchmarkId::new(what, count);
        let mut ids = vec![0; 200_000];
        group.bench_function(id("floor: listmount"), |b| {
            b.iter(|| bare_list(LISTS_ALL, &mut ids));
        });
        let mut options = ReadOptions::new();
        options.unique_ids = true;
        let mut table = MountTable::read(Source::Thread, &options).expect("readable");
        group.bench_function(id("mountscan refresh, nothing new"), |b| {
            b.iter(|| table.refresh(Refresh::Existence).expect("readable"));
        });
        let point = dir.join("point");
        std::fs::create_dir_all(&point).expect("writable");
        group.bench_function(id("mountscan refresh, one mount new"), |b| {
            b.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for _ in 0..rounds {
                    tmpfs(&point);
                    let start = Instant::now();
                    let changes = table.refresh(Refresh::Existence).expect("readable");
                    spent += start.elapsed();
                    assert_eq!(changes.attached.len(), 1);
                    detach(&point);
                    table.refresh(Refresh::Existence).expect("readable");
                }
                spent
            });
        });
        group.bench_function(id("read again"), |b| {
            b.iter(|| MountTable::current().expect("readable"));
        });
        detach(&top);
    }
    group.finish();
    detach(&dir);
}

pub(crate) fn subtree(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    let mut peers = peers::start();
    let mut group = c.benchmark_group("P4 ten mounts below a path");
    brief(&mut group);
    for count in [100, 1_000, 10_000, 50_000] {
        let (top, few) = (
            dir.join(format!("{count}")),
            dir.join(format!("few{count}")),
        );
        for dir in [&top, &few] {
            tmpfs(dir);
        }
        binds(&top, count);
        binds(&few, 9);
        let id = |what: &str| BenchmarkId::new(what, count);
        let root = bare_statx(&c_path(&few));
        let (mut ids, mut answer) = (vec![0; 200_000], vec![0; 8192]);
        group.bench_function(id("floor: listmount, statmount of each"), |b| {
            b.iter(|| {
                let listed = bare_list(root, &mut ids);
                ids[..listed]
                    .iter()
                    .filter(|&&id| bare_stat(id, EVERYTHING, &mut answer))
                    .count()
            });
        });
        group.bench_function(id("mountscan under_now"), |b| {
            b.iter(|| MountTable::under_now(&few, Detail::Everything).expect("readable"));
        });
        group.bench_function(id("mountscan whole table, under"), |b| {
            b.iter(|| MountTable::current().expect("readable").under(&few).len());
        });
        for peer in &mut peers {
            peer.bench(&mut group, count, "under", &few);
        }
        detach(&few);
        detach(&top);
    }
    group.finish();

    let mut group = c.benchmark_group("P4 container roots below a data root among as many others");
    brief(&mut group);
    for count in [100, 300, 1_000, 3_000] {
        let (others, root) = (
            dir.join(format!("others{count}")),
            dir.join(format!("root{count}")),
        );
        tmpfs(&others);
        binds(&others, count);
        overlays(&root, count);
        let id = |what: &str| BenchmarkId::new(what, count);
        let holder = bare_statx(&c_path(&root));
        let (mut ids, mut answer) = (vec![0; 200_000], vec![0; 8192]);
        group.bench_function(
            id("floor: listmount, statmount of each, without options"),
            |b| {
                b.iter(|| {
                    let listed = bare_list(holder, &mut ids);
                    ids[..listed]
                        .iter()
                        .filter(|&&id| bare_stat(id, PLACES, &mut answer))
                        .count()
                });
            },
        );
        group.bench_function(id("listmount, statmount of each, with options"), |b| {
            b.iter(|| {
                let listed = bare_list(holder, &mut ids);
                ids[..listed]
                    .iter()
                    .filter(|&&id| bare_stat(id, EVERYTHING, &mut answer))
                    .count()
            });
        });
        for (name, detail) in [
            ("places", Detail::Places),
            ("everything", Detail::Everything),
        ] {
            group.bench_function(id(&format!("mountscan under_now, {name}")), |b| {
                b.iter(|| MountTable::under_now(&root, detail).expect("readable"));
            });
        }
        group.bench_function(id("mountscan whole table, under"), |b| {
            b.iter(|| MountTable::current().expect("readable").under(&root).len());
        });
        for peer in &mut peers {
            peer.bench(&mut group, count, "under", &root);
        }
        detach(&root);
        detach(&others);
    }
    group.finish();
    detach(&dir);
}

pub(crate) fn one_path(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    let mut peers = peers::start();
    for row in [false, true] {
        let mut group = c.benchmark_group(if row {
            "P5 the row of one mount point"
        } else {
            "P5 is it a mount point"
        });
        brief(&mut group);
        for count in [100, 1_000, 10_000, 50_000] {
            let top = dir.join(format!("{count}"));
            tmpfs(&top);
            binds(&top, count);
            let point = top.join("source");
            let c_point = c_path(&point);
            let id = |what: &str| BenchmarkId::new(what, count);
            let mut answer = vec![0; 8192];
            if row {
                group.bench_function(id("floor: statx and statmount"), |b| {
                    b.iter(|| bare_stat(bare_statx(&c_point), EVERYTHING, &mut answer));
                });
                group.bench_function(id("mountscan mount_point_at"), |b| {
                    b.iter(|| mount_point_at(&point).expect("readable"));
                });
            } else {
                group.bench_function(id("floor: statx"), |b| b.iter(|| bare_statx(&c_point)));
                group.bench_function(id("mountscan is_mount_point"), |b| {
                    b.iter(|| is_mount_point(&point).expect("readable"));
                });
            }
            for peer in &mut peers {
                let work = if row { "point" } else { "is-point" };
                peer.bench(&mut group, count, work, &point);
            }
            detach(&top);
        }
        group.finish();
    }
    detach(&dir);
}
