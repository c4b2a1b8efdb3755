//! Finds how processes use a mount: by links, mapped files, descriptors and bound sockets.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::holders::facts::process_facts::{FileKind, ProcessFacts};
use crate::holders::processes::member::Member;
use crate::holders::report::MountUse;
use crate::holders::uses::bound_sockets::{Bound, BoundSockets};
use crate::holders::uses::seen_from::inside;
use crate::ids::{Device, MountId};
use crate::kernel::procfs::ProcDir;
use crate::row::mount_info::MountInfo;
use crate::table::mount_table::MountTable;

/// A search for the uses of a mount.
pub(crate) struct Uses<'p> {
    proc: &'p ProcDir,
    /// The mount in question.
    mount: &'p MountInfo,
    /// The ids of the mounts that hold it, in all namespaces, and of the mount itself, which may be
    /// in no namespace any more.
    ids: HashSet<MountId>,
    /// The sockets that are bound at or below one of the mount points.
    sockets: BoundSockets<'p>,
    /// Whether all known mounts of its file system hold it.
    is_whole: bool,
}

/// It is not known whether something is on one of the mounts.
struct Unknown;

/// How a process uses the mount.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) uses: Vec<MountUse>,
    /// Whether something of it could not be read, although it runs.
    pub(crate) has_gap: bool,
}

impl<'p> Uses<'p> {
    pub(crate) fn new(
        proc: &'p ProcDir,
        mount: &'p MountInfo,
        holding: &[MountInfo],
        is_whole: bool,
    ) -> Self {
        let all = || holding.iter().chain([mount]);
        let mut points: Vec<PathBuf> = all().map(|info| info.mount_point.clone()).collect();
        points.sort();
        points.dedup();
        Self {
            proc,
            mount,
            ids: all().map(|info| info.mount_id).collect(),
            sockets: BoundSockets::below(proc, points),
            is_whole,
        }
    }

    /// How one process uses the mount. `table` is the table of its namespace.
    pub(crate) fn of(&self, member: &Member, facts: &ProcessFacts, table: &MountTable) -> Found {
        let links = facts.links.iter();
        let links = links.filter(|link| self.ids.contains(&link.mount));
        let mut found = Found {
            uses: links.map(|link| link.how.clone()).collect(),
            has_gap: facts.has_gap,
        };
        let mut maps = facts.maps.iter();
        if maps.any(|(device, path)| self.is_map_there(*device, path, &facts.root, table)) {
            found.uses.push(MountUse::Mapping);
        }
        let mut bound = None;
        for file in &facts.descriptors {
            match file.kind {
                _ if file.mount.is_some_and(|id| self.ids.contains(&id)) => {
                    found.uses.push(MountUse::Descriptor(file.number));
                }
                FileKind::Socket(inode) => {
                    let bound = bound.get_or_insert_with(|| self.bound(member));
                    match bound
                        .as_ref()
                        .map(|bound| self.socket(inode, bound, facts, table))
                    {
                        Some(Ok(path)) => found.uses.extend(path.map(MountUse::Socket)),
                        Some(Err(Unknown)) | None => found.has_gap = true,
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The bound sockets of its network namespace; `None` if they cannot be read although the
    /// process runs.
    fn bound(&self, member: &Member) -> Option<Arc<Bound>> {
        match self.sockets.of(member) {
            Ok(bound) => Some(bound),
            // What has ended uses nothing.
            Err(_) => (!member.runs(self.proc)).then(Arc::default),
        }
    }

    /// The path of a socket that is bound on one of the mounts. The kernel tells only the file
    /// system of one that was bound by a relative path.
    fn socket(
        &self,
        inode: u64,
        bound: &Bound,
        facts: &ProcessFacts,
        table: &MountTable,
    ) -> Result<Option<PathBuf>, Unknown> {
        if let Some((path, device)) = bound.relative.get(&inode) {
            return match device {
                Some(device) if *device != self.mount.device => Ok(None),
                Some(_) if self.is_whole => Ok(Some(path.clone())),
                _ => Err(Unknown),
            };
        }
        let path = bound.paths.get(&inode);
        let is_there = |path: &&PathBuf| self.is_socket_there(path, facts, table);
        Ok(path.filter(is_there).cloned())
    }

    fn is_socket_there(&self, path: &Path, facts: &ProcessFacts, table: &MountTable) -> bool {
        let top = inside(path, &facts.root).and_then(|path| table.mount_of(&path));
        top.is_some_and(|row| self.ids.contains(&row.mount_id()))
    }

    /// Whether a mapped file lies on one of the mounts. The path decides. If it leads nowhere, or
    /// not any more, the device decides.
    fn is_map_there(&self, device: Device, path: &Path, root: &Path, table: &MountTable) -> bool {
        let is_of_device = device == self.mount.device;
        match inside(path, root).and_then(|path| table.mount_of(&path)) {
            Some(row) if self.ids.contains(&row.mount_id()) => true,
            // If the row has the device of the file, another mount of the file system has the file.
            // If not, something else lies at this path now, and the device decides.
            Some(row) => is_of_device && row.device() != device,
            None => is_of_device,
        }
    }
}
