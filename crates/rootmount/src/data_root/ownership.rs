//! Decides who owns the mount at a data root, by comparing the record with the mount. Pure.

use std::fmt;
use std::path::{Path, PathBuf};

use mountscan::Row;

use crate::data_root::record::{Record, RecordFile};
use crate::mount::{MountRef, Same, same};
use crate::path_text::escape;

/// Who owns the mount at a data root, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ownership {
    /// The record names the mount that is there: it is ours.
    Ours,
    /// moby's marker is there, and the mount is what moby would have mounted.
    Moby,
    /// There is no record.
    Unrecorded,
    /// moby's marker is there, but the mount is not moby's, or there is none.
    MobyStale(String),
    /// The record was written before the machine was last started.
    OtherBoot,
    /// The record is of this root and this boot, but another mount is there now, or none.
    OtherMount,
    /// The record is of another data root.
    OtherRoot(PathBuf),
    /// The record cannot be read as one.
    Corrupt(String),
    /// The caller may not read the record.
    Unreadable,
}

/// The mount that is visible at a data root now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mounted {
    pub(crate) mount: MountRef,
    pub(crate) shared: bool,
    pub(crate) self_bind: SelfBind,
}

/// Whether a mount shows the very directory that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SelfBind {
    /// It does.
    Yes,
    /// It shows something else.
    No,
    /// The mount below is not visible from here (a chroot).
    Unknown,
}

impl Ownership {
    /// Whether the mount is to be unmounted when the daemon stops.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Ours | Self::Moby)
    }

    /// The ownership in one word: `ours`, `moby`, `unrecorded`, `moby-stale`, `other-boot`,
    /// `other-mount`, `other-root`, `corrupt` or `unreadable`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Moby => "moby",
            Self::Unrecorded => "unrecorded",
            Self::MobyStale(_) => "moby-stale",
            Self::OtherBoot => "other-boot",
            Self::OtherMount => "other-mount",
            Self::OtherRoot(_) => "other-root",
            Self::Corrupt(_) => "corrupt",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Compares a record with what is mounted at `path` now.
pub(crate) fn recognise(
    file: &RecordFile,
    boot_id: Option<&str>,
    path: &Path,
    mounted: Option<&Mounted>,
) -> Ownership {
    match file {
        RecordFile::Absent => Ownership::Unrecorded,
        RecordFile::Corrupt(why) => Ownership::Corrupt(why.clone()),
        RecordFile::Unreadable => Ownership::Unreadable,
        RecordFile::Moby => match moby_test(path, mounted) {
            Ok(()) => Ownership::Moby,
            Err(why) => Ownership::MobyStale(why.to_owned()),
        },
        RecordFile::Written(record) if boot_id != Some(&record.boot_id) => Ownership::OtherBoot,
        RecordFile::Written(record) if record.path != path => {
            Ownership::OtherRoot(record.path.clone())
        }
        RecordFile::Written(record) => match mounted {
            Some(mount) if is_recorded(record, mount) => Ownership::Ours,
            _ => Ownership::OtherMount,
        },
    }
}

/// Whether the record names this mount. A record without ids was written before they were
/// known; it names any mount of the directory onto itself.
fn is_recorded(record: &Record, mounted: &Mounted) -> bool {
    let has_no_ids = record.mount_id.is_none() && record.unique_id.is_none();
    match same(&record.facts(), &mounted.mount.facts()) {
        Same::Yes => true,
        Same::Unknown => has_no_ids && mounted.self_bind == SelfBind::Yes,
        Same::No => false,
    }
}

/// moby's `shouldUnmountRoot`, but by components, and by the exact test if the mount below can
/// be seen.
fn moby_test(path: &Path, mounted: Option<&Mounted>) -> Result<(), &'static str> {
    let mount = mounted.ok_or("nothing is mounted at the root")?;
    if !mount.shared {
        return Err("the mount is not shared");
    }
    match mount.self_bind {
        SelfBind::Yes => Ok(()),
        SelfBind::No => Err("the mount is not the root bound onto itself"),
        SelfBind::Unknown if looks_like_self_bind(path, &mount.mount.root) => Ok(()),
        SelfBind::Unknown => Err("the mount does not look like the root bound onto itself"),
    }
}

/// Whether one of the two is the other's tail, by components: the filesystem may
/// be mounted above the root (`/docker` at `/foo/docker`), or be a subvolume
/// (`/@/var/lib/docker` at `/var/lib/docker`).
pub(crate) fn looks_like_self_bind(path: &Path, root_field: &Path) -> bool {
    let Ok(inner) = root_field.strip_prefix("/") else {
        return false;
    };
    let Ok(outer) = path.strip_prefix("/") else {
        return false;
    };
    let named = !inner.as_os_str().is_empty() && !outer.as_os_str().is_empty();
    named && (outer.ends_with(inner) || inner.ends_with(outer))
}

/// The exact test: the mount shows the directory of the mount below that it covers.
pub(crate) fn is_self_bind(row: Row<'_>, below: Option<Row<'_>>) -> SelfBind {
    let Some(below) = below else {
        return SelfBind::Unknown;
    };
    if below.mount_id() == row.mount_id() {
        return SelfBind::Unknown;
    }
    let point = row.mount_point();
    let below_point = below.mount_point();
    let Ok(inside) = point.strip_prefix(&*below_point) else {
        return SelfBind::Unknown;
    };
    let mut covered = below.root().into_owned();
    if !inside.as_os_str().is_empty() {
        covered.push(inside);
    }
    if row.device() == below.device() && row.root() == covered {
        SelfBind::Yes
    } else {
        SelfBind::No
    }
}

impl fmt::Display for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("the ownership record names the mount at the root"),
            Self::Moby => f.write_str("moby's marker is there and the root is bound onto itself"),
            Self::Unrecorded => f.write_str("there is no ownership record"),
            Self::MobyStale(why) => write!(f, "moby's marker is there, but {why}"),
            Self::OtherBoot => f.write_str("the ownership record is from before the last boot"),
            Self::OtherMount => f.write_str("the ownership record is for another mount"),
            Self::OtherRoot(path) => write!(f, "the ownership record is for {}", escape(path)),
            Self::Corrupt(why) => write!(f, "the ownership record is corrupt: {why}"),
            Self::Unreadable => {
                f.write_str("the ownership record cannot be read without privileges")
            }
        }
    }
}

impl fmt::Display for SelfBind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests;
