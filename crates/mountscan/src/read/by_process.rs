//! Reads the table of a process, and finds the unique ids of its mounts.

use std::collections::HashMap;
use std::os::fd::AsFd;

use rustix::fs::OFlags;

use crate::error::{Error, ErrorKind};
use crate::kernel::procfs::ProcDir;
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::kernel::{statmount, sys};
use crate::read::mountinfo::Reading;
use crate::table::mount_table::MountTable;
use crate::table::origin::{Origin, ReadOptions};

/// Reads the table as the process sees it.
pub(crate) fn read_process(pid: u32, options: &ReadOptions) -> Result<MountTable, Error> {
    let read = options
        .proc
        .open()
        .and_then(|proc| from_procfs(&proc, pid, options));
    // A process that has exited, but has not been waited for, has no namespace any more: EINVAL.
    read.map_err(|error| match error.raw_os_error() {
        Some(libc::EINVAL) => error.with_kind(ErrorKind::NotFound),
        _ => error,
    })
}

fn from_procfs(proc: &ProcDir, pid: u32, options: &ReadOptions) -> Result<MountTable, Error> {
    let name = format!("{pid}/mountinfo");
    let before = namespace_of(proc, pid);
    let mut reading = Reading::of(proc.file(&name)?, proc.shown(&name));
    // The open file stays with the namespace in which the process was then.
    let namespace = before.filter(|before| namespace_of(proc, pid) == Some(*before));
    let origin = Origin::Pid {
        proc: options.proc.clone(),
        pid,
        namespace: namespace.unwrap_or(0),
    };
    let table = reading.table(options, origin.clone())?;
    // For the id maps alone, ids of other mounts are not needed.
    let is_idmapped = || table.rows().any(|row| row.id_maps().is_some());
    let wants_ids = options.unique_ids || (options.id_maps && is_idmapped());
    let with_ids = namespace
        .filter(|_| wants_ids)
        .and_then(|id| with_ids(&mut reading, &Scope::namespace(id), options, &origin));
    Ok(with_ids.unwrap_or(table))
}

/// The id of the process's mount namespace; `None` if it cannot be asked about (Linux 6.11).
fn namespace_of(proc: &ProcDir, pid: u32) -> Option<u64> {
    if KernelQueries::cached() < KernelQueries::Namespaces {
        return None;
    }
    let file = proc.follow(format!("{pid}/ns/mnt"), OFlags::RDONLY).ok()?;
    sys::namespace_id(file.as_fd()).ok()
}

/// Reads the table so that the unique id of each row is known. `None` if the kernel refuses the
/// list, or mounts keep coming and going.
fn with_ids(
    reading: &mut Reading,
    scope: &Scope,
    options: &ReadOptions,
    origin: &Origin,
) -> Option<MountTable> {
    for _ in 0..options.attempts.max(1) {
        // A process in another root directory sees only some of these.
        let listed = queries::list(scope, 0).ok()?;
        let mut table = reading.table(options, origin.clone()).ok()?;
        if let Some(ids) = ids_of_rows(scope, &table, &listed) {
            table.set_unique_ids(ids);
            return Some(table);
        }
    }
    None
}

/// The unique id of each row; `None` if one is not known, or they are not in order.
///
/// A mount that was listed before the reading, and answers after it, was there meanwhile. So the
/// row with its reused id is its own.
fn ids_of_rows(scope: &Scope, table: &MountTable, listed: &[u64]) -> Option<Vec<u64>> {
    let mut buffer = Vec::new();
    let mut known = HashMap::with_capacity(listed.len());
    for &id in listed {
        if let Ok(answer) = queries::ask(scope, id, statmount::MNT_BASIC, &mut buffer) {
            known.insert(answer.mount_id(), id);
        }
    }
    let ids = table
        .rows()
        .map(|row| known.get(&row.mount_id().0).copied());
    let ids: Vec<u64> = ids.collect::<Option<_>>()?;
    ids.is_sorted_by(|one, next| one < next).then_some(ids)
}
