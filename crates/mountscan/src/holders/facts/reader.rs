//! Reads what procfs says of processes. Each process is read once for all questions.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::Error;
use crate::holders::facts::process_facts::{DescriptorFacts, FileKind, LinkFacts, ProcessFacts};
use crate::holders::processes::listing::{inode_of as namespace_inode, own_pid};
use crate::holders::processes::member::Member;
use crate::holders::processes::stat::is_over;
use crate::holders::report::MountUse;
use crate::holders::uses::maps::mapped_files;
use crate::holders::uses::seen_from::{inside, may_wait};
use crate::holders::uses::sockets;
use crate::ids::{Device, MountId};
use crate::kernel::identity::identity_at;
use crate::kernel::procfs::ProcDir;
use crate::row::parse::decimal;
use crate::table::mount_table::MountTable;

/// How often a process is looked at, of which something could not be read. It may have ended in
/// between, or started another program.
pub(crate) const LOOKS: usize = 3;

/// Reads processes.
pub(crate) struct Reader<'p> {
    proc: &'p ProcDir,
    /// Mounts of ordinary files. A descriptor on one of these is neither a socket nor a namespace.
    plain: HashSet<MountId>,
    own: Option<u32>,
}

impl ProcessFacts {
    /// What was read. What could not be read is noted.
    fn seen<T>(&mut self, read: Result<T, Error>) -> Option<T> {
        self.has_gap |= read.is_err();
        read.ok()
    }
}

impl<'p> Reader<'p> {
    /// `tables` has those of all namespaces that are known.
    pub(crate) fn new<'t>(proc: &'p ProcDir, tables: impl Iterator<Item = &'t MountTable>) -> Self {
        let rows = tables.flat_map(MountTable::rows);
        let plain = rows.filter(|row| !row.has_fs_type("nsfs"));
        Self {
            proc,
            plain: plain.map(|row| row.mount_id()).collect(),
            own: own_pid(proc),
        }
    }

    /// Whether it is the own process. It is read before helper threads start: it must not show
    /// their open files.
    pub(crate) fn is_own(&self, member: &Member) -> bool {
        self.own == Some(member.pid)
    }

    /// Reads one process. `table` is the table of its namespace.
    pub(crate) fn read(&self, member: &Member, table: &MountTable) -> ProcessFacts {
        let mut facts = ProcessFacts::default();
        for _ in 0..LOOKS {
            facts = self.look(member, table);
            // What has ended uses nothing, and a thread of the kernel runs no program.
            facts.has_gap = facts.has_gap && member.runs(self.proc);
            if !facts.has_gap {
                break;
            }
        }
        facts
    }

    fn look(&self, member: &Member, table: &MountTable) -> ProcessFacts {
        let mut facts = ProcessFacts::default();
        // Links and maps show paths from outside. Without this root they fit no table of the
        // process.
        let root = facts.seen(self.proc.link(member.file("root")));
        facts.root = root.clone().unwrap_or_default();
        let (place, memory) = (member.has_own_place(), member.has_own_memory());
        for (name, is_own, how) in [
            ("cwd", place, MountUse::WorkingDirectory),
            ("root", place, MountUse::RootDirectory),
            ("exe", memory, MountUse::Executable),
        ] {
            let text = match name {
                "root" => root.clone(),
                _ if is_own => facts.seen(self.proc.link(member.file(name))),
                _ => None,
            };
            if let Some(text) = text.filter(|_| is_own) {
                let found = self.link(&member.file(name), &text, &facts.root, table);
                let found = facts.seen(found).flatten();
                facts
                    .links
                    .extend(found.map(|(mount, device)| LinkFacts { how, mount, device }));
            }
        }
        if memory {
            let maps = facts.seen(self.proc.read(member.file("maps")));
            facts.maps = files_of(&maps.unwrap_or_default());
        }
        if member.shows_descriptors() {
            self.add_descriptors(member, &mut facts);
        }
        facts
    }

    /// The mount to which a link of procfs leads. If even the look-up may have to wait for a
    /// server, the path alone decides.
    fn link(
        &self,
        link: &str,
        text: &Path,
        root: &Path,
        table: &MountTable,
    ) -> Result<Option<(MountId, Option<Device>)>, Error> {
        let by_path = inside(text, root).and_then(|path| table.mount_of(&path));
        if let Some(row) = by_path.filter(may_wait) {
            return Ok(Some((row.mount_id(), None)));
        }
        if let Some((id, device)) = self.proc.place_of(link) {
            return Ok(Some((id, Some(device))));
        }
        // A kernel before 5.8 tells the mount of an open file only.
        let file = self.proc.follow(link, OFlags::PATH)?;
        let id = identity_at(&file, Path::new(""))?.mount_id;
        Ok(id.map(|id| (id, None)))
    }

    /// Adds the descriptors. Mount ids are the same in all namespaces. So a descriptor that came
    /// from a process of another namespace is found, too.
    fn add_descriptors(&self, member: &Member, facts: &mut ProcessFacts) {
        let numbers = facts.seen(self.proc.numbers(member.file("fdinfo")));
        // The search itself has procfs open. That is no use of a mount. A thread with descriptors
        // of its own can have something else under that number.
        let is_own = self.is_own(member);
        let procfs = is_own.then(|| self.proc.place_of(".")).flatten();
        let procfs = procfs.map(|(id, _)| id);
        let is_ours = |number: u32, id: Option<MountId>| {
            is_own && number == self.proc.descriptor() && (procfs.is_none() || procfs == id)
        };
        for number in numbers.unwrap_or_default() {
            match self.descriptor(member, number) {
                Ok(file) if is_ours(number, file.mount) => {}
                Ok(file) => facts.descriptors.push(file),
                // It was closed since the list was made.
                Err(error) if is_over(&error) => {}
                Err(_) => facts.has_gap = true,
            }
        }
    }

    fn descriptor(&self, member: &Member, number: u32) -> Result<DescriptorFacts, Error> {
        // fdinfo names the mount in its first lines. Nothing has to be opened or followed for
        // that.
        let info = member.file(&format!("fdinfo/{number}"));
        let mount = mount_of_fdinfo(&self.proc.read_first(info)?);
        let kind = match mount.is_some_and(|id| self.plain.contains(&id)) {
            true => FileKind::File,
            // Sockets and namespace files are on mounts of the kernel, which are in no table.
            false => kind(&self.proc.link(member.file(&format!("fd/{number}")))?),
        };
        Ok(DescriptorFacts {
            number,
            mount,
            kind,
        })
    }
}

/// What an open file is, by the text of its link.
fn kind(link: &Path) -> FileKind {
    if let Some(inode) = sockets::inode_of(link) {
        return FileKind::Socket(inode);
    }
    match namespace_inode(link) {
        Some(inode) => FileKind::Namespace(inode),
        None if is_in_file_system(link) => FileKind::File,
        None => FileKind::Other,
    }
}

/// Whether the text of a link, or of a mapping, names a file in a file system that can be mounted.
/// The kernel's own files have names of their own kind, such as `memfd:`.
pub(crate) fn is_in_file_system(text: &Path) -> bool {
    // Memory that is shared in other ways looks like a removed file at the top.
    const REMOVED: [&str; 6] = [
        "[",
        "secretmem",
        "anon_hugepage",
        "SYSV",
        "i915",
        "drm mm object",
    ];
    let Some(name) = text.iter().nth(1).map(OsStr::as_encoded_bytes) else {
        return text.is_absolute();
    };
    let is_of = |own: &str| name.starts_with(own.as_bytes());
    let is_removed = text.iter().count() == 2 && name.ends_with(b" (deleted)");
    let is_own =
        is_of("dmabuf:") || is_of("memfd:") || is_removed && REMOVED.into_iter().any(is_of);
    text.is_absolute() && !is_own
}

/// The mapped files of a text, each once.
fn files_of(maps: &[u8]) -> Vec<(Device, PathBuf)> {
    let mut seen = HashSet::new();
    let files = mapped_files(maps).filter(|file| seen.insert((file.device, file.path)));
    files
        .map(|file| (file.device, file.path.to_owned()))
        .collect()
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

    #[test]
    fn what_a_descriptor_is_says_its_link() {
        for (text, want) in [
            ("/home/a", FileKind::File),
            ("/memfd:x (deleted)", FileKind::Other),
            ("/dmabuf:", FileKind::Other),
            ("/SYSV00000001 (deleted)", FileKind::Other),
            ("/SYSV/a (deleted)", FileKind::File),
            ("pipe:[7]", FileKind::Other),
            ("socket:[7]", FileKind::Socket(7)),
            ("mnt:[8]", FileKind::Namespace(8)),
            ("net:[8]", FileKind::Other),
        ] {
            assert_eq!(kind(Path::new(text)), want, "{text}");
        }
    }
}
