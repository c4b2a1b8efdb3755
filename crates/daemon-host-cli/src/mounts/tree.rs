//! Draws mounts as a tree, by their structure.

use std::collections::HashSet;

use daemon_host::mountscan::{MountTable, Row};

use crate::output::{Cell, Ink, Table};

/// Draws each of `rows` under its parent, if the parent is drawn as well.
///
/// The walk keeps its own stack: a table may nest ten thousand levels deep.
pub(crate) fn draw(table: &MountTable, rows: &[Row<'_>]) -> String {
    let chosen: HashSet<Place> = rows.iter().map(place).collect();
    let is_chosen = |row: &Row<'_>| chosen.contains(&place(row));
    let mut shown = Table::new(&["MOUNT POINT", "TYPE", "PROPAGATION", "ID"]).right(3);
    let mut stack: Vec<Branch<'_>> = rows
        .iter()
        .rev()
        .filter(|row| !table.parent(**row).is_some_and(|above| is_chosen(&above)))
        .map(|row| Branch::top(*row))
        .collect();
    while let Some(branch) = stack.pop() {
        shown.row(branch.cells());
        let children: Vec<Row<'_>> = table.children(branch.row).filter(is_chosen).collect();
        let last = children.len().saturating_sub(1);
        for (index, child) in children.into_iter().enumerate().rev() {
            stack.push(branch.child(child, index == last));
        }
    }
    shown.render()
}

/// Names a row of the table. An id is not enough: a captured table may have it twice.
type Place = *const u8;

fn place(row: &Row<'_>) -> Place {
    row.as_bytes().as_ptr()
}

/// A row on its way to be drawn, with the lines to its left.
struct Branch<'t> {
    row: Row<'t>,
    /// The text at the left of this row's name.
    lead: String,
    /// The text at the left of its children's names.
    below: String,
}

impl<'t> Branch<'t> {
    fn top(row: Row<'t>) -> Self {
        Self {
            row,
            lead: String::new(),
            below: String::new(),
        }
    }

    fn child(&self, row: Row<'t>, is_last: bool) -> Self {
        let (joint, line) = if is_last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        // Beyond some depth the lines only fill the screen.
        let stem: String = if self.below.chars().count() > 60 {
            "… ".into()
        } else {
            self.below.clone()
        };
        Self {
            row,
            lead: format!("{stem}{joint}"),
            below: format!("{stem}{line}"),
        }
    }

    fn cells(&self) -> [Cell; 4] {
        let point = self.row.mount_point();
        [
            format!("{}{}", self.lead, point.to_string_lossy()).into(),
            self.row.fs_type().to_string_lossy().as_ref().into(),
            Cell::inked(Ink::Dim, self.row.propagation().to_string()),
            Cell::inked(Ink::Dim, self.row.mount_id().to_string()),
        ]
    }
}
