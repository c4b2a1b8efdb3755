//! How processes use mounts: by links, mapped files, descriptors and bound sockets.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::holders::processes::Member;
use crate::holders::report::MountUse;
use crate::holders::uses::maps::{Mapped, mapped_files};
use crate::holders::uses::seen_from::{inside, may_wait};
use crate::holders::uses::sockets;
use crate::ids::MountId;
use crate::kernel::identity::identity_at;
use crate::kernel::procfs::ProcDir;
use crate::row::mount_info::MountInfo;
use crate::row::parse::decimal;
use crate::table::mount_table::MountTable;

/// A search for the uses of some mounts.
pub(crate) struct Uses<'p> {
    proc: &'p ProcDir,
    /// The file system that is asked about.
    mount: &'p MountInfo,
    /// The mounts that hold it, in all namespaces, and itself: it may be in none any more.
    ids: HashSet<MountId>,
    /// Their mount points, which paths of sockets are compared with first.
    points: Vec<PathBuf>,
    /// Bound sockets at or below such a point, by the link of their network namespace.
    sockets: BTreeMap<PathBuf, HashMap<u64, PathBuf>>,
}

impl<'p> Uses<'p> {
    pub(crate) fn new(proc: &'p ProcDir, mount: &'p MountInfo, holding: &[MountInfo]) -> Self {
        let all = || holding.iter().chain([mount]);
        let mut points: Vec<PathBuf> = all().map(|info| info.mount_point.clone()).collect();
        points.sort();
        points.dedup();
        Self {
            proc,
            mount,
            ids: all().map(|info| info.mount_id).collect(),
            points,
            sockets: BTreeMap::new(),
        }
    }

    /// How one process uses the mounts. `table` is that of its namespace.
    pub(crate) fn of(&mut self, member: &Member, table: &MountTable) -> Vec<MountUse> {
        let root = self.proc.link(member.file("root")).unwrap_or_default();
        let mut uses: Vec<MountUse> = [
            ("cwd", MountUse::WorkingDirectory),
            ("root", MountUse::RootDirectory),
            ("exe", MountUse::Executable),
        ]
        .into_iter()
        .filter(|(name, _)| self.is_link_there(&member.file(name), &root, table))
        .map(|(_, how)| how)
        .collect();
        let maps = self.proc.read(member.file("maps")).unwrap_or_default();
        if mapped_files(&maps).any(|file| self.is_map_there(&file, &root, table)) {
            uses.push(MountUse::Mapping);
        }
        self.add_descriptors(member, &root, table, &mut uses);
        uses
    }

    /// Whether a link of procfs leads to one of the mounts. It is opened as a place only. Where even that may
    /// have to wait for a server, the path says it.
    fn is_link_there(&self, link: &str, root: &Path, table: &MountTable) -> bool {
        let Ok(text) = self.proc.link(link) else {
            return false;
        };
        let by_path = inside(&text, root).and_then(|path| table.mount_of(&path));
        if let Some(row) = by_path.filter(may_wait) {
            return self.ids.contains(&row.mount_id());
        }
        let file = self.proc.follow(link, OFlags::PATH).ok();
        let seen = file.and_then(|file| identity_at(&file, Path::new("")).ok());
        seen.and_then(|seen| seen.mount_id)
            .is_some_and(|id| self.ids.contains(&id))
    }

    /// Whether a mapped file lies on one of the mounts: by its path, or, where that leads nowhere (any more), by
    /// its device.
    fn is_map_there(&self, file: &Mapped<'_>, root: &Path, table: &MountTable) -> bool {
        let is_of_device = file.device == self.mount.device;
        match inside(file.path, root).and_then(|path| table.mount_of(&path)) {
            Some(row) if self.ids.contains(&row.mount_id()) => true,
            // Another mount of the file system has the file at this path.
            Some(row) => is_of_device && row.device() != file.device,
            None => is_of_device,
        }
    }

    /// Mount ids are the same in all namespaces, so a descriptor that was passed on is seen too.
    fn add_descriptors(
        &mut self,
        member: &Member,
        root: &Path,
        table: &MountTable,
        uses: &mut Vec<MountUse>,
    ) {
        let bound = self.bound_near(member);
        let numbers = self.proc.numbers(member.file("fdinfo")).unwrap_or_default();
        let ours =
            |number: u32| member.pid == std::process::id() && number == self.proc.descriptor();
        for number in numbers.into_iter().filter(|&number| !ours(number)) {
            let info = self
                .proc
                .read_first(member.file(&format!("fdinfo/{number}")));
            if mount_of_fdinfo(&info.unwrap_or_default()).is_some_and(|id| self.ids.contains(&id)) {
                uses.push(MountUse::Descriptor(number));
            } else if let Some(path) = self.socket(member, number, &bound) {
                let top = inside(&path, root).and_then(|path| table.mount_of(&path));
                if top.is_some_and(|row| self.ids.contains(&row.mount_id())) {
                    uses.push(MountUse::Socket(path));
                }
            }
        }
    }

    /// Where the socket is bound that a descriptor is of.
    fn socket(
        &self,
        member: &Member,
        descriptor: u32,
        bound: &HashMap<u64, PathBuf>,
    ) -> Option<PathBuf> {
        if bound.is_empty() {
            return None;
        }
        let link = self.proc.link(member.file(&format!("fd/{descriptor}")));
        bound.get(&sockets::inode_of(&link.ok()?)?).cloned()
    }

    /// The sockets of a process's network namespace that are bound at or below one of the mount points. Each
    /// namespace is read once.
    fn bound_near(&mut self, member: &Member) -> HashMap<u64, PathBuf> {
        let Ok(namespace) = self.proc.link(member.file("ns/net")) else {
            return HashMap::new();
        };
        let (proc, points) = (self.proc, &self.points);
        let found = self.sockets.entry(namespace).or_insert_with(|| {
            let text = proc.read(member.file("net/unix")).unwrap_or_default();
            let near = |path: &Path| points.iter().any(|point| path.starts_with(point));
            let bound = sockets::bound(&text).filter(|(_, path)| near(path));
            bound
                .map(|(inode, path)| (inode, path.to_owned()))
                .collect()
        });
        found.clone()
    }
}

/// The number after `mnt_id:`.
fn mount_of_fdinfo(text: &[u8]) -> Option<MountId> {
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
