//! Tells whether a table shows its whole mount namespace, or only what a process with its own root
//! directory sees.

use std::collections::HashSet;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::OFlags;

use crate::error::Error;
use crate::kernel::identity::identity_at;
use crate::kernel::procfs::Proc;
use crate::kernel::queries::{self, KernelQueries, Scope};
use crate::kernel::{statmount, sys};
use crate::table::mount_table::MountTable;
use crate::table::origin::Origin;

/// How much of its mount namespace a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extent {
    /// All mounts of the namespace that a path leads to.
    Whole,
    /// A part: a subtree, or what a process sees whose root directory is not the namespace's.
    Part,
    /// It cannot be told: the kernel is older than 6.11, or refuses the question, or the table is
    /// of text.
    Unknown,
}

impl Extent {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
            Self::Unknown => "unknown",
        }
    }
}

impl MountTable {
    /// Whether the table shows its whole mount namespace.
    ///
    /// The table of a process ([`Source::Pid`](crate::Source::Pid)) and of the calling thread ends
    /// at that process's root directory, which may be any. To read all, give
    /// [`Source::NamespaceOf`](crate::Source::NamespaceOf). The kernel is asked when this is
    /// called: one `listmount`, or two `statmount` for the calling thread, with `CAP_SYS_ADMIN`
    /// over the namespace.
    pub fn extent(&self) -> Extent {
        let answer = match self.origin() {
            Origin::Namespace { .. } => return Extent::Whole,
            Origin::Under { .. } => return Extent::Part,
            Origin::Given => return Extent::Unknown,
            // Something hangs on a mount that is not shown, and not at the root: that mount holds the root.
            _ if !self.is_empty() && self.at(Path::new("/")).is_empty() => return Extent::Part,
            Origin::Thread { .. } => own_root_is_the_namespaces(),
            Origin::Pid { proc, pid } => shows_all_of(self, proc, *pid),
        };
        match answer {
            Ok(true) => Extent::Whole,
            Ok(false) => Extent::Part,
            Err(_) => Extent::Unknown,
        }
    }
}

/// Whether the calling thread's root directory is the root of a mount that lies on the namespace's
/// first one.
///
/// The first mount of a namespace hangs on itself, and no path leads to it: the root file system of
/// the kernel was mounted over it.
fn own_root_is_the_namespaces() -> Result<bool, Error> {
    let root = identity_at(rustix::fs::CWD, Path::new("/"))?;
    let unsupported = || queries::unsupported("compare with the namespace's root", "6.8");
    let id = root.unique_id.ok_or_else(unsupported)?.0;
    if !root.is_mount_root {
        return Ok(false);
    }
    let parent = parent_of(id)?;
    Ok(parent == id || parent_of(parent)? == parent)
}

fn parent_of(id: u64) -> Result<u64, Error> {
    let mut buffer = Vec::new();
    let answer = queries::ask(&Scope::OWN, id, statmount::MNT_BASIC, &mut buffer);
    let answer = answer.map_err(|cause| Error::io(format!("statmount({id:#x})"), cause))?;
    Ok(answer.unique_parent_id())
}

/// Whether each mount of the process's namespace that has a place is in the table.
fn shows_all_of(table: &MountTable, proc: &Proc, pid: u32) -> Result<bool, Error> {
    if KernelQueries::cached() < KernelQueries::Namespaces {
        return Err(queries::unsupported("list the mounts of a process", "6.11"));
    }
    let file = proc
        .open()?
        .follow(format!("{pid}/ns/mnt"), OFlags::RDONLY)?;
    let id = sys::namespace_id(file.as_fd())
        .map_err(|cause| Error::io("ioctl(NS_GET_MNTNS_ID)", cause))?;
    let scope = Scope::namespace(id);
    let listed = queries::list(&scope, table.len())?;
    if listed.len() <= table.len() {
        return Ok(true);
    }
    let shown: HashSet<u32> = table.rows().map(|row| row.mount_id().0).collect();
    let mask = statmount::MNT_BASIC | statmount::MNT_POINT;
    let mut buffer = Vec::new();
    for id in listed {
        // A mount that went meanwhile is no part of either.
        let Ok(answer) = queries::ask(&scope, id, mask, &mut buffer) else {
            continue;
        };
        if answer.mount_point().is_some() && !shown.contains(&answer.mount_id()) {
            return Ok(false);
        }
    }
    Ok(true)
}
