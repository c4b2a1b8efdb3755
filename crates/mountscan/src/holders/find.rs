//! Who keeps a mount busy: namespaces that have it or a copy of it, and the processes there. Acts.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::holders::processes::{find_uses, inode_of, inode_of_link, members};
use crate::holders::unpopulated::Kept;
use crate::kernel::sys;
use crate::read::mountinfo::STEP;
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::row::stream::for_each_row;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HoldersOptions {
    /// Where procfs is mounted; `/proc`. Processes that it does not show are not seen.
    pub proc: PathBuf,
    /// Also find how each process uses the mount: working directory, root directory, open files.
    pub uses: bool,
    /// Also find namespaces that no process lives in, kept by a descriptor or a bind of their nsfs file.
    /// Looks at every descriptor of every process, and walks to the binds, through whatever is mounted there.
    pub unpopulated: bool,
}

impl HoldersOptions {
    /// `/proc`, no uses, and only namespaces that a process lives in.
    pub fn new() -> Self {
        Self {
            proc: "/proc".into(),
            uses: false,
            unpopulated: false,
        }
    }
}

impl Default for HoldersOptions {
    fn default() -> Self {
        HoldersOptions::new()
    }
}

/// Who holds a mount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holders {
    /// Namespaces that have the mount or a copy of it: the caller's own first, then by their lowest process,
    /// then those without processes.
    pub namespaces: Vec<HolderNamespace>,
    /// Namespaces whose tables were read, each once.
    pub namespaces_read: usize,
    /// Processes that could not be looked into for want of privilege: they may hold it too.
    pub unreadable: usize,
}

/// A mount namespace that holds a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderNamespace {
    /// Inode number of its nsfs file, as in `mnt:[4026531841]`.
    pub inode: u64,
    /// Its 64-bit id (Linux 6.11).
    pub namespace_id: Option<u64>,
    /// Whether it is the calling thread's.
    pub is_own: bool,
    /// The mounts there that hold it: of the same file system, with the same root or one below.
    pub mounts: Vec<MountInfo>,
    /// The processes that live there, by pid.
    pub processes: Vec<HolderProcess>,
    /// What keeps it, if no process lives there and such namespaces were asked for.
    pub kept_by: Vec<NamespaceKeeper>,
}

/// What keeps a namespace that no process lives in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NamespaceKeeper {
    /// An open descriptor of its nsfs file.
    Descriptor {
        /// The process that has it open.
        pid: u32,
        /// Its number there.
        descriptor: u32,
    },
    /// A bind mount of its nsfs file.
    Bind {
        /// The mount namespace where the bind is, by inode number.
        namespace: u64,
        /// Where it is there.
        mount_point: PathBuf,
    },
}

/// A process, or a thread with a mount namespace of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HolderProcess {
    /// Process id.
    pub pid: u32,
    /// The thread, where it is in another namespace than its process.
    pub thread: Option<u32>,
    /// Command name, at most 15 bytes.
    pub comm: OsString,
    /// How it uses the mount, if that was asked for.
    pub uses: Vec<MountUse>,
}

/// How a process uses a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MountUse {
    /// Its working directory is there.
    WorkingDirectory,
    /// Its root directory is there.
    RootDirectory,
    /// This descriptor is of a file there.
    Descriptor(u32),
}

/// Finds the mount namespaces that hold `mount` or a copy of it, and who lives there.
///
/// A namespace holds it if it has a mount of the same file system with the same root or one below: a copy
/// that propagated or was cloned keeps the file system, and with `MS_SHARED` also the unmounting, busy. Each
/// namespace is read once, whatever number of processes share it. One that no process lives in is found
/// only if [`HoldersOptions::unpopulated`] asks for it, and not if its only bind is in another such one.
///
/// # Errors
///
/// When procfs cannot be read at all. Processes that end meanwhile are passed over, unreadable ones counted.
///
/// # References
///
/// `mount_namespaces(7)`, `namespaces(7)`.
pub fn holders(mount: &MountInfo, options: &HoldersOptions) -> Result<Holders, Error> {
    let proc = &options.proc;
    let mut found = Holders::default();
    let own = inode_of_link(&proc.join("thread-self/ns/mnt")).unwrap_or(None);
    let members = members(proc, &mut found.unreadable)?;
    let mut kept = Kept::new(proc, |inode| members.contains_key(&inode));
    for (&inode, members) in &members {
        // The first that is still there speaks for all.
        let mut dirs = members.iter().map(|member| member.dir(proc));
        let Some((dir, held)) = dirs.find_map(|dir| held(&dir, mount).map(|held| (dir, held)))
        else {
            continue;
        };
        if options.unpopulated {
            kept.by_binds(&dir, inode, held.binds);
        }
        found.namespaces_read += 1;
        if held.mounts.is_empty() {
            continue;
        }
        let file = File::open(dir.join("ns/mnt")).ok();
        let processes = members.iter().map(|member| member.process(proc)).collect();
        found.namespaces.push(HolderNamespace {
            inode,
            namespace_id: file.and_then(|file| sys::namespace_id(file.as_fd()).ok()),
            is_own: own == Some(inode),
            mounts: held.mounts,
            processes,
            kept_by: Vec::new(),
        });
    }
    if options.uses {
        find_uses(proc, &mut found);
    }
    if options.unpopulated {
        kept.by_descriptors()?;
        kept.add_holders(mount, &mut found);
    }
    found.namespaces.sort_by_key(|namespace| {
        let first = namespace.processes.first().map(|process| process.pid);
        (!namespace.is_own, first.is_none(), first)
    });
    Ok(found)
}

/// What one table says.
#[derive(Default)]
struct Held {
    /// The mounts that hold the one that is asked about.
    mounts: Vec<MountInfo>,
    /// Binds of mount namespaces: of which inode, where.
    binds: Vec<(u64, PathBuf)>,
}

/// What holds `mount` in a process's namespace; `None` if its table cannot be read (any more).
fn held(process: &Path, mount: &MountInfo) -> Option<Held> {
    let file = File::open(process.join("mountinfo")).ok()?;
    let mut held = Held::default();
    let read = for_each_row(BufReader::with_capacity(STEP, file), |row| {
        if let Ok(row) = row {
            let holder = holds(&row, mount).then(|| MountInfo::from(row));
            held.mounts.extend(holder);
            let of = inode_of(&row.root()).filter(|_| *row.fs_type() == *"nsfs");
            let bind = of.map(|inode| (inode, row.mount_point().into_owned()));
            held.binds.extend(bind);
        }
        ControlFlow::<()>::Continue(())
    });
    read.ok().map(|_| held)
}

pub(crate) fn holds(row: &Row<'_>, mount: &MountInfo) -> bool {
    row.device() == mount.device && row.root().starts_with(&mount.root)
}
