//! Finds who keeps a mount busy: the namespaces that have it or a copy of it, and what uses it.

use std::collections::{BTreeSet, HashSet};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::AtomicUsize;

use rustix::fs::OFlags;

use crate::error::Error;
use crate::holders::in_parallel;
use crate::holders::options::HoldersOptions;
use crate::holders::processes::listing::{Members, members, namespace_of_link, own_pid};
use crate::holders::processes::member::{Member, running};
use crate::holders::processes::repeats::Repeats;
use crate::holders::report::{HolderNamespace, HolderProcess, Holders, MountUse};
use crate::holders::space::Space;
use crate::holders::unpopulated::Unpopulated;
use crate::holders::uses::kernel_uses::kernel_uses;
use crate::holders::uses::layer_paths::below_root_of;
use crate::holders::uses::layers::{keep_unplaced, users};
use crate::holders::uses::process_uses::{Found, Uses};
use crate::ids::Device;
use crate::kernel::procfs::ProcDir;
use crate::kernel::sys;
use crate::row::mount_info::MountInfo;
use crate::table::mount_table::MountTable;

/// How many namespaces are looked at together. Their tables are in memory at once, beside the
/// tables that are kept anyway.
const AT_ONCE: usize = 64;

/// Finds the mount namespaces that hold `mount` or a copy of it, their processes, and what uses it.
///
/// A namespace holds the mount if it has a mount of the same file system, with the same root or a
/// root below it. Such a copy came by propagation or by cloning the namespace. It keeps the file
/// system busy. With `MS_SHARED` it also keeps the unmounting busy.
///
/// Each namespace is read once, however many processes share it. If all tables together are large,
/// some are read twice. A namespace in which no process lives is found only if
/// [`HoldersOptions::unpopulated`] asks for it. It is not found if its only bind is in another such
/// namespace.
///
/// `mount` may have been detached meanwhile. Copies elsewhere are then found by its file system.
/// Processes that still use it are found by its mount id, as long as no other mount has got that
/// id.
///
/// Nothing mounted is touched. Sockets are found by the absolute path at which they were bound. If
/// many processes run, a few threads look at them. These threads have ended when this returns.
///
/// # Errors
///
/// When procfs cannot be read at all. A process that ends meanwhile is passed over. A process that
/// cannot be read is counted.
///
/// # References
///
/// `mount_namespaces(7)`, `namespaces(7)`.
pub fn holders(mount: &MountInfo, options: &HoldersOptions) -> Result<Holders, Error> {
    let proc = &options.proc.open()?;
    let mut found = Holders::default();
    // A procfs of another pid namespace does not show this thread. Then no namespace is the own
    // one.
    let own = namespace_of_link(proc, "thread-self/ns/mnt").unwrap_or(None);
    let Members {
        by_namespace: members,
        mut unread,
    } = members(proc)?;
    let populated: HashSet<u64> = members.keys().copied().collect();
    let mut spaces = read_all(proc, members.into_iter().collect(), mount, &mut unread);
    found.namespaces_read = spaces.len();
    let is_populated = |inode| populated.contains(&inode);
    let mut unpopulated = Unpopulated::new(&options.proc, proc, is_populated);
    // All namespaces first: a process may use a mount of a namespace in which it does not live.
    let holding: Vec<MountInfo> = spaces.iter().flat_map(|s| s.mounts.clone()).collect();
    let plain = || spaces.iter().flat_map(Space::plain).collect();
    let uses = || Uses::new(proc, mount, &holding, plain(), options.unpopulated);
    let uses = options.uses.then(uses);
    let mut placed = HashSet::new();
    // In groups: tables that were not kept are read again here, and dropped before the next group.
    for group in spaces.chunks_mut(AT_ONCE) {
        for (space, seen) in processes(proc, group, uses.as_ref()) {
            if options.unpopulated {
                unpopulated.by_binds(&space.speaker, space.inode, &space.binds);
            }
            unread.extend(seen.iter().filter(|s| s.has_gap).map(|s| s.member.pid));
            for seen in &seen {
                unpopulated.by_descriptors_of(&seen.member, &seen.namespaces);
            }
            let how = (own, options);
            add(proc, space, seen, how, &mut found, &mut placed);
        }
        group.iter_mut().for_each(Space::forget);
    }
    if options.unpopulated {
        // The search for uses has seen all descriptors already.
        if !options.uses {
            let all: Vec<Member> = spaces.iter().flat_map(|s| s.members.clone()).collect();
            unread.extend(unpopulated.by_descriptors(&all));
        }
        unpopulated.add_holders(mount, &mut found);
    }
    found.unreadable += unread.len();
    keep_unplaced(&mut found.unplaced, &placed);
    sort(&mut found);
    Ok(found)
}

/// The processes of a namespace whose table nobody gives are noted as unread.
fn read_all(
    proc: &ProcDir,
    members: Vec<(u64, Vec<Member>)>,
    mount: &MountInfo,
    unread: &mut BTreeSet<u32>,
) -> Vec<Space> {
    let kept = AtomicUsize::new(0);
    let read = |one: &(u64, Vec<Member>)| Space::read(proc, one.clone(), mount, &kept);
    let spaces = in_parallel::map(&members, |_| false, read);
    let mut found = Vec::with_capacity(spaces.len());
    for (space, (_, members)) in spaces.into_iter().zip(&members) {
        match space {
            Some(space) => found.push(space),
            None => unread.extend(running(proc, members)),
        }
    }
    found
}

/// What was found about a process.
struct Seen {
    member: Member,
    /// The record of the process, if it lives in a namespace that has the mount, or uses the mount.
    process: Option<HolderProcess>,
    /// Its descriptors of mount namespaces: the number, and the inode of the namespace.
    namespaces: Vec<(u32, u64)>,
    /// Whether something of it could not be read, although it runs.
    has_gap: bool,
}

/// Looks at the processes of some namespaces.
fn processes<'s>(
    proc: &ProcDir,
    spaces: &'s [Space],
    uses: Option<&Uses<'_>>,
) -> Vec<(&'s Space, Vec<Seen>)> {
    let of = |space: &'s Space| space.members.iter().map(move |member| (space, *member));
    let all: Vec<(&Space, Member)> = spaces.iter().flat_map(of).collect();
    // The own process is looked at before helper threads start: it must not show their open files.
    let own = own_pid(proc);
    let is_own = |(_, member): &(&Space, Member)| Some(member.pid) == own;
    let look = |(space, member): &(&Space, Member)| {
        let found = uses.map(|uses| match space.table(proc) {
            Some(table) => uses.of(member, table),
            None => Found {
                has_gap: member.runs(proc),
                ..Found::default()
            },
        });
        found.unwrap_or_default()
    };
    let mut seen = in_parallel::map(&all, is_own, look);
    let (mut repeats, mut kept) = (Repeats::new(), Repeats::new());
    for ((_, member), found) in all.iter().zip(&mut seen) {
        kept.merge(member, &mut found.namespaces, |&one| one);
        repeats.merge(member, &mut found.uses, MountUse::clone);
    }
    let mut seen = seen.into_iter();
    let mut named = |space: &Space| {
        let found = space.members.iter().zip(seen.by_ref());
        let named = |(member, found): (&Member, Found)| record(proc, space, *member, found);
        found.map(named).collect()
    };
    spaces.iter().map(|space| (space, named(space))).collect()
}

/// Names a process for what it does, or for being in a namespace that has the mount. A thread
/// beside its process is never named for being there.
fn record(proc: &ProcDir, space: &Space, member: Member, found: Found) -> Seen {
    let is_there = !space.mounts.is_empty() && member.has_own_memory();
    let is_named = is_there || !found.uses.is_empty();
    Seen {
        member,
        process: is_named.then(|| HolderProcess {
            uses: found.uses,
            is_unread: found.has_gap,
            ..member.process(proc)
        }),
        namespaces: found.namespaces,
        has_gap: found.has_gap,
    }
}

/// Adds a namespace that holds the mount, or the processes elsewhere that use it.
fn add(
    proc: &ProcDir,
    space: &Space,
    seen: Vec<Seen>,
    (own, options): (Option<u64>, &HoldersOptions),
    found: &mut Holders,
    placed: &mut HashSet<Device>,
) {
    let processes = seen.into_iter().filter_map(|seen| seen.process);
    if space.mounts.is_empty() {
        found.elsewhere.extend(processes);
        return;
    }
    // Opened for reading, because an ioctl gives the id: it refuses a file opened as a place
    // (O_PATH).
    let file = proc.follow(space.speaker.file("ns/mnt"), OFlags::RDONLY);
    let mut namespace = HolderNamespace {
        inode: space.inode,
        namespace_id: file
            .ok()
            .and_then(|file| sys::namespace_id(file.as_fd()).ok()),
        is_own: own == Some(space.inode),
        mounts: space.mounts.clone(),
        users: Vec::new(),
        processes: processes.collect(),
        kept_by: Vec::new(),
    };
    if let Some(table) = space.table(proc).filter(|_| options.uses) {
        let processes = space.members.iter().map(Member::directory);
        let mut paths = below_root_of(proc, table, space.root.as_deref(), processes.collect());
        let all = users(table, &namespace.mounts, |path| paths.find(path));
        namespace.users = all.users;
        found.unplaced.extend(all.unplaced);
        placed.extend(all.placed);
        // The kernel prints these paths as the calling thread sees them: only its own table knows
        // them.
        if namespace.is_own {
            let is_there = |path: &Path| is_on(table, path, &namespace.mounts);
            let all = kernel_uses(proc, &options.sys, is_there);
            (found.kernel, found.kernel_unread) = (all.uses, all.unread);
        }
    }
    found.namespaces.push(namespace);
}

fn is_on(table: &MountTable, path: &Path, mounts: &[MountInfo]) -> bool {
    let top = table.mount_of(path);
    top.is_some_and(|row| mounts.iter().any(|info| info.mount_id == row.mount_id()))
}

fn sort(found: &mut Holders) {
    found.namespaces.sort_by_key(|namespace| {
        let first = namespace.processes.first().map(|process| process.pid);
        (!namespace.is_own, first.is_none(), first)
    });
    found
        .elsewhere
        .sort_by_key(|process| (process.pid, process.thread));
}

#[cfg(test)]
mod tests;
