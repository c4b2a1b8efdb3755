//! One mount namespace of a search: who lives there, and what its table says.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::holders::processes::{Member, inode_of};
use crate::ids::MountId;
use crate::kernel::procfs::ProcDir;
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::table::mount_table::MountTable;

/// So many bytes of tables are kept between the passes of a search; others are read again.
const KEPT: usize = 64 << 20;

/// A namespace that processes live in.
pub(super) struct Space {
    pub(super) inode: u64,
    pub(super) members: Vec<Member>,
    /// The first member whose table could be read: it speaks for all.
    pub(super) speaker: Member,
    /// The mounts that hold the one that is asked about.
    pub(super) mounts: Vec<MountInfo>,
    /// Binds of mount namespaces: of which inode, where.
    pub(super) binds: Vec<(u64, PathBuf)>,
    table: OnceLock<Option<MountTable>>,
}

impl Space {
    /// Reads the table of the first member that is still there; `None` if all have ended.
    pub(super) fn read(
        proc: &ProcDir,
        (inode, members): (u64, Vec<Member>),
        mount: &MountInfo,
        kept: &AtomicUsize,
    ) -> Option<Self> {
        let read = |member: &Member| text(proc, member).map(|text| (*member, text));
        let (speaker, text) = members.iter().find_map(read)?;
        let size = text.len();
        let table = MountTable::from_bytes(text);
        let holding = table.rows().filter(|row| holds(row, mount));
        let mounts = holding.map(MountInfo::from).collect();
        let namespaces = table.rows().filter(|row| row.has_fs_type("nsfs"));
        let bind = |row: Row<'_>| Some((inode_of(&row.root())?, row.mount_point().into_owned()));
        let binds = namespaces.filter_map(bind).collect();
        let is_kept = kept.fetch_add(size, Ordering::Relaxed) + size <= KEPT;
        Some(Self {
            inode,
            members,
            speaker,
            mounts,
            binds,
            table: if is_kept {
                Some(table).into()
            } else {
                OnceLock::new()
            },
        })
    }

    /// Its table, as it was or as it is now; `None` if nobody is left to read it by.
    pub(super) fn table(&self, proc: &ProcDir) -> Option<&MountTable> {
        let read = |member: &Member| text(proc, member).map(MountTable::from_bytes);
        let again = || self.members.iter().find_map(read);
        self.table.get_or_init(again).as_ref()
    }

    /// The mounts of its table that are not binds of namespaces; none if the table was not kept.
    pub(super) fn plain(&self) -> impl Iterator<Item = MountId> + '_ {
        let rows = self.table.get().and_then(Option::as_ref).into_iter();
        let rows = rows.flat_map(MountTable::rows);
        rows.filter(|row| !row.has_fs_type("nsfs"))
            .map(|row| row.mount_id())
    }

    /// Forgets the table.
    pub(super) fn forget(&mut self) {
        self.table = OnceLock::new();
    }
}

fn text(proc: &ProcDir, member: &Member) -> Option<Vec<u8>> {
    proc.read(member.file("mountinfo")).ok()
}

/// Whether a mount keeps the file system of `mount`, or the part of it that `mount` shows.
pub(super) fn holds(row: &Row<'_>, mount: &MountInfo) -> bool {
    row.device() == mount.device && row.root().starts_with(&mount.root)
}
