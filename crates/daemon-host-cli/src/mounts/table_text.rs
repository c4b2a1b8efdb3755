//! Rows of a mount table as text for people.

use std::path::Path;

use daemon_host::mountscan::{MountTable, Row};

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
            Cell::inked(
                Ink::Dim,
                String::from_utf8_lossy(row.mount_options().as_bytes()),
            ),
        ]);
    }
    table.render()
}

/// Where it comes from: the source, and the part of it when it is not the whole.
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
