//! P6 and P7: the clean-up rules, and a whole sweep, beside moby's way and the floor.
//!
//! P6 matches rules on paths in memory. P7 mounts and unmounts in a mount namespace that
//! the bench makes; where that is refused it is left out and said to be.

#![allow(missing_docs)] // what criterion's macros make has none
#![allow(clippy::print_stdout)] // a bench that cannot run says so

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use regex::bytes::{Regex, RegexSet};
use rootmount::{ExecuteOptions, MountTable, PlanOptions, Rules};
use rustix::mount::{
    MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount,
};
use rustix::thread::UnshareFlags;

/// Paths below a data root, a third of them leftovers, scattered ids.
fn points(count: u64) -> Vec<PathBuf> {
    let path = |n: u64| {
        let id = format!("{:016x}{:016x}{:032x}", mix(n), mix(n + 1), mix(n + 2));
        PathBuf::from(match n % 6 {
            0 => format!("overlay2/{id}/merged"),
            1 => format!("containers/{id}/mounts/shm"),
            2 => format!("volumes/{id}/_data"),
            3 => format!("overlay2/{id}/merged/etc/hosts"),
            4 => format!("containers/{id}/hostname"),
            _ => format!("plugins/{id}/propagated-mount"),
        })
    };
    (0..count).map(path).collect()
}

/// Scattered bits of a number.
fn mix(n: u64) -> u64 {
    let mixed = n
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 29)
}

/// moby's four, as it has them: no anchor in front.
const MOBY: [&str; 4] = [
    "containers/[0-9a-f]{64}/mounts/shm",
    "containers/[0-9a-f]{64}/shm",
    "overlay2/[0-9a-f]{64}/merged$",
    "zfs/graph/[0-9a-f]{64}$",
];

fn moby_patterns() -> Vec<Regex> {
    MOBY.iter()
        .map(|p| Regex::new(&format!("(?-u){p}")).expect("a constant"))
        .collect()
}

fn rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("P6 match clean-up rules");
    group.sample_size(20);
    for count in [1_000u64, 10_000, 100_000] {
        let points = points(count);
        let bytes = |path: &'_ PathBuf| -> Vec<u8> { path.as_os_str().as_bytes().to_vec() };
        let raw: Vec<Vec<u8>> = points.iter().map(bytes).collect();
        let id = |what: &str| BenchmarkId::new(what, count);
        group.throughput(Throughput::Elements(count));
        group.bench_function(id("floor: prefix compare"), |b| {
            b.iter(|| {
                black_box(&raw)
                    .iter()
                    .filter(|p| p.starts_with(b"overlay2/"))
                    .count()
            });
        });
        let built_in = Rules::sweep();
        group.bench_function(id("rootmount, built-in rules"), |b| {
            b.iter(|| {
                black_box(&points)
                    .iter()
                    .filter(|p| built_in.matching(p).is_some())
                    .count()
            });
        });
        let custom = [
            "pods/[0-9]+/mnt",
            "a/[^/]*/b",
            "snapshots/[0-9]+/fs",
            "sandbox/.*/rootfs",
        ];
        let custom = Rules::empty().with_custom(custom).expect("constants");
        group.bench_function(id("rootmount, four custom rules"), |b| {
            b.iter(|| {
                black_box(&points)
                    .iter()
                    .filter(|p| custom.matching(p).is_some())
                    .count()
            });
        });
        let set = RegexSet::new(MOBY.iter().map(|p| format!("(?-u){p}"))).expect("constants");
        group.bench_function(id("one RegexSet of moby's patterns"), |b| {
            b.iter(|| black_box(&raw).iter().filter(|p| set.is_match(p)).count());
        });
        let patterns = moby_patterns();
        group.bench_function(id("moby's four patterns in turn"), |b| {
            b.iter(|| {
                let hits = |p: &&Vec<u8>| patterns.iter().filter(|r| r.is_match(p)).count() > 0;
                black_box(&raw).iter().filter(hits).count()
            });
        });
    }
    group.finish();
}

/// A mount namespace of this process's own with a data root and other mounts.
struct Scene {
    root: PathBuf,
    source: PathBuf,
    leftovers: Vec<PathBuf>,
}

impl Scene {
    fn make(total: usize, leftovers: usize) -> Option<Scene> {
        // One namespace for all scenes; each lies on a tmpfs of its own.
        let base = PathBuf::from("/tmp/rootmount-bench");
        fs::create_dir_all(&base).ok()?;
        mount(
            "tmpfs",
            &base,
            "tmpfs",
            rustix::mount::MountFlags::empty(),
            c"mode=755",
        )
        .ok()?;
        // Its own mount with few children: binds of it stay cheap.
        let source = base.join("source");
        fs::create_dir(&source).ok()?;
        mount(
            "tmpfs",
            &source,
            "tmpfs",
            rustix::mount::MountFlags::empty(),
            c"mode=755",
        )
        .ok()?;
        let root = base.join("docker");
        for n in 0..total - leftovers {
            let other = base.join(format!("other/{n}"));
            fs::create_dir_all(&other).ok()?;
            mount_bind(&source, &other).ok()?;
        }
        let leftover = |n: usize| root.join(format!("containers/{n:064x}/mounts/shm"));
        let leftovers: Vec<PathBuf> = (0..leftovers).map(leftover).collect();
        leftovers.iter().try_for_each(fs::create_dir_all).ok()?;
        Some(Scene {
            root,
            source,
            leftovers,
        })
    }

    fn fill(&self) {
        for point in &self.leftovers {
            mount_bind(&self.source, point).expect("it was mounted before");
        }
    }

    /// The time of `clean` alone; everything is mounted again before each turn.
    fn time(&self, turns: u64, mut clean: impl FnMut()) -> Duration {
        self.sum(turns, || {
            let start = Instant::now();
            clean();
            start.elapsed()
        })
    }

    /// The sum of what `clean` says it took; as in [`time`](Scene::time).
    fn sum(&self, turns: u64, mut clean: impl FnMut() -> Duration) -> Duration {
        let mut spent = Duration::ZERO;
        for _ in 0..turns {
            self.fill();
            spent += clean();
            let left = MountTable::current()
                .expect("a table")
                .under(&self.root)
                .len();
            assert_eq!(left, 0, "a way that leaves mounts is none");
        }
        spent
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let base = self.source.parent().expect("it has one");
        let _ = unmount(base, UnmountFlags::DETACH);
    }
}

/// By path, one after the other, nothing else.
fn bare(points: &[PathBuf], threads: usize) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    unmount(point, UnmountFlags::empty()).expect("it is mounted");
                }
            });
        }
    });
}

/// As moby does: line by line, patterns in turn, lazily by path while it reads.
fn moby_way(root: &Path, patterns: &[Regex]) {
    let root = root.as_os_str().as_bytes();
    let mut lines = BufReader::new(File::open("/proc/thread-self/mountinfo").expect("a table"));
    let mut line = String::new();
    while lines.read_line(&mut line).expect("a table") > 0 {
        let point = line.split_whitespace().nth(4);
        if let Some(point) = point.filter(|p| p.as_bytes().starts_with(root)) {
            for _ in patterns.iter().filter(|p| p.is_match(point.as_bytes())) {
                let _ = unmount(point, UnmountFlags::DETACH);
            }
        }
        line.clear();
    }
}

/// Scan, plan, execute; gives the time of the last alone.
fn ours(root: &Path, options: &ExecuteOptions) -> Duration {
    let table = rootmount::live_table().expect("a table");
    let plan = rootmount::plan(&table, &Rules::sweep(), &PlanOptions::new(root)).expect("a root");
    let start = Instant::now();
    let report = rootmount::execute(&plan, options).expect("a root");
    let spent = start.elapsed();
    assert!(report.is_clean(), "{report}");
    spent
}

#[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
fn own_namespace() -> bool {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::thread::unshare(UnshareFlags::NEWNS).is_ok() && mount_change("/", private).is_ok()
}

fn sweep(c: &mut Criterion) {
    if !own_namespace() {
        println!("P7 left out: no mount namespace of its own");
        return;
    }
    let mut group = c.benchmark_group("P7 sweep");
    group.sample_size(10);
    for (leftovers, total) in [(200, 1_000), (2_000, 10_000), (10_000, 50_000)] {
        let Some(scene) = Scene::make(total, leftovers) else {
            println!("P7 left out: cannot mount");
            return;
        };
        let id = |what: &str| BenchmarkId::new(what, format!("{leftovers} of {total}"));
        group.throughput(Throughput::Elements(leftovers as u64));
        for threads in [1, 8, 32] {
            group.bench_function(
                id(&format!("floor: bare umount2, {threads} threads")),
                |b| {
                    b.iter_custom(|turns| scene.time(turns, || bare(&scene.leftovers, threads)));
                },
            );
        }
        group.bench_function(id("read the table"), |b| b.iter(MountTable::current));
        let patterns = moby_patterns();
        group.bench_function(id("moby's way"), |b| {
            b.iter_custom(|turns| scene.time(turns, || moby_way(&scene.root, &patterns)));
        });
        for threads in [1, 8, 32] {
            let mut options = ExecuteOptions::new();
            options.threads = threads;
            group.bench_function(
                id(&format!(
                    "rootmount, execute alone, up to {threads} threads"
                )),
                |b| {
                    b.iter_custom(|turns| scene.sum(turns, || ours(&scene.root, &options)));
                },
            );
            group.bench_function(
                id(&format!(
                    "rootmount, scan, plan, execute, up to {threads} threads"
                )),
                |b| {
                    b.iter_custom(|turns| scene.time(turns, || _ = ours(&scene.root, &options)));
                },
            );
        }
        drop(scene);
    }
    group.finish();
}

criterion_group!(benches, rules, sweep);
criterion_main!(benches);
