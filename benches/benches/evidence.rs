//! P7b: what it costs to know who lives, and a whole sweep by that evidence beside moby's way.
//!
//! Processes, namespaces and mounts are made in a mount namespace of the bench's own; where
//! that is refused the bench is left out and said to be.

#![allow(missing_docs)] // what criterion's macros make has none
#![allow(clippy::print_stdout)] // a bench that cannot run says so

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use regex::bytes::Regex;
use rootmount::{
    Claim, Evidence, ExecuteOptions, Look, MountTable, PlanOptions, Processes, Rules, Statement,
    Witness,
};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount,
};
use rustix::thread::UnshareFlags;

const BASE: &str = "/tmp/rootmount-evidence";
/// As many threads as a sweep takes at most.
const THREADS: usize = 32;

/// Somebody who knows containers, and none that lives.
struct NoneKnown;

impl Witness for NoneKnown {
    fn name(&self) -> String {
        "a list".to_owned()
    }

    fn testify(&self, _: &Path) -> Result<Statement, Box<dyn std::error::Error + Send + Sync>> {
        let mut statement = Statement::default();
        statement.looked.push(self.name());
        Ok(statement)
    }
}

/// A data root with mounts of containers, and others beside it.
struct Scene {
    root: PathBuf,
    source: PathBuf,
    leftovers: Vec<PathBuf>,
}

impl Scene {
    fn make(leftovers: usize, others: usize) -> Option<Self> {
        let base = PathBuf::from(BASE);
        fs::create_dir_all(&base).ok()?;
        let tmpfs = |at: &Path| mount("tmpfs", at, "tmpfs", MountFlags::empty(), c"mode=755");
        tmpfs(&base).ok()?;
        let (root, source) = (base.join("docker"), base.join("source"));
        fs::create_dir(&source).ok()?;
        tmpfs(&source).ok()?;
        for n in 0..others {
            let other = base.join(format!("other/{n}"));
            fs::create_dir_all(&other).ok()?;
            mount_bind(&source, &other).ok()?;
        }
        let leftover = |n: usize| root.join(format!("containers/{n:064x}/mounts/shm"));
        let leftovers: Vec<PathBuf> = (0..leftovers).map(leftover).collect();
        leftovers.iter().try_for_each(fs::create_dir_all).ok()?;
        Some(Self {
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

    fn time(&self, turns: u64, mut clean: impl FnMut()) -> Duration {
        let turn = |_| {
            self.fill();
            let start = Instant::now();
            clean();
            let spent = start.elapsed();
            let left = MountTable::current()
                .expect("a table")
                .under(&self.root)
                .len();
            assert_eq!(left, 0, "a way that leaves mounts is no way");
            spent
        };
        (0..turns).map(turn).sum()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = unmount(BASE, UnmountFlags::DETACH);
    }
}

/// Processes that wait until they are dropped.
struct Crowd(Vec<Child>);

impl Crowd {
    /// So many processes, of which the first ones have a mount namespace each.
    fn gather(processes: usize, namespaces: usize) -> Self {
        let start = |n: usize| {
            let mut command = match n < namespaces {
                true => Command::new("unshare"),
                false => Command::new("sleep"),
            };
            if n < namespaces {
                command.args(["--mount", "sleep"]);
            }
            let child = command.arg("3000").stdin(Stdio::null()).spawn();
            child.expect("sleep and unshare are there")
        };
        let crowd = Self((0..processes).map(start).collect());
        // Until each is what it is to become.
        let is_asleep = |child: &Child| {
            let comm = fs::read_to_string(format!("/proc/{}/comm", child.id()));
            comm.is_ok_and(|comm| comm == "sleep\n")
        };
        while !crowd.0.iter().all(is_asleep) {
            std::thread::sleep(Duration::from_millis(20));
        }
        crowd
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
        }
        for child in &mut self.0 {
            let _ = child.wait();
        }
    }
}

fn gather(root: &Path, table: &MountTable) -> Evidence {
    let proc = Path::new("/proc");
    let evidence = Evidence::gather(root, table, &[&NoneKnown], Claim::Nothing, proc);
    assert!(matches!(evidence.processes, Processes::Seen(_)));
    evidence
}

/// Names and links of every process: less than anybody needs who wants to know who lives.
fn links() -> usize {
    let pids = fs::read_dir("/proc").expect("procfs").flatten();
    let is_pid = |entry: &fs::DirEntry| entry.file_name().as_bytes()[0].is_ascii_digit();
    let seen = pids.filter(is_pid).filter(|entry| {
        let link = |name: &str| fs::read_link(entry.path().join(name)).is_ok();
        link("ns/mnt") && link("root") && link("cwd") && link("exe")
    });
    seen.count()
}

fn cost(c: &mut Criterion) {
    let mut group = c.benchmark_group("P7 evidence");
    group.sample_size(10);
    for (processes, namespaces) in [(200, 50), (2_000, 500)] {
        let Some(scene) = Scene::make(20, 20) else {
            println!("P7 evidence left out: cannot mount");
            return;
        };
        scene.fill();
        // Made only if a bench that needs it is chosen.
        let crowd = OnceCell::new();
        let gathered = || {
            crowd.get_or_init(|| Crowd::gather(processes, namespaces));
        };
        let table = rootmount::live_table().expect("a table");
        let size = format!("{processes} processes, {namespaces} namespaces");
        group.bench_function(BenchmarkId::new("floor: four links each", &size), |b| {
            gathered();
            b.iter(links);
        });
        group.bench_function(BenchmarkId::new("rootmount, gather", &size), |b| {
            gathered();
            b.iter(|| gather(&scene.root, &table));
        });
    }
    group.finish();
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

/// The least that a sweep can do: it reads the table once and unmounts what lies below the root,
/// by path and from many threads, without any question of who lives there.
fn floor(root: &Path) {
    let text = fs::read("/proc/thread-self/mountinfo").expect("a table");
    let point = |line: &[u8]| {
        let point = line.split(|byte| *byte == b' ').nth(4)?;
        Some(PathBuf::from(OsStr::from_bytes(point)))
    };
    let lines = text.split(|byte| *byte == b'\n');
    let points: Vec<PathBuf> = lines
        .filter_map(point)
        .filter(|point| point.starts_with(root))
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    unmount(point, UnmountFlags::empty()).expect("it is mounted");
                }
            });
        }
    });
}

/// Scan, evidence, plan, and execution, with a second look once the evidence is old.
fn by_evidence(root: &Path) {
    let table = rootmount::live_table().expect("a table");
    let options = PlanOptions::new(root).evidence(gather(root, &table));
    let mut execute = ExecuteOptions::new();
    execute.judged_at = Some(Instant::now());
    let plan = rootmount::plan(&table, &Rules::sweep(), &options).expect("a root");
    let (again, table) = (root.to_path_buf(), Mutex::new(table));
    execute.look = Some(Look::new(move || {
        let mut table = table.lock().expect("no panic");
        rootmount::update_live_table(&mut table).expect("a table");
        gather(&again, &table)
    }));
    let report = rootmount::execute(&plan, &execute).expect("a root");
    assert!(report.is_clean(), "{report}");
}

fn sweep(c: &mut Criterion) {
    let mut group = c.benchmark_group("P7 sweep by evidence");
    group.sample_size(10);
    let patterns = [
        "containers/[0-9a-f]{64}/mounts/shm",
        "containers/[0-9a-f]{64}/shm",
        "overlay2/[0-9a-f]{64}/merged$",
        "zfs/graph/[0-9a-f]{64}$",
    ];
    let regex = |pattern| Regex::new(&format!("(?-u){pattern}")).expect("a constant");
    let patterns = patterns.map(regex);
    for (leftovers, others) in [(200, 1_000), (2_000, 10_000)] {
        let Some(scene) = Scene::make(leftovers, others) else {
            println!("P7 sweep by evidence left out: cannot mount");
            return;
        };
        let size = format!("{leftovers} of {}", leftovers + others);
        let least = "floor: read the table, bare umount2, 32 threads";
        group.bench_function(BenchmarkId::new(least, &size), |b| {
            b.iter_custom(|turns| scene.time(turns, || floor(&scene.root)));
        });
        group.bench_function(BenchmarkId::new("moby's way", &size), |b| {
            b.iter_custom(|turns| scene.time(turns, || moby_way(&scene.root, &patterns)));
        });
        group.bench_function(BenchmarkId::new("rootmount by evidence", &size), |b| {
            b.iter_custom(|turns| scene.time(turns, || by_evidence(&scene.root)));
        });
    }
    group.finish();
}

#[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
fn own_namespace() -> bool {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::thread::unshare(UnshareFlags::NEWNS).is_ok() && mount_change("/", private).is_ok()
}

fn all(c: &mut Criterion) {
    if !own_namespace() {
        println!("P7 evidence left out: no mount namespace of its own");
        return;
    }
    cost(c);
    sweep(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
