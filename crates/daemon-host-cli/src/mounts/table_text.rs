//! Writes rows of a mount table as text for people.

use std::path::Path;

use daemon_host::mountscan::{Extent, IdMaps, IdRange, MountTable, Row};

use crate::output::{Cell, Ink, Table, paint};

pub(super) fn to_text(rows: &[Row<'_>]) -> String {
    let mut table = Table::new(&[
        "ID",
        "PARENT",
        "MOUNT POINT",
        "TYPE",
        "SOURCE",
        "PROPAGATION",
        "OPTIONS",
    ])
    .right(0)
    .right(1);
    for row in rows {
        table.row([
            row.mount_id().to_string().into(),
            row.parent_id().to_string().into(),
            row.mount_point().to_string_lossy().as_ref().into(),
            row.fs_type().to_string_lossy().as_ref().into(),
            source_of(row),
            Cell::inked(Ink::Dim, row.propagation().to_string()),
            Cell::inked(Ink::Dim, options_of(row)),
        ]);
    }
    table.render()
}

/// The options of the mount, and the id maps of an idmapped one.
fn options_of(row: &Row<'_>) -> String {
    let mut text = String::from_utf8_lossy(row.mount_options().as_bytes()).into_owned();
    match row.id_maps() {
        Some(IdMaps::Known { users, groups }) => {
            text.push_str(&format!(" users {}", in_words(users)));
            if groups != users {
                text.push_str(&format!(" groups {}", in_words(groups)));
            }
        }
        Some(IdMaps::OutOfSight) => text.push_str(" (ids out of sight)"),
        Some(_) => text.push_str(" (id maps unknown)"),
        None => {}
    }
    text
}

fn in_words(ranges: &[IdRange]) -> String {
    let ranges = ranges
        .iter()
        .map(|range| format!("{}:{}:{}", range.stored, range.seen, range.count));
    ranges.collect::<Vec<_>>().join(",")
}

/// Where the mount comes from: the source, and the part of it if it is not the whole.
fn source_of(row: &Row<'_>) -> Cell {
    let mut text = row.source().to_string_lossy().into_owned();
    let root = row.root();
    if root.as_ref() != Path::new("/") {
        text.push_str(&format!("[{}]", root.to_string_lossy()));
    }
    if row.is_root_deleted() {
        return Cell::inked(Ink::Warn, text + " (deleted)");
    }
    text.into()
}

/// A sentence if the table does not, or may not, show the whole mount namespace.
pub(super) fn extent_text(extent: Extent, pid: Option<u32>) -> String {
    let said = match (extent, pid) {
        (Extent::Part, Some(pid)) => format!(
            "process {pid} sees only a part of its mount namespace; \
             --namespace /proc/{pid}/ns/mnt shows all of it"
        ),
        (Extent::Part, None) => "only a part of the mount namespace is seen from here; \
             --namespace /proc/self/ns/mnt shows all of it"
            .into(),
        (Extent::Unknown, Some(pid)) => {
            format!("it cannot be told whether process {pid} sees its whole mount namespace")
        }
        _ => return String::new(),
    };
    format!("{}\n", paint(Ink::Warn, said))
}

/// Malformed rows as warnings, one a line.
pub(crate) fn malformed_text(table: &MountTable) -> String {
    let mut text = String::new();
    for row in table.malformed() {
        let said = format!("line {} is malformed: {}", row.line, row.reason);
        text.push_str(&paint(Ink::Warn, said));
        text.push('\n');
    }
    let silent = table.malformed_count() - table.malformed().len();
    if silent > 0 {
        text.push_str(&paint(
            Ink::Warn,
            format_args!("and {silent} more malformed rows\n"),
        ));
    }
    text
}
