//! Tells whether a table shows its whole mount namespace, or only what a process sees from its own
//! root directory.

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
    /// All mounts of the namespace to which a path leads.
    Whole,
    /// A part: a subtree, or what a process sees from a root directory that is not the namespace's.
    Part,
    /// It is not known. The kernel is older than 6.11, or refuses the question, or the table was
    /// made of text.
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
    /// The table of a process ([`Source::Pid`](crate::Source::Pid)) or of the calling thread ends
    /// at its root directory, which may be any directory. To read everything, use
    /// [`Source::NamespaceOf`](crate::Source::NamespaceOf). This asks the kernel when it is called:
    /// one `listmount`, or two `statmount` for the calling thread. It needs `CAP_SYS_ADMIN` over
    /// the namespace.
    pub fn extent(&self) -> Extent {
        let answer = match self.origin() {
            Origin::Namespace { .. } => return Extent::Whole,
            Origin::Under { .. } => return Extent::Part,
            Origin::Given => return Extent::Unknown,
            // The first row hangs on a mount that is not shown, and not at the root. That mount
            // holds the root.
            _ if !self.is_empty() && self.at(Path::new("/")).is_empty() => return Extent::Part,
            Origin::Thread { .. } => own_root_is_the_namespaces(),
            Origin::Pid { proc, pid, .. } => shows_all_of(self, proc, *pid),
        };
        match answer {
            Ok(true) => Extent::Whole,
            Ok(false) => Extent::Part,
            Err(_) => Extent::Unknown,
        }
    }
}

/// Whether the calling thread's root directory is the root of a mount that lies on the first mount
/// of the namespace.
///
/// The first mount of a namespace hangs on itself, and no path leads to it. The kernel mounted the
/// root file system over it.
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

/// Whether the table has each mount of the process's namespace to which a path leads.
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
    // The list has all mounts of the namespace: a table with as many rows shows all of them.
    if listed.len() <= table.len() {
        return Ok(true);
    }
    let shown: HashSet<u32> = table.rows().map(|row| row.mount_id().0).collect();
    let mask = statmount::MNT_BASIC | statmount::MNT_POINT;
    let mut buffer = Vec::new();
    for id in listed {
        // A mount that went meanwhile is part of neither.
        let Ok(answer) = queries::ask(&scope, id, mask, &mut buffer) else {
            continue;
        };
        if answer.mount_point().is_some() && !shown.contains(&answer.mount_id()) {
            return Ok(false);
        }
    }
    Ok(true)
}
