//! Reads mountinfo, and finds out which moment a reading shows.

use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::ask::by_ids;
use crate::error::{Error, ErrorKind};
use crate::kernel::identity;
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::kernel::statmount;
use crate::log::debug;
use crate::rows::contradictions::doubtful;
use crate::rows::row_store::RowStore;
use crate::rows::unique_ids::UniqueIds;
use crate::table::consistency::Consistency;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Origin, ReadOptions};

/// How many bytes one read asks for. If a row overflows the kernel's page, the kernel formats it
/// again in the next read. So on tables with long rows, small steps are 1.7 times cheaper than
/// large ones.
pub(crate) const STEP: usize = 2048;

/// An open mountinfo file.
#[derive(Debug)]
pub(crate) struct Reading {
    file: File,
    path: PathBuf,
}

impl Reading {
    pub(crate) fn of(file: File, path: PathBuf) -> Self {
        Reading { file, path }
    }

    /// Reads the table as text, as consistent as asked for.
    ///
    /// If nothing changed meanwhile, the table is of one moment, on any kernel. Otherwise it is
    /// read again until no row contradicts another. A row that contradicts others may be of a mount
    /// that has moved, or that hangs on a mount that is gone.
    pub(crate) fn table(
        &mut self,
        options: &ReadOptions,
        origin: Origin,
    ) -> Result<MountTable, Error> {
        self.has_changed()?; // from here on
        let mut before = None;
        for attempt in 1.. {
            let text = self.text()?;
            if !self.has_changed()? {
                let rows = RowStore::parse(text);
                return Ok(of_rows(rows, origin, Consistency::OneMoment));
            }
            let is_last = attempt >= options.attempts;
            if options.one_moment {
                if is_last {
                    return Err(unstable(&self.path, attempt));
                }
                // The caller accepts one moment only.
                continue;
            }
            // Before Linux 5.8 a row could get lost while another mount went. So only equal
            // readings are whole.
            let is_whole = is_loss_free() || before.as_ref() == Some(&text);
            if !is_whole && !is_last {
                before = Some(text);
                continue;
            }
            let (rows, is_clear) = torn(text);
            if is_clear || is_last {
                debug!(
                    attempt,
                    is_clear, "the mount table changed while it was read"
                );
                let known = match (is_whole, is_clear) {
                    (false, _) => Consistency::MayMissMounts,
                    (true, true) => Consistency::EveryStableMount,
                    (true, false) => Consistency::OrderUnknown,
                };
                return Ok(of_rows(rows, origin, known));
            }
        }
        unreachable!("the attempts end before the numbers do")
    }

    /// The whole text, from the beginning.
    fn text(&mut self) -> Result<Vec<u8>, Error> {
        let text = self.file.rewind().and_then(|()| to_end(&self.file));
        text.map_err(|cause| Error::at("read", &self.path, cause))
    }

    /// Whether the table changed since the last time this was asked.
    fn has_changed(&self) -> Result<bool, Error> {
        take_change(&self.file).map_err(|cause| Error::at("poll", &self.path, cause))
    }
}

/// Whether the table changed since this file was opened or last asked. The question clears the
/// mark.
pub(crate) fn take_change(file: &File) -> io::Result<bool> {
    let mut files = [PollFd::new(file, PollFlags::PRI)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    rustix::io::retry_on_intr(|| poll(&mut files, Some(&now)))?;
    let seen = files[0].revents();
    // The kernel reports a changed mount table as an error and as urgent data
    // (`proc_pid_mounts(5)`).
    Ok(seen.intersects(PollFlags::PRI | PollFlags::ERR))
}

/// Reads the text between two lists of unique ids. If the lists are equal, the text is of one
/// moment, and the ids belong to its rows. `scope` is the whole namespace that is read.
///
/// If the table keeps changing, the missing rows are asked for one by one (Linux 6.13). Before that
/// the last reading is returned as it is.
pub(crate) fn listed(
    reading: &mut Reading,
    scope: &Scope,
    options: &ReadOptions,
    origin: Origin,
) -> Result<MountTable, Error> {
    reading.has_changed()?; // from here on
    let mut before = match queries::list(scope, 0) {
        Err(error) if queries::is_refused(&error) => return reading.table(options, origin),
        listed => listed?,
    };
    for _ in 0..options.attempts.max(1) {
        let mut rows = RowStore::parse(reading.text()?);
        let after = queries::list(scope, before.len())?;
        let agreed = agreed_rows(scope, &rows, &before, &after);
        let is_whole = agreed == rows.len() && agreed == after.len() && agreed == before.len();
        // A list does not show that a mount was moved while the text was read.
        if is_whole && (!reading.has_changed()? || is_clear(&rows)) {
            let ids = UniqueIds::all_shown(after);
            let moment = Consistency::OneMoment;
            return Ok(MountTable::assemble(rows, ids, origin, moment));
        }
        if KernelQueries::cached() >= KernelQueries::Rows {
            rows.truncate(agreed);
            let ids = UniqueIds::all_shown(after[..agreed].to_vec());
            let mut table = MountTable::assemble(rows, ids, origin.clone(), Consistency::Unknown);
            by_ids::follow_list(&mut table, scope, after, options.attempts)?;
            if table.consistency() == Consistency::OneMoment || !options.one_moment {
                return Ok(table);
            }
            break;
        }
        before = after;
    }
    if options.one_moment {
        return Err(unstable(&reading.path, options.attempts));
    }
    reading.table(options, origin)
}

/// How many rows, from the first one on, surely belong to the ids with which both lists begin.
///
/// The text is in the order of unique ids. A mount that is in both lists was there all the time, so
/// no other mount had its old id. If its row stands at its place in the lists, then so do the rows
/// of all mounts before it.
fn agreed_rows(scope: &Scope, rows: &RowStore, before: &[u64], after: &[u64]) -> usize {
    let pairs = before.iter().zip(after).take(rows.len());
    let mut agreed = pairs.take_while(|(one, other)| one == other).count();
    let mut buffer = Vec::new();
    let mut is_in_place = |place: usize| {
        let asked = queries::ask(scope, after[place], statmount::MNT_BASIC, &mut buffer);
        asked.is_ok_and(|answer| answer.mount_id() == rows.fields(place).mount_id)
    };
    while agreed > 0 && !is_in_place(agreed - 1) {
        // The place from which the rows differ is not known. Half of them is a cheap guess.
        agreed /= 2;
    }
    agreed
}

fn of_rows(rows: RowStore, origin: Origin, consistency: Consistency) -> MountTable {
    MountTable::assemble(rows, UniqueIds::default(), origin, consistency)
}

/// Parses text that the kernel printed while mounts came and went. The second value is true if no
/// row contradicts another.
fn torn(text: Vec<u8>) -> (RowStore, bool) {
    let mut rows = RowStore::parse(text);
    rows.drop_replaced();
    let is_clear = is_clear(&rows);
    (rows, is_clear)
}

/// Whether no row contradicts another.
fn is_clear(rows: &RowStore) -> bool {
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    doubtful(rows, &all, &[]).is_empty()
}

/// Whether mountinfo, read in pieces, has every mount that stays. That is so since Linux 5.8. In
/// the same version statx began to tell about mounts.
fn is_loss_free() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let root = identity::is_mount_root_at(rustix::fs::CWD, Path::new("/"));
        !root.is_err_and(|error| error.kind() == ErrorKind::Unsupported)
    })
}

fn unstable(path: &Path, attempts: u32) -> Error {
    let what = format!("read({path:?}): the table changed in each of {attempts} attempts");
    Error::unstable(what)
}

/// Reads to the end in small steps, through a buffer that stays in the processor's cache. So memory
/// for the text is touched only where text comes.
fn to_end(file: &File) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(8 * STEP);
    let mut step = [0; STEP];
    loop {
        match rustix::io::retry_on_intr(|| rustix::io::read(file, &mut step))? {
            0 => break,
            count => text.extend_from_slice(&step[..count]),
        }
    }
    // If memory is given back and taken again at each reading, each page costs a page fault. That
    // is more than the reading of short rows costs. So memory is given back only if it is mostly
    // empty.
    if text.len() < text.capacity() / 2 {
        text.shrink_to_fit();
    }
    Ok(text)
}
