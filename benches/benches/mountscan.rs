//! P1 to P5: reading mount tables, beside the peers and the floor of each.
//!
//! P1 and P2 read text from memory. P3 to P5 read a live table in a mount namespace that the bench makes;
//! where that is refused they are left out and said to be.

#![allow(missing_docs)] // what criterion's macros make has none

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mountscan::{MountTable, rows};

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

criterion_group!(text, parse, table);
criterion_main!(text);
