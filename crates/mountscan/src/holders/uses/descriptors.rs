//! Finds the descriptors of a process that are of some mounts, of bound sockets or of mount
//! namespaces.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;
use crate::holders::processes::listing::inode_of as namespace_inode;
use crate::holders::processes::member::Member;
use crate::holders::processes::stat::is_over;
use crate::holders::uses::bound_sockets::{Bound, BoundSockets};
use crate::holders::uses::sockets;
use crate::ids::MountId;
use crate::kernel::procfs::ProcDir;
use crate::row::mount_info::MountInfo;
use crate::row::parse::decimal;

/// What the search wants to know about descriptors.
pub(super) struct Descriptors<'p> {
    proc: &'p ProcDir,
    /// Whether descriptors of mount namespaces are wanted.
    wants_namespaces: bool,
    /// Mounts of ordinary files. A descriptor on one of these is neither a socket nor a namespace.
    plain: HashSet<MountId>,
    /// The sockets that are bound at or below one of the mount points.
    sockets: BoundSockets<'p>,
}

/// What a descriptor belongs to.
pub(super) enum Kind {
    /// A file on one of the mounts: the number of the descriptor.
    OnMount(u32),
    /// A socket that is bound at or below one of the mount points.
    Socket(PathBuf),
    /// A mount namespace: the number of the descriptor, and the inode of the namespace.
    Namespace(u32, u64),
    /// It could not be read what it belongs to.
    Unread,
}

impl<'p> Descriptors<'p> {
    pub(super) fn new(
        proc: &'p ProcDir,
        holding: &[MountInfo],
        plain: HashSet<MountId>,
        wants_namespaces: bool,
    ) -> Self {
        let points = holding.iter().map(|info| info.mount_point.clone());
        let mut points: Vec<PathBuf> = points.collect();
        points.sort();
        points.dedup();
        Self {
            proc,
            wants_namespaces,
            plain,
            sockets: BoundSockets::below(proc, points),
        }
    }

    /// Looks at the descriptors of one process. Mount ids are the same in all namespaces. So a
    /// descriptor that came from a process of another namespace is found, too.
    pub(super) fn of(
        &self,
        member: &Member,
        is_own: bool,
        ids: &HashSet<MountId>,
    ) -> Result<Vec<Kind>, Error> {
        let numbers = self.proc.numbers(member.file("fdinfo"))?;
        // The search itself has procfs open. That is no use of a mount. A thread with descriptors
        // of its own can have something else under that number.
        let procfs = is_own.then(|| self.proc.place_of(".")).flatten();
        let procfs = procfs.map(|(id, _)| id);
        let is_ours = |number: u32, id: Option<MountId>| {
            is_own && number == self.proc.descriptor() && (procfs.is_none() || procfs == id)
        };
        let mut bound = None;
        let kinds = numbers.into_iter().filter_map(|number| {
            match self.kind(member, number, ids, &mut bound, &is_ours) {
                Ok(kind) => kind,
                // It was closed since the list was made.
                Err(error) if is_over(&error) => None,
                Err(_) => Some(Kind::Unread),
            }
        });
        Ok(kinds.collect())
    }

    fn kind(
        &self,
        member: &Member,
        number: u32,
        ids: &HashSet<MountId>,
        bound: &mut Option<Arc<Bound>>,
        is_ours: &dyn Fn(u32, Option<MountId>) -> bool,
    ) -> Result<Option<Kind>, Error> {
        // fdinfo names the mount in its first lines. Nothing has to be opened or followed for
        // that.
        let info = member.file(&format!("fdinfo/{number}"));
        Ok(match mount_of_fdinfo(&self.proc.read_first(info)?) {
            id if is_ours(number, id) => None,
            Some(id) if ids.contains(&id) => Some(Kind::OnMount(number)),
            Some(id) if self.plain.contains(&id) => None,
            // Sockets and namespace files are on mounts of the kernel, which are in no table.
            _ => self.by_link(member, number, bound)?,
        })
    }

    fn by_link(
        &self,
        member: &Member,
        number: u32,
        bound: &mut Option<Arc<Bound>>,
    ) -> Result<Option<Kind>, Error> {
        let link = self.proc.link(member.file(&format!("fd/{number}")))?;
        if let Some(inode) = sockets::inode_of(&link) {
            // Its error says nothing about this descriptor, which is still open.
            if bound.is_none() {
                *bound = self.sockets.of(member).ok();
            }
            let Some(bound) = bound else {
                return Ok(Some(Kind::Unread));
            };
            return Ok(bound.get(&inode).cloned().map(Kind::Socket));
        }
        let inode = namespace_inode(&link).filter(|_| self.wants_namespaces);
        Ok(inode.map(|inode| Kind::Namespace(number, inode)))
    }
}

/// The number after `mnt_id:`.
pub(crate) fn mount_of_fdinfo(text: &[u8]) -> Option<MountId> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let number = lines.find_map(|line| line.strip_prefix(b"mnt_id:"))?;
    decimal(number.trim_ascii()).map(MountId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_mount_of_a_descriptor() {
        let text = b"pos:\t0\nflags:\t0100002\nmnt_id:\t27\nino:\t9\n";
        assert_eq!(mount_of_fdinfo(text), Some(MountId(27)));
        assert_eq!(mount_of_fdinfo(b"mnt_id:\tx\n"), None);
    }
}
