//! Who keeps a mount busy: namespaces that have it or a copy of it, and what uses it.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::Error;
use crate::holders::processes::{Member, inode_of, members, namespace_of_link};
use crate::holders::report::{HolderNamespace, HolderProcess, Holders};
use crate::holders::unpopulated::Unpopulated;
use crate::holders::uses::kernel_uses::kernel_uses;
use crate::holders::uses::layers::users;
use crate::holders::uses::process_uses::Uses;
use crate::kernel::procfs::{Proc, ProcDir};
use crate::kernel::sys;
use crate::row::borrowed::Row;
use crate::row::mount_info::MountInfo;
use crate::row::stream::for_each_row;
use crate::table::mount_table::MountTable;

/// What to look at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HoldersOptions {
    /// Which procfs; the one at `/proc`. Processes that it does not show are not seen.
    pub proc: Proc,
    /// Where sysfs is mounted; `/sys`. It tells of loop devices.
    pub sys: PathBuf,
    /// Also find what uses the mount: processes in any namespace by working directory, root directory,
    /// program, mapped files, descriptors and bound sockets; mounts on it, and overlays with layers on it;
    /// loop devices and swap files.
    pub uses: bool,
    /// Also find namespaces that no process lives in, kept by a descriptor or a bind of their nsfs file.
    /// Looks at every descriptor of every process, and walks to the binds, through whatever is mounted there.
    pub unpopulated: bool,
}

impl HoldersOptions {
    /// `/proc`, no uses, and only namespaces that a process lives in.
    pub fn new() -> Self {
        Self {
            proc: Proc::default(),
            sys: "/sys".into(),
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

/// Finds the mount namespaces that hold `mount` or a copy of it, who lives there, and what uses it.
///
/// A namespace holds it if it has a mount of the same file system with the same root or one below: a copy
/// that propagated or was cloned keeps the file system, and with `MS_SHARED` also the unmounting, busy. Each
/// namespace is read once, twice with its uses, whatever number of processes share it. One that no process
/// lives in is found only if [`HoldersOptions::unpopulated`] asks for it, and not if its only bind is in
/// another such one.
///
/// A record of a mount that has been detached meanwhile is as good: copies elsewhere are found by its file
/// system, and processes that still use it by its mount id, as long as no other mount has taken that over.
///
/// Nothing mounted is touched. Sockets are found by the absolute path they were bound at.
///
/// # Errors
///
/// When procfs cannot be read at all. Processes that end meanwhile are passed over, unreadable ones counted.
///
/// # References
///
/// `mount_namespaces(7)`, `namespaces(7)`.
pub fn holders(mount: &MountInfo, options: &HoldersOptions) -> Result<Holders, Error> {
    let proc = &options.proc.open()?;
    let mut found = Holders::default();
    let own = namespace_of_link(proc, "thread-self/ns/mnt").unwrap_or(None);
    let members = members(proc, &mut found.unreadable)?;
    let is_populated = |inode| members.contains_key(&inode);
    let mut unpopulated = Unpopulated::new(&options.proc, proc, is_populated);
    for (&inode, members) in &members {
        // The first that is still there speaks for all.
        let read = |member: &Member| held(proc, member, mount).map(|held| (*member, held));
        let Some((speaker, held)) = members.iter().find_map(read) else {
            continue;
        };
        if options.unpopulated {
            unpopulated.by_binds(&speaker, inode, held.binds);
        }
        found.namespaces_read += 1;
        if !held.mounts.is_empty() {
            let namespace = namespace(proc, inode, &speaker, members, held.mounts);
            found.namespaces.push(HolderNamespace {
                is_own: own == Some(inode),
                ..namespace
            });
        }
    }
    if options.uses {
        find_uses(proc, &options.sys, mount, &members, &mut found);
    }
    if options.unpopulated {
        unpopulated.by_descriptors()?;
        unpopulated.add_holders(mount, &mut found);
    }
    found.namespaces.sort_by_key(|namespace| {
        let first = namespace.processes.first().map(|process| process.pid);
        (!namespace.is_own, first.is_none(), first)
    });
    Ok(found)
}

fn namespace(
    proc: &ProcDir,
    inode: u64,
    speaker: &Member,
    members: &[Member],
    mounts: Vec<MountInfo>,
) -> HolderNamespace {
    let file = proc.follow(speaker.file("ns/mnt"), OFlags::RDONLY).ok();
    HolderNamespace {
        inode,
        namespace_id: file.and_then(|file| sys::namespace_id(file.as_fd()).ok()),
        is_own: false,
        mounts,
        users: Vec::new(),
        processes: members.iter().map(|member| member.process(proc)).collect(),
        kept_by: Vec::new(),
    }
}

/// Adds what uses the mounts found, in every namespace: also in those that do not have them.
fn find_uses(
    proc: &ProcDir,
    sys: &Path,
    mount: &MountInfo,
    members: &BTreeMap<u64, Vec<Member>>,
    found: &mut Holders,
) {
    let holding: Vec<MountInfo> = found
        .namespaces
        .iter()
        .flat_map(|namespace| namespace.mounts.iter().cloned())
        .collect();
    let mut uses = Uses::new(proc, mount, &holding);
    for (inode, members) in members {
        let Some(table) = members.iter().find_map(|member| table(proc, member)) else {
            continue;
        };
        let mut holder = found.namespaces.iter_mut().find(|n| n.inode == *inode);
        if let Some(namespace) = &mut holder {
            namespace.users = users(&table, &namespace.mounts);
            if namespace.is_own {
                let is_there = |path: &Path| is_on(&table, path, &namespace.mounts);
                found.kernel = kernel_uses(proc, sys, is_there);
            }
        }
        for member in members {
            let how = uses.of(member, &table);
            let is_it = |process: &&mut HolderProcess| {
                process.pid == member.pid && process.thread == member.thread()
            };
            let known = holder
                .as_mut()
                .and_then(|n| n.processes.iter_mut().find(is_it));
            match known {
                Some(process) => process.uses = how,
                None if how.is_empty() => {}
                None => {
                    let mut process = member.process(proc);
                    process.uses = how;
                    found.elsewhere.push(process);
                }
            }
        }
    }
    found
        .elsewhere
        .sort_by_key(|process| (process.pid, process.thread));
}

fn table(proc: &ProcDir, member: &Member) -> Option<MountTable> {
    let file = proc.file(member.file("mountinfo")).ok()?;
    MountTable::from_reader(file).ok()
}

fn is_on(table: &MountTable, path: &Path, mounts: &[MountInfo]) -> bool {
    let top = table.mount_of(path);
    top.is_some_and(|row| mounts.iter().any(|info| info.mount_id == row.mount_id()))
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
fn held(proc: &ProcDir, member: &Member, mount: &MountInfo) -> Option<Held> {
    /// The size of a read that is cheapest for mountinfo.
    const STEP: usize = 2048;
    let file = proc.file(member.file("mountinfo")).ok()?;
    let mut held = Held::default();
    let read = for_each_row(BufReader::with_capacity(STEP, file), |row| {
        if let Ok(row) = row {
            let holder = holds(&row, mount).then(|| MountInfo::from(row));
            held.mounts.extend(holder);
            let of = inode_of(&row.root()).filter(|_| row.has_fs_type("nsfs"));
            let bind = of.map(|inode| (inode, row.mount_point().into_owned()));
            held.binds.extend(bind);
        }
        ControlFlow::<()>::Continue(())
    });
    read.ok().map(|_| held)
}

/// Whether a mount keeps the file system of `mount`, or the part of it that `mount` shows.
pub(crate) fn holds(row: &Row<'_>, mount: &MountInfo) -> bool {
    row.device() == mount.device && row.root().starts_with(&mount.root)
}
