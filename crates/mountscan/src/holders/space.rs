//! One mount namespace of a search: its processes, and what its table says.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::holders::processes::listing::inode_of;
use crate::holders::processes::member::Member;
use crate::ids::MountId;
use crate::kernel::procfs::ProcDir;
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::table::mount_table::MountTable;

/// How many bytes of tables are kept between the passes of a search. Other tables are read again.
const KEPT: usize = 64 << 20;

/// A namespace in which processes live.
pub(super) struct Space {
    pub(super) inode: u64,
    pub(super) members: Vec<Member>,
    /// The first member whose table could be read. Its table counts for all members.
    pub(super) speaker: Member,
    /// The text of its link to its root directory; `None` if it could not be read.
    pub(super) root: Option<PathBuf>,
    /// The mounts of this namespace that hold the mount in question.
    pub(super) mounts: Vec<MountInfo>,
    /// Binds of mount namespaces: the inode of the namespace, and the mount point.
    pub(super) binds: Vec<(u64, PathBuf)>,
    table: OnceLock<Option<MountTable>>,
}

impl Space {
    /// Reads the table of the first member that still lives; `None` if all have ended.
    pub(super) fn read(
        proc: &ProcDir,
        (inode, members): (u64, Vec<Member>),
        mount: &MountInfo,
        kept: &AtomicUsize,
    ) -> Option<Self> {
        let read = |member: &Member| text(proc, member).map(|text| (*member, text));
        // A process may end at any time. Any other one of the namespace tells the same mounts.
        let (speaker, text) = members.iter().find_map(read)?;
        let root = proc.link(speaker.file("root")).ok();
        let size = text.len();
        let table = MountTable::from_bytes(text);
        let holding = table.rows().filter(|row| holds(row, mount));
        let mounts = holding.map(MountInfo::from).collect();
        let namespaces = table.rows().filter(|row| row.has_fs_type("nsfs"));
        let bind = |row: Row<'_>| Some((inode_of(&row.root())?, row.mount_point().into_owned()));
        let binds = namespaces.filter_map(bind).collect();
        // Every table counts, kept or not: once the limit is passed, no later table is kept.
        let is_kept = kept.fetch_add(size, Ordering::Relaxed) + size <= KEPT;
        Some(Self {
            inode,
            members,
            speaker,
            root,
            mounts,
            binds,
            table: if is_kept {
                Some(table).into()
            } else {
                OnceLock::new()
            },
        })
    }

    /// Its table: the one that was kept, or else the table of now. `None` if no member is left to
    /// read it.
    pub(super) fn table(&self, proc: &ProcDir) -> Option<&MountTable> {
        let read = |member: &Member| text(proc, member).map(MountTable::from_bytes);
        let again = || self.members.iter().find_map(read);
        self.table.get_or_init(again).as_ref()
    }

    /// The mounts of its table, without binds of namespaces. Empty if the table was not kept.
    pub(super) fn plain(&self) -> impl Iterator<Item = MountId> + '_ {
        let rows = self.table.get().and_then(Option::as_ref).into_iter();
        let rows = rows.flat_map(MountTable::rows);
        rows.filter(|row| !row.has_fs_type("nsfs"))
            .map(|row| row.mount_id())
    }

    /// Forgets the table, to free its memory.
    pub(super) fn forget(&mut self) {
        self.table = OnceLock::new();
    }
}

fn text(proc: &ProcDir, member: &Member) -> Option<Vec<u8>> {
    proc.read(member.file("mountinfo")).ok()
}

/// Whether a mount keeps the file system of `mount`, or the part of it that `mount` shows.
pub(super) fn holds(row: &Row<'_>, mount: &MountInfo) -> bool {
    // Not by mount id: each copy of a mount has an id of its own.
    row.device() == mount.device && row.root().starts_with(&mount.root)
}
