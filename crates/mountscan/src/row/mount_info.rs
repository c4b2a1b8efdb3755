//! One row that owns its fields.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::id_maps::IdMaps;
use crate::ids::{Device, MountId, UniqueMountId};
use crate::row::borrowed::Row;
use crate::row::parse::RowError;
use crate::row::propagation::{PeerGroup, Propagation};

/// One row of a mount table, owned: every field of mountinfo, decoded.
///
/// The numbers in the field docs are those of `proc_pid_mountinfo(5)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MountInfo {
    /// (1) The mount's id. It is reused when the mount is gone.
    pub mount_id: MountId,
    /// (2) The id of the mount on which it is mounted.
    pub parent_id: MountId,
    /// The id that is never reused, if the row was read by a route that gives it.
    pub unique_id: Option<UniqueMountId>,
    /// (3) The device number.
    pub device: Device,
    /// (4) The directory of the file system that is the root of this mount, without the deletion
    /// mark.
    pub root: PathBuf,
    /// Whether that directory has been removed.
    pub is_root_deleted: bool,
    /// (5) Where it is mounted.
    pub mount_point: PathBuf,
    /// (6) Options of this mount, in order, with repeats.
    pub mount_options: Vec<OsString>,
    /// The id maps of an idmapped mount; `None` for any other mount.
    pub id_maps: Option<IdMaps>,
    /// (7) `shared:N`: the peer group of which it is a member.
    pub shared: Option<PeerGroup>,
    /// (7) `master:N`: the peer group from which it receives events.
    pub master: Option<PeerGroup>,
    /// (7) `propagate_from:N`: the nearest dominant peer group under the reader's root.
    pub propagate_from: Option<PeerGroup>,
    /// (7) `unbindable`.
    pub is_unbindable: bool,
    /// (7) Optional fields that this version does not know, as the kernel printed them.
    pub unknown_tags: Vec<Vec<u8>>,
    /// (9) The file system type, with its subtype.
    pub fs_type: OsString,
    /// (10) What is mounted, in the words of the program that mounted it; may be empty.
    pub source: OsString,
    /// (11) Options of the file system, in order, with repeats; escapes in values are kept.
    pub super_options: Vec<OsString>,
}

impl MountInfo {
    /// Parses one line of mountinfo, without its newline. Use it for tests, or for a captured
    /// table.
    ///
    /// # Errors
    ///
    /// The reason, if the text is malformed.
    ///
    /// # Examples
    ///
    /// ```
    /// let line = b"36 35 98:0 /a /mnt rw,noatime master:1 - ext4 /dev/sdb rw";
    /// let info = mountscan::MountInfo::parse(line).unwrap();
    /// assert!(info.has_fs_type("ext4"));
    /// ```
    pub fn parse(line: &[u8]) -> Result<Self, RowError> {
        Row::parse(line).map(Self::from)
    }

    /// Whether the file system is of this type; as [`Row::has_fs_type`].
    pub fn has_fs_type(&self, name: impl AsRef<OsStr>) -> bool {
        self.fs_type == name.as_ref()
    }

    /// The propagation type that the tags give together.
    pub fn propagation(&self) -> Propagation {
        Propagation::of(self.shared, self.master, self.is_unbindable)
    }
}

impl From<Row<'_>> for MountInfo {
    fn from(row: Row<'_>) -> Self {
        Self {
            mount_id: row.mount_id(),
            parent_id: row.parent_id(),
            unique_id: row.unique_id(),
            device: row.device(),
            root: row.root().into_owned(),
            is_root_deleted: row.is_root_deleted(),
            mount_point: row.mount_point().into_owned(),
            mount_options: row.mount_options().map(OsString::from).collect(),
            id_maps: row.id_maps().cloned(),
            shared: row.shared(),
            master: row.master(),
            propagate_from: row.propagate_from(),
            is_unbindable: row.is_unbindable(),
            unknown_tags: row.unknown_tags().map(<[u8]>::to_vec).collect(),
            fs_type: row.fs_type().into_owned(),
            source: row.source().into_owned(),
            super_options: row.super_options().map(OsString::from).collect(),
        }
    }
}
