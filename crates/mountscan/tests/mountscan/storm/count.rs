//! What is counted in each reading.

use std::io::Write as _;
use std::path::PathBuf;

use mountscan::{Consistency, MountTable};

use super::scenes::Storm;

/// What went wrong in how many readings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) lost: usize,
    pub(crate) twice: usize,
    pub(crate) wrong_top: usize,
    pub(crate) wrong_holder: usize,
    pub(crate) wrong_unique_id: usize,
}

/// Readings that did not know the order, which a promise kept may say, but not often.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) order_unknown: usize,
}

impl Count {
    pub(crate) fn look(&mut self, storm: &Storm, table: &MountTable, said: &mut Said) {
        let rows = table
            .rows()
            .filter(|row| row.mount_id() == storm.stable.mount_id);
        let shown: Vec<_> = rows.collect();
        self.lost += usize::from(shown.is_empty());
        self.twice += usize::from(shown.len() > 1);
        let other = |row: &mountscan::Row<'_>| {
            let ids = row.unique_id().zip(storm.stable.unique_id);
            ids.is_some_and(|(shown, its)| shown != its)
        };
        self.wrong_unique_id += usize::from(shown.iter().any(other));
        let Some(point) = &storm.stays_at else { return };
        if table.consistency() == Consistency::OrderUnknown {
            said.order_unknown += 1;
            return;
        }
        let is_it = |row: Option<mountscan::Row<'_>>| {
            row.is_some_and(|row| row.mount_id() == storm.stable.mount_id)
        };
        let order = table.deepest_first(table.at(point));
        let right = is_it(table.topmost(point))
            && is_it(table.mount_of(&point.join("file")))
            && is_it(order.first().copied())
            && shown.iter().all(|row| !table.is_hidden(*row));
        self.wrong_top += usize::from(!right);
    }
}

/// Where the counts are written down. The test runs in a process of its own, whose output is only
/// shown if it fails.
fn file() -> Option<PathBuf> {
    let named = std::env::var_os("MOUNTSCAN_STORM_COUNTS").map(PathBuf::from);
    named.or_else(|| support::guest::is_guest().then(|| "/tmp/storm-counts".into()))
}

/// Writes a count down.
pub(crate) fn tell(storm: &str, route: &str, readings: usize, count: &Count, said: &Said) {
    let Some(path) = file() else { return };
    let line = format!("{storm}, {route}: {readings} readings, {count:?}, {said:?}\n");
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("writable");
}

/// Prints the counts of a storm.
#[expect(
    clippy::print_stdout,
    reason = "the counts are what somebody wants to see"
)]
pub(crate) fn show(storm: &str) {
    let written = file().and_then(|path| std::fs::read_to_string(path).ok());
    let written = written.unwrap_or_default();
    for line in written.lines().filter(|line| line.starts_with(storm)) {
        println!("{line}");
    }
}
