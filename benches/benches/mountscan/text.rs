//! P1 and P2: text in memory.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use mountscan::{MountInfo, MountTable, rows};

use crate::peers;
use crate::scene::{brief, docker_like, lean, touch};

pub(crate) fn parse(c: &mut Criterion) {
    for (name, make) in [
        ("docker-like", docker_like as fn(u32) -> Vec<u8>),
        ("lean", lean),
    ] {
        let mut group = c.benchmark_group(format!("P1 parse {name} rows"));
        let mut peers = peers::start();
        for count in [100, 1_000, 10_000, 100_000] {
            let text = make(count);
            let id = |what: &str| BenchmarkId::new(what, count);
            group.throughput(Throughput::Elements(u64::from(count)));
            brief(&mut group);
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
                        .map(MountInfo::from)
                        .collect::<Vec<_>>()
                });
            });
            let file = held(&text);
            for peer in &mut peers {
                peer.bench(&mut group, count, "parse", file.path());
            }
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

pub(crate) fn table(c: &mut Criterion) {
    for (name, make) in [
        ("docker-like", docker_like as fn(u32) -> Vec<u8>),
        ("lean", lean),
    ] {
        let mut group = c.benchmark_group(format!("P2 owned queryable table, {name} rows"));
        let mut peers = peers::start();
        for count in [100, 1_000, 10_000, 100_000] {
            let text = make(count);
            let id = |what: &str| BenchmarkId::new(what, count);
            group.throughput(Throughput::Elements(u64::from(count)));
            brief(&mut group);
            group.bench_function(id("floor: copy the text"), |b| {
                b.iter(|| black_box(&text).clone());
            });
            group.bench_function(id("mountscan table"), |b| {
                b.iter(|| MountTable::from_bytes(black_box(&text[..])));
            });
            // As after a reading: the buffer is handed over, not copied.
            group.bench_function(id("mountscan table, the text given"), |b| {
                b.iter_batched(
                    || text.clone(),
                    MountTable::from_bytes,
                    BatchSize::PerIteration,
                );
            });
            group.bench_function(id("mountscan table and index"), |b| {
                b.iter(|| {
                    let table = MountTable::from_bytes(black_box(&text[..]));
                    assert!(table.topmost("/".as_ref()).is_some());
                    table
                });
            });
            let file = held(&text);
            for peer in &mut peers {
                peer.bench(&mut group, count, "parse", file.path());
            }
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

/// The text as a file, for peers that are processes.
fn held(text: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("room for it");
    file
}
