//! Finds who keeps a mount busy: the namespaces that have it or a copy of it, and what uses it.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use crate::error::Error;
use crate::holders::everywhere::listed::MountNamespace;
use crate::holders::in_parallel;
use crate::holders::options::HoldersOptions;
use crate::holders::processes::member::Member;
use crate::holders::processes::repeats::Repeats;
use crate::holders::report::{HolderNamespace, HolderProcess, Holders, MountUse};
use crate::holders::survey::{Looked, Survey};
use crate::holders::uses::kernel_uses::kernel_uses;
use crate::holders::uses::layer_paths::below_root_of;
use crate::holders::uses::layers::{keep_unplaced, users};
use crate::holders::uses::process_uses::{Found, Uses};
use crate::ids::Device;
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::table::mount_table::MountTable;

/// Finds the mount namespaces that hold `mount` or a copy of it, their processes, and what uses it.
///
/// A namespace holds the mount if it has a mount of the same file system, with the same root or a
/// root below it. Such a copy came by propagation or by cloning the namespace. It keeps the file
/// system busy. With `MS_SHARED` it also keeps the unmounting busy.
///
/// Each namespace and each process is read once. All tables are in memory at once. A namespace in
/// which no process lives is found only if [`HoldersOptions::unpopulated`] asks for it. It is not
/// found if its only bind is in another such namespace. For several questions, use a [`Survey`].
///
/// `mount` may have been detached meanwhile. Copies elsewhere are then found by its file system.
/// Processes that still use it are found by its mount id, as long as no other mount has got that
/// id.
///
/// Nothing mounted is touched. Sockets are found by the absolute path at which they were bound, or
/// by their file system if the path is relative. If many processes run, a few threads look at them.
/// These threads have ended when this returns.
///
/// # Errors
///
/// When procfs cannot be read at all. A process that ends meanwhile is passed over. A process that
/// cannot be read is counted.
///
/// # References
///
/// `mount_namespaces(7)`, `namespaces(7)`.
pub fn holders(mount: &MountInfo, options: &HoldersOptions) -> Result<Holders, Error> {
    Ok(Survey::look(options)?.holders(mount))
}

impl Survey {
    /// Who holds a mount or a copy of it, and what uses it: see [`holders`]. Uses are found if the
    /// options of the survey ask for them.
    ///
    /// Processes are not read again. Links of overlay layers, bound sockets, loop devices and swap
    /// files are read now.
    pub fn holders(&self, mount: &MountInfo) -> Holders {
        let all = self.namespaces.namespaces.iter();
        let all: Vec<(&MountNamespace, Vec<MountInfo>)> = all
            .map(|space| {
                let rows = space.table.rows().filter(|row| holds(row, mount));
                (space, rows.map(MountInfo::from).collect())
            })
            .collect();
        // All namespaces first: a process may use a mount of a namespace in which it does not live.
        let holding: Vec<MountInfo> = all.iter().flat_map(|(_, mounts)| mounts.clone()).collect();
        let rows = all.iter().flat_map(|(space, _)| space.table.rows());
        let is_whole = rows.filter(|row| row.device() == mount.device).count() == holding.len();
        let uses = Uses::new(&self.proc, mount, &holding, is_whole);
        let mut found = Holders {
            namespaces_read: all.len(),
            closed: self.namespaces.closed,
            ..Holders::default()
        };
        let mut unread = self.unread.clone();
        let mut placed = HashSet::new();
        for (space, mounts) in all {
            let is_there = !mounts.is_empty();
            let processes = self.processes(space, is_there, &uses, &mut unread);
            if is_there {
                let namespace = self.namespace(space, mounts, processes, &mut found, &mut placed);
                found.namespaces.push(namespace);
            } else {
                found.elsewhere.extend(processes);
            }
        }
        found.unreadable = unread.len();
        keep_unplaced(&mut found.unplaced, &placed);
        let by_number = |process: &HolderProcess| (process.pid, process.thread);
        found.elsewhere.sort_by_key(by_number);
        found
    }

    /// The processes of a namespace that use the mount, or that live where it is.
    fn processes(
        &self,
        space: &MountNamespace,
        is_there: bool,
        uses: &Uses<'_>,
        unread: &mut BTreeSet<u32>,
    ) -> Vec<HolderProcess> {
        let members = self.looked.get(&space.inode).map_or(&[][..], Vec::as_slice);
        let look = |seen: &Looked| uses.of(&seen.member, &seen.facts, &space.table);
        let all = in_parallel::map(members, |_| false, look);
        let mut repeats = Repeats::new();
        let mut processes = Vec::new();
        for (Looked { member, .. }, mut found) in members.iter().zip(all) {
            repeats.merge(member, &mut found.uses, MountUse::clone);
            unread.extend(found.has_gap.then_some(member.pid));
            processes.extend(self.record(space, member, is_there, found));
        }
        processes
    }

    /// Names a process for what it does, or for being in a namespace that has the mount. A thread
    /// beside its process is never named for being there.
    fn record(
        &self,
        space: &MountNamespace,
        member: &Member,
        is_there: bool,
        found: Found,
    ) -> Option<HolderProcess> {
        if found.uses.is_empty() && !(is_there && member.has_own_memory()) {
            return None;
        }
        let is_it =
            |known: &&HolderProcess| (known.pid, known.thread) == (member.pid, member.thread());
        let known = space
            .processes
            .binary_search_by_key(&member.pid, |known| known.pid);
        let known = known
            .ok()
            .and_then(|place| space.processes.get(place))
            .filter(is_it);
        let process = known.cloned().unwrap_or_else(|| member.process(&self.proc));
        Some(HolderProcess {
            uses: found.uses,
            is_unread: found.has_gap,
            ..process
        })
    }

    fn namespace(
        &self,
        space: &MountNamespace,
        mounts: Vec<MountInfo>,
        processes: Vec<HolderProcess>,
        found: &mut Holders,
        placed: &mut HashSet<Device>,
    ) -> HolderNamespace {
        let mut namespace = HolderNamespace {
            inode: space.inode,
            namespace_id: space.namespace_id,
            is_own: space.is_own,
            mounts,
            users: Vec::new(),
            processes,
            kept_by: space.kept_by.clone(),
        };
        let is_populated = space.kept_by.is_empty();
        if self.options.uses && is_populated {
            let members = self.looked.get(&space.inode).into_iter().flatten();
            let directories = members.map(|seen| seen.member.directory()).collect();
            let root = space.root.as_deref();
            let mut paths = below_root_of(&self.proc, &space.table, root, directories);
            let all = users(&space.table, &namespace.mounts, |row, path| {
                paths.find_of(row, path)
            });
            namespace.users = all.users;
            found.unplaced.extend(all.unplaced);
            placed.extend(all.placed);
            // The kernel prints these paths as the calling thread sees them: only its own table
            // knows them.
            if namespace.is_own {
                let is_there = |path: &Path| is_on(&space.table, path, &namespace.mounts);
                let all = kernel_uses(&self.proc, &self.options.sys, is_there);
                (found.kernel, found.kernel_unread) = (all.uses, all.unread);
            }
        }
        namespace
    }
}

/// Whether a mount keeps the file system of `mount`, or the part of it that `mount` shows.
fn holds(row: &Row<'_>, mount: &MountInfo) -> bool {
    // Not by mount id: each copy of a mount has an id of its own.
    row.device() == mount.device && row.root().starts_with(&mount.root)
}

fn is_on(table: &MountTable, path: &Path, mounts: &[MountInfo]) -> bool {
    let top = table.mount_of(path);
    top.is_some_and(|row| mounts.iter().any(|info| info.mount_id == row.mount_id()))
}

#[cfg(test)]
mod tests;
