//! What a mount is known by, and whether two sightings are of the same mount. Pure.
//!
//! Every other file asks here. Nobody compares ids, devices or roots by hand.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use mountscan::{Device, MountId, Row, UniqueMountId};

/// What a mount is known by.
///
/// The unique id alone is enough: the kernel never gives it to another mount. Kernels before
/// 6.8 have no unique id. There the four other facts together are used; they are nearly as
/// good.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MountRef {
    /// The mount's id in the table. The kernel gives it to another mount once this one
    /// is gone.
    pub mount_id: MountId,
    /// The unique id, where the kernel has it and the table was read with it.
    pub unique_id: Option<UniqueMountId>,
    /// Device of the filesystem.
    pub device: Device,
    /// The directory of the filesystem that is mounted.
    pub root: PathBuf,
    /// Where it is mounted.
    pub mount_point: PathBuf,
}

/// Whether two sightings are of the same mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Same {
    /// They are.
    Yes,
    /// They are not: a fact that cannot change differs.
    No,
    /// It is not known. No fact contradicts it. But the fact that would prove it was not seen,
    /// or the mount was moved.
    Unknown,
}

impl MountRef {
    /// Whether `seen` is the mount that `self` is about.
    ///
    /// If both have a unique id, the unique ids decide. If only `self` has one, the answer is
    /// never [`Same::Yes`], because the deciding fact was not seen. Otherwise id, device, root
    /// and mount point must all agree. If only the mount point differs, the mount may have been
    /// moved: [`Same::Unknown`].
    pub fn same(&self, seen: &Self) -> Same {
        same(&self.facts(), &seen.facts())
    }

    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            mount_id: Some(self.mount_id),
            unique_id: self.unique_id,
            device: Some(self.device),
            root: Some(Cow::Borrowed(&self.root)),
            mount_point: Some(Cow::Borrowed(&self.mount_point)),
        }
    }
}

impl From<Row<'_>> for MountRef {
    fn from(row: Row<'_>) -> Self {
        Self {
            mount_id: row.mount_id(),
            unique_id: row.unique_id(),
            device: row.device(),
            root: row.root().into_owned(),
            mount_point: row.mount_point().into_owned(),
        }
    }
}

/// What one sighting tells of a mount. A `statx` tells only ids; an old record lacks them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) mount_id: Option<MountId>,
    pub(crate) unique_id: Option<UniqueMountId>,
    pub(crate) device: Option<Device>,
    pub(crate) root: Option<Cow<'a, Path>>,
    pub(crate) mount_point: Option<Cow<'a, Path>>,
}

impl<'a> From<Row<'a>> for Facts<'a> {
    fn from(row: Row<'a>) -> Self {
        Facts {
            mount_id: Some(row.mount_id()),
            unique_id: row.unique_id(),
            device: Some(row.device()),
            root: Some(row.root()),
            mount_point: Some(row.mount_point()),
        }
    }
}

/// Whether the mount that is seen is the one that is known: see [`MountRef::same`].
pub(crate) fn same(known: &Facts<'_>, seen: &Facts<'_>) -> Same {
    if let (Some(known), Some(seen)) = (known.unique_id, seen.unique_id) {
        return if known == seen { Same::Yes } else { Same::No };
    }
    // No call changes these three while a mount lives.
    let lasting = [
        agree(&known.mount_id, &seen.mount_id),
        agree(&known.device, &seen.device),
        agree(&known.root, &seen.root),
    ];
    if lasting.contains(&Some(false)) {
        return Same::No;
    }
    let is_there = agree(&known.mount_point, &seen.mount_point) == Some(true);
    if known.unique_id.is_none() && is_there && lasting == [Some(true); 3] {
        Same::Yes
    } else {
        Same::Unknown
    }
}

fn agree<T: PartialEq>(known: &Option<T>, seen: &Option<T>) -> Option<bool> {
    Some(known.as_ref()? == seen.as_ref()?)
}

/// Whether two mounts show the same directory of the same filesystem: one may be a copy
/// of the other. This is not about identity; they are two mounts.
pub(crate) fn shows_the_same(one: Row<'_>, other: Row<'_>) -> bool {
    one.device() == other.device() && one.root() == other.root()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount() -> MountRef {
        MountRef {
            mount_id: MountId(40),
            unique_id: Some(UniqueMountId(7000)),
            device: Device { major: 0, minor: 5 },
            root: PathBuf::from("/"),
            mount_point: PathBuf::from("/r/a"),
        }
    }

    fn old() -> MountRef {
        MountRef {
            unique_id: None,
            ..mount()
        }
    }

    #[test]
    fn unique_ids_decide_where_both_have_one() {
        let moved = MountRef {
            mount_point: PathBuf::from("/elsewhere"),
            ..mount()
        };
        assert_eq!(mount().same(&moved), Same::Yes);
        let other = MountRef {
            unique_id: Some(UniqueMountId(7001)),
            ..mount()
        };
        assert_eq!(mount().same(&other), Same::No);
    }

    #[test]
    fn without_unique_ids_all_four_facts_must_agree() {
        assert_eq!(old().same(&old()), Same::Yes);
        // The kernel has learnt more since: the four still name it.
        assert_eq!(old().same(&mount()), Same::Yes);
        let differs = |change: fn(&mut MountRef)| {
            let mut seen = old();
            change(&mut seen);
            old().same(&seen)
        };
        assert_eq!(differs(|m| m.mount_id = MountId(41)), Same::No);
        assert_eq!(differs(|m| m.device.minor = 6), Same::No);
        assert_eq!(differs(|m| m.root = PathBuf::from("/sub")), Same::No);
        assert_eq!(
            differs(|m| m.mount_point = PathBuf::from("/x")),
            Same::Unknown
        );
    }

    #[test]
    fn what_was_not_seen_is_unknown_and_never_no() {
        assert_eq!(mount().same(&old()), Same::Unknown);
        let only_id = Facts {
            mount_id: Some(MountId(40)),
            ..Facts::default()
        };
        assert_eq!(same(&old().facts(), &only_id), Same::Unknown);
        assert_eq!(same(&old().facts(), &Facts::default()), Same::Unknown);
        assert_eq!(same(&Facts::default(), &mount().facts()), Same::Unknown);
        let other_id = Facts {
            mount_id: Some(MountId(41)),
            ..Facts::default()
        };
        assert_eq!(same(&mount().facts(), &other_id), Same::No);
    }
}
