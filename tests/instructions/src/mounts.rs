//! mountscan: rows, the owned table, questions to it.

use std::hint::black_box;
use std::path::PathBuf;

use mountscan::{MountInfo, MountTable, Row, rows};

use crate::case::{Case, Work};
use crate::rng::id;

const ROWS: u64 = 1_000;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::cold("parse docker-like rows", || parse(docker_like())),
        Case::cold("parse lean rows", || parse(lean())),
        Case::cold("owned rows", owned),
        Case::cold("table from text", table),
        Case::warm("table queries", queries),
    ]
}

/// Rows like those of a Docker host's containers.
fn docker_like() -> Vec<u8> {
    let mut text = "1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_owned();
    for row in 2..=ROWS {
        let layer = |n: u64| format!("/var/lib/docker/overlay2/l/{}", &id(row * 10 + n)[..26]);
        let lower: Vec<String> = (0..7).map(layer).collect();
        let layers = format!("/var/lib/docker/overlay2/{}", id(row));
        text += &format!(
            "{row} 1 0:{row} / {layers}/merged rw,relatime shared:{row} - overlay overlay \
             rw,lowerdir={},upperdir={layers}/diff,workdir={layers}/work\n",
            lower.join(":")
        );
    }
    text.into_bytes()
}

/// Rows without long options.
fn lean() -> Vec<u8> {
    let mut text = "1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_owned();
    for row in 2..=ROWS {
        text += &format!(
            "{row} 1 0:{row} / /var/lib/docker/containers/{}/mounts/shm \
             rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k\n",
            id(row)
        );
    }
    text.into_bytes()
}

fn parse(text: Vec<u8>) -> Work {
    Box::new(move || {
        let sum: usize = rows(black_box(&text))
            .flatten()
            .map(|row| touch(&row))
            .sum();
        black_box(sum);
    })
}

/// Every field of a row, so that no field's work is left out.
fn touch(row: &Row<'_>) -> usize {
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

fn owned() -> Work {
    let text = docker_like();
    Box::new(move || {
        let owned: Vec<_> = rows(black_box(&text))
            .flatten()
            .map(MountInfo::from)
            .collect();
        black_box(owned);
    })
}

fn table() -> Work {
    let text = docker_like();
    Box::new(move || {
        black_box(MountTable::from_bytes(black_box(&*text)));
    })
}

fn queries() -> Work {
    let table = MountTable::from_bytes(docker_like());
    let points: Vec<PathBuf> = table
        .rows()
        .map(|row| row.mount_point().into_owned())
        .collect();
    Box::new(move || {
        let mut sum = 0;
        for (row, point) in table.rows().zip(&points) {
            sum += table.at(point).len();
            sum += usize::from(table.mount_of(&point.join("etc/hosts")).is_some());
            sum += usize::from(table.parent(row).is_some());
            sum += table.descendants(row).count();
        }
        sum += table.under("/var/lib/docker".as_ref()).len();
        sum += table.deepest_first(table.rows().collect()).len();
        black_box(sum);
    })
}
