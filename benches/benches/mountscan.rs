//! P1 to P5: reading mount tables, beside the peers and the floor of each.
//!
//! P1 and P2 read text from memory. P3 to P5 read a live table in a mount namespace that the bench makes;
//! where that is refused they are left out and said to be.

#![allow(missing_docs)] // what criterion's macros make has none
#![allow(clippy::print_stderr)] // what is left out is said

use std::ffi::{CStr, CString};
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mountscan::{
    Detail, MountTable, ReadOptions, Refresh, Source, is_mount_point, mount_point_at, rows,
};

/// Rows like those of a Docker host's containers: 767 bytes each, ids scattered.
fn docker_like(count: u32) -> Vec<u8> {
    let mut text = b"1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_vec();
    for row in 2..=count {
        let layer = |n: u32| format!("/var/lib/docker/overlay2/l/{:026X}", mix(row, n));
        let id = format!("{:032x}{:032x}", mix(row, 100), mix(row, 101));
        let mut lower: Vec<String> = (0..6).map(layer).collect();
        lower.push(format!("/var/lib/docker/overlay2/l/{row:09}"));
        let line = format!(
            "{row} 1 0:{row} / /var/lib/docker/overlay2/{id}/merged rw,relatime shared:{row} - overlay overlay rw,lowerdir={},upperdir=/var/lib/docker/overlay2/{id}/diff,workdir=/var/lib/docker/overlay2/{id}/work\n",
            lower.join(":")
        );
        text.extend_from_slice(line.as_bytes());
    }
    text
}

/// Rows without long options: 147 bytes each.
fn lean(count: u32) -> Vec<u8> {
    let mut text = b"1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_vec();
    for row in 2..=count {
        let id = format!("{:032x}{:08x}", mix(row, 7), row);
        text.extend_from_slice(
            format!("{row} 1 0:{row} / /var/lib/docker/containers/{id}/mounts/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k\n").as_bytes(),
        );
    }
    text
}

/// Scattered 128 bits of two numbers.
fn mix(a: u32, b: u32) -> u128 {
    let mut state = (u128::from(a) << 32 | u128::from(b)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        state = state.wrapping_mul(0x2d99_787a_4ee0_2d35_8c1b_7a1f_0d5e_3a4d);
        state ^= state >> 61;
    }
    state
}

/// Everything a borrowed row has, so that no field's work is left out.
fn touch(row: &mountscan::Row<'_>) -> usize {
    row.mount_id().0 as usize
        + row.parent_id().0 as usize
        + row.device().minor as usize
        + row.root().as_os_str().len()
        + row.mount_point().as_os_str().len()
        + row.mount_options().as_bytes().len()
        + row.tags().count()
        + row.fs_type().len()
        + row.source().len()
        + row.super_options().as_bytes().len()
}

fn parse(c: &mut Criterion) {
    for (name, make) in [
        ("docker-like", docker_like as fn(u32) -> Vec<u8>),
        ("lean", lean),
    ] {
        let mut group = c.benchmark_group(format!("P1 parse {name} rows"));
        for count in [1_000, 10_000, 100_000] {
            let text = make(count);
            let id = |what: &str| BenchmarkId::new(what, count);
            group.throughput(Throughput::Elements(u64::from(count)));
            group.sample_size(20);
            group.bench_function(id("floor: newline scan (memchr)"), |b| {
                b.iter(|| memchr::memchr_iter(b'\n', black_box(&text)).fold(0, |sum, at| sum ^ at));
            });
            group.bench_function(id("mountscan rows, borrowed, all fields"), |b| {
                b.iter(|| {
                    rows(black_box(&text))
                        .flatten()
                        .map(|row| touch(&row))
                        .sum::<usize>()
                });
            });
            group.bench_function(id("mountscan rows, owned"), |b| {
                b.iter(|| {
                    rows(black_box(&text))
                        .flatten()
                        .map(|row| row.to_owned())
                        .collect::<Vec<_>>()
                });
            });
            if count > 10_000 {
                continue;
            }
            group.bench_function(id("procfs-core"), |b| {
                b.iter(|| {
                    use procfs_core::FromBufRead;
                    procfs_core::process::MountInfos::from_buf_read(black_box(&text[..]))
                        .expect("plain rows")
                });
            });
            group.bench_function(id("libmount (tailhook)"), |b| {
                b.iter(|| {
                    libmount::mountinfo::Parser::new(black_box(&text))
                        .flatten()
                        .map(|row| row.mount_point.len())
                        .sum::<usize>()
                });
            });
            group.bench_function(id("lfs-core"), |b| {
                b.iter(|| {
                    let text = std::str::from_utf8(black_box(&text)).expect("plain rows");
                    text.lines()
                        .map(|line| {
                            line.parse::<lfs_core::MountInfo>()
                                .expect("plain rows")
                                .mount_point
                                .as_os_str()
                                .len()
                        })
                        .sum::<usize>()
                });
            });
        }
        group.finish();
    }
}

fn table(c: &mut Criterion) {
    for (name, make) in [
        ("docker-like", docker_like as fn(u32) -> Vec<u8>),
        ("lean", lean),
    ] {
        let mut group = c.benchmark_group(format!("P2 owned queryable table, {name} rows"));
        for count in [1_000, 10_000, 100_000] {
            let text = make(count);
            let id = |what: &str| BenchmarkId::new(what, count);
            group.throughput(Throughput::Elements(u64::from(count)));
            group.sample_size(20);
            group.bench_function(id("floor: copy the text"), |b| {
                b.iter(|| black_box(&text).clone());
            });
            group.bench_function(id("mountscan table"), |b| {
                b.iter(|| MountTable::from_bytes(black_box(&text[..])));
            });
            group.bench_function(id("mountscan table and index"), |b| {
                b.iter(|| {
                    let table = MountTable::from_bytes(black_box(&text[..]));
                    assert!(table.topmost("/".as_ref()).is_some());
                    table
                });
            });
            if count > 10_000 {
                continue;
            }
            group.bench_function(id("procfs-core"), |b| {
                b.iter(|| {
                    use procfs_core::FromBufRead;
                    procfs_core::process::MountInfos::from_buf_read(black_box(&text[..]))
                        .expect("plain rows")
                });
            });
        }
        group.finish();
    }
}

/// A mount namespace of this bench, with a tmpfs to fill; `None` where it is refused.
fn namespace() -> Option<PathBuf> {
    use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
    use rustix::thread::UnshareFlags;
    static ENTERED: OnceLock<bool> = OnceLock::new();
    // All benches run on the first thread, which keeps the namespace from here on.
    #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
    let entered = *ENTERED.get_or_init(|| {
        let entered = rustix::thread::unshare(UnshareFlags::NEWNS | UnshareFlags::FS).is_ok();
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        entered && mount_change("/", private).is_ok()
    });
    if !entered {
        eprintln!("P3 to P5 left out: mount namespaces are refused here");
        return None;
    }
    mount("bench", "/tmp", "tmpfs", MountFlags::empty(), None).expect("the namespace is ours");
    Some("/tmp".into())
}

/// Fills `dir` with `count` binds of a mount that nothing else lies on, so that making them stays linear.
fn binds(dir: &Path, count: u32) {
    let source = dir.join("source");
    tmpfs(&source);
    for n in 0..count {
        let point = dir.join(format!("containers/{:032x}/mounts/shm", mix(n, 1)));
        std::fs::create_dir_all(&point).expect("writable");
        rustix::mount::mount_bind(&source, &point).expect("both are there");
    }
}

/// Fills `dir` with `count` overlay mounts of eight layers each, as container roots are.
fn overlays(dir: &Path, count: u32) {
    tmpfs(dir);
    let lower: Vec<String> = (0..8)
        .map(|n| format!("{}/l/{:026X}", dir.display(), mix(n, 2)))
        .collect();
    for layer in &lower {
        std::fs::create_dir_all(layer).expect("writable");
    }
    for n in 0..count {
        let root = dir.join(format!("overlay2/{:032x}{:032x}", mix(n, 3), mix(n, 4)));
        for part in ["diff", "work", "merged"] {
            std::fs::create_dir_all(root.join(part)).expect("writable");
        }
        let r = root.display();
        let options = format!(
            "lowerdir={},upperdir={r}/diff,workdir={r}/work",
            lower.join(":")
        );
        let options = CString::new(options).expect("no NUL");
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount(
            "overlay",
            root.join("merged"),
            "overlay",
            flags,
            Some(options.as_c_str()),
        )
        .expect("overlay");
    }
}

fn tmpfs(point: &Path) {
    std::fs::create_dir_all(point).expect("writable");
    let flags = rustix::mount::MountFlags::empty();
    rustix::mount::mount("tmpfs", point, "tmpfs", flags, None).expect("the namespace is ours");
}

fn detach(point: &Path) {
    rustix::mount::unmount(point, rustix::mount::UnmountFlags::DETACH).expect("mounted");
}

/// The cheapest that can read the table: the file in steps, kept nowhere.
fn bare_read(step: usize) -> usize {
    let mut file = File::open("/proc/thread-self/mountinfo").expect("readable");
    let mut buffer = vec![0; step];
    let mut total = 0;
    loop {
        match file.read(&mut buffer).expect("readable") {
            0 => return total,
            count => total += count,
        }
    }
}

/// listmount(2) of everything, nothing else.
fn bare_list(root: u64, ids: &mut [u64]) -> usize {
    let request: [u64; 4] = [32, root, 0, 0];
    // SAFETY: the request is 32 bytes and says so; the kernel writes at most `ids.len()` words to `ids`.
    let count = unsafe { libc::syscall(458, request.as_ptr(), ids.as_mut_ptr(), ids.len(), 0) };
    usize::try_from(count).unwrap_or(0)
}

/// statmount(2) of one mount.
fn bare_stat(id: u64, mask: u64, answer: &mut [u8]) -> bool {
    let request: [u64; 4] = [32, id, mask, 0];
    // SAFETY: as above, for bytes.
    unsafe { libc::syscall(457, request.as_ptr(), answer.as_mut_ptr(), answer.len(), 0) == 0 }
}

fn bare_statx(path: &CStr) -> u64 {
    // SAFETY: all of `struct statx` is plain numbers, for which zero is valid.
    let mut answer: libc::statx = unsafe { std::mem::zeroed() };
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT | libc::AT_STATX_DONT_SYNC;
    // SAFETY: the path is a C string and the answer has room.
    let result = unsafe {
        libc::statx(
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            0x4000,
            &raw mut answer,
        )
    };
    assert_eq!(result, 0);
    answer.stx_mnt_id
}

const LISTS_ALL: u64 = u64::MAX;
const EVERYTHING: u64 = 0x3bf;
const PLACES: u64 = 0x13f;

fn live_table(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    for overlay in [false, true] {
        let kind = if overlay { "overlay" } else { "lean" };
        let mut group = c.benchmark_group(format!("P3 live table, {kind} rows"));
        group.sample_size(10);
        for count in [100, 1_000, 10_000] {
            if overlay && count > 1_000 {
                continue;
            }
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
            detach(&top);
        }
        group.finish();
    }
    detach(&dir);
}

fn refresh(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    let mut group = c.benchmark_group("P3b bring a held table up to date");
    group.sample_size(20);
    for count in [1_000, 10_000] {
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

fn subtree(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    let mut group = c.benchmark_group("P4 ten mounts below a path");
    group.sample_size(10);
    for count in [1_000, 10_000, 50_000] {
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
        detach(&few);
        detach(&top);
    }
    group.finish();

    let mut group = c.benchmark_group("P4 container roots below a data root among as many others");
    group.sample_size(10);
    for count in [500, 2_000] {
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
        detach(&root);
        detach(&others);
    }
    group.finish();
    detach(&dir);
}

fn one_path(c: &mut Criterion) {
    let Some(dir) = namespace() else { return };
    let mut group = c.benchmark_group("P5 one mount point");
    for count in [100, 10_000] {
        let top = dir.join(format!("{count}"));
        tmpfs(&top);
        binds(&top, count);
        let point = top.join("source");
        let c_point = c_path(&point);
        let id = |what: &str| BenchmarkId::new(what, count);
        group.bench_function(id("statx"), |b| b.iter(|| bare_statx(&c_point)));
        group.bench_function(id("mountscan is_mount_point"), |b| {
            b.iter(|| is_mount_point(&point).expect("readable"));
        });
        let mut answer = vec![0; 8192];
        group.bench_function(id("statx and statmount"), |b| {
            b.iter(|| bare_stat(bare_statx(&c_point), EVERYTHING, &mut answer));
        });
        group.bench_function(id("mountscan mount_point_at"), |b| {
            b.iter(|| mount_point_at(&point).expect("readable"));
        });
        detach(&top);
    }
    group.finish();
    detach(&dir);
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL")
}

criterion_group!(text, parse, table);
criterion_group!(live, live_table, refresh, subtree, one_path);
criterion_main!(text, live);
