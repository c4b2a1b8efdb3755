//! Finds how processes use mounts: by links, mapped files, descriptors and bound sockets.

use std::collections::HashSet;
use std::path::Path;

use rustix::fs::OFlags;

use crate::error::Error;
use crate::holders::processes::listing::own_pid;
use crate::holders::processes::member::Member;
use crate::holders::report::MountUse;
use crate::holders::uses::descriptors::{Descriptors, Kind};
use crate::holders::uses::maps::{Mapped, mapped_files};
use crate::holders::uses::seen_from::{inside, may_wait};
use crate::ids::MountId;
use crate::kernel::identity::identity_at;
use crate::kernel::procfs::ProcDir;
use crate::row::mount_info::MountInfo;
use crate::table::mount_table::MountTable;

/// How often a process is looked at, of which something could not be read. It may have ended in
/// between, or started another program.
pub(crate) const LOOKS: usize = 3;

/// A search for the uses of some mounts.
pub(crate) struct Uses<'p> {
    proc: &'p ProcDir,
    /// The mount in question.
    mount: &'p MountInfo,
    /// The ids of the mounts that hold it, in all namespaces, and of the mount itself, which may be
    /// in no namespace any more.
    ids: HashSet<MountId>,
    descriptors: Descriptors<'p>,
    own: Option<u32>,
}

/// How a process uses the mounts.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) uses: Vec<MountUse>,
    /// Its descriptors of mount namespaces: the number, and the inode of the namespace.
    pub(crate) namespaces: Vec<(u32, u64)>,
    /// Whether something of it could not be read, although it runs.
    pub(crate) has_gap: bool,
}

impl Found {
    /// What was read. What could not be read is noted.
    fn seen<T>(&mut self, read: Result<T, Error>) -> Option<T> {
        self.has_gap |= read.is_err();
        read.ok()
    }
}

impl<'p> Uses<'p> {
    pub(crate) fn new(
        proc: &'p ProcDir,
        mount: &'p MountInfo,
        holding: &[MountInfo],
        plain: HashSet<MountId>,
        wants_namespaces: bool,
    ) -> Self {
        let all: Vec<MountInfo> = holding.iter().chain([mount]).cloned().collect();
        Self {
            proc,
            mount,
            ids: all.iter().map(|info| info.mount_id).collect(),
            descriptors: Descriptors::new(proc, &all, plain, wants_namespaces),
            own: own_pid(proc),
        }
    }

    /// How one process uses the mounts. `table` is the table of its namespace.
    pub(crate) fn of(&self, member: &Member, table: &MountTable) -> Found {
        let mut found = Found::default();
        for _ in 0..LOOKS {
            found = self.look(member, table);
            // What has ended uses nothing, and a thread of the kernel runs no program.
            found.has_gap = found.has_gap && member.runs(self.proc);
            if !found.has_gap {
                break;
            }
        }
        found
    }

    fn look(&self, member: &Member, table: &MountTable) -> Found {
        let mut found = Found::default();
        // Links and maps show paths from outside. Without this root they fit no table of the
        // process.
        let root = found.seen(self.proc.link(member.file("root")));
        let inner = root.clone().unwrap_or_default();
        let (place, memory) = (member.has_own_place(), member.has_own_memory());
        for (name, is_own, how) in [
            ("cwd", place, MountUse::WorkingDirectory),
            ("root", place, MountUse::RootDirectory),
            ("exe", memory, MountUse::Executable),
        ] {
            let text = match name {
                "root" => root.clone(),
                _ if is_own => found.seen(self.proc.link(member.file(name))),
                _ => None,
            };
            let Some(text) = text.filter(|_| is_own) else {
                continue;
            };
            let there = self.is_link_there(&member.file(name), &text, &inner, table);
            if found.seen(there) == Some(true) {
                found.uses.push(how);
            }
        }
        if memory {
            let maps = found.seen(self.proc.read(member.file("maps")));
            let maps = maps.unwrap_or_default();
            if mapped_files(&maps).any(|file| self.is_map_there(&file, &inner, table)) {
                found.uses.push(MountUse::Mapping);
            }
        }
        if member.shows_descriptors() {
            self.add_descriptors(member, &inner, table, &mut found);
        }
        found
    }

    fn add_descriptors(&self, member: &Member, root: &Path, table: &MountTable, found: &mut Found) {
        // Our own descriptor of procfs must not count as a use.
        let is_own = self.own == Some(member.pid);
        let kinds = self.descriptors.of(member, is_own, &self.ids);
        for kind in found.seen(kinds).unwrap_or_default() {
            match kind {
                Kind::OnMount(number) => found.uses.push(MountUse::Descriptor(number)),
                Kind::Socket(path) => {
                    let top = inside(&path, root).and_then(|path| table.mount_of(&path));
                    if top.is_some_and(|row| self.ids.contains(&row.mount_id())) {
                        found.uses.push(MountUse::Socket(path));
                    }
                }
                // Shared descriptors are named once, by the process.
                Kind::Namespace(number, inode) if member.has_own_descriptors() => {
                    found.namespaces.push((number, inode));
                }
                Kind::Namespace(..) => {}
                Kind::Unread => found.has_gap = true,
            }
        }
    }

    /// Whether a link of procfs leads to one of the mounts. If even the look-up may have to wait
    /// for a server, the path alone decides.
    fn is_link_there(
        &self,
        link: &str,
        text: &Path,
        root: &Path,
        table: &MountTable,
    ) -> Result<bool, Error> {
        let by_path = inside(text, root).and_then(|path| table.mount_of(&path));
        if let Some(row) = by_path.filter(may_wait) {
            return Ok(self.ids.contains(&row.mount_id()));
        }
        if let Some((id, _)) = self.proc.place_of(link) {
            return Ok(self.ids.contains(&id));
        }
        // A kernel before 5.8 tells the mount of an open file only.
        let file = self.proc.follow(link, OFlags::PATH)?;
        let id = identity_at(&file, Path::new(""))?.mount_id;
        Ok(id.is_some_and(|id| self.ids.contains(&id)))
    }

    /// Whether a mapped file lies on one of the mounts. The path decides. If it leads nowhere, or
    /// not any more, the device decides.
    fn is_map_there(&self, file: &Mapped<'_>, root: &Path, table: &MountTable) -> bool {
        let is_of_device = file.device == self.mount.device;
        match inside(file.path, root).and_then(|path| table.mount_of(&path)) {
            Some(row) if self.ids.contains(&row.mount_id()) => true,
            // If the row has the device of the file, another mount of the file system has the file.
            // If not, something else lies at this path now, and the device decides.
            Some(row) => is_of_device && row.device() != file.device,
            None => is_of_device,
        }
    }
}
