//! The mount table, read apart from mountscan on purpose.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// One row of the mount table, as far as a scenario looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: u64,
    pub(crate) point: PathBuf,
    pub(crate) kind: String,
}

/// Mounts below a path, in the table's order.
pub(crate) fn rows_below(path: &Path) -> Result<Vec<Row>> {
    let table = std::fs::read_to_string("/proc/thread-self/mountinfo").context("mountinfo")?;
    let rows = table.lines().filter_map(row);
    Ok(rows.filter(|row| row.point.starts_with(path)).collect())
}

fn row(line: &str) -> Option<Row> {
    let (before, after) = line.split_once(" - ")?;
    let mut fields = before.split(' ');
    Some(Row {
        id: fields.next()?.parse().ok()?,
        point: PathBuf::from(fields.nth(3)?),
        kind: after.split(' ').next()?.to_owned(),
    })
}

/// Mounts below a path: id and mount point, in the table's order.
pub(crate) fn mounts_below(path: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let rows = rows_below(path)?.into_iter();
    Ok(rows.map(|row| (row.id, row.point)).collect())
}
