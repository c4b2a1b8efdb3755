//! Finds mounts that are in no table and that processes keep.

use std::collections::{BTreeMap, HashSet};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::error::Error;
use crate::holders::everywhere::listed::Namespaces;
use crate::holders::in_parallel;
use crate::holders::options::HoldersOptions;
use crate::holders::processes::listing::{members, own_pid};
use crate::holders::processes::member::Member;
use crate::holders::processes::repeats::Repeats;
use crate::holders::report::{HolderProcess, MountUse};
use crate::holders::uses::descriptors::mount_of_fdinfo;
use crate::ids::{Device, MountId};
use crate::kernel::identity::identity_at;
use crate::kernel::procfs::ProcDir;
use crate::table::mount_table::MountTable;

/// A mount that is in no table and that processes keep alive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DetachedMount {
    /// Its id. No table of the namespaces has it.
    pub mount_id: MountId,
    /// The device of its file system; `None` if it could not be read.
    pub device: Option<Device>,
    /// Whether a table has another mount of the same file system; `None` if the device is unknown.
    /// If no table has one, the file system ends when the last process that keeps it lets go.
    pub is_file_system_mounted: Option<bool>,
    /// The processes that keep it, and how.
    pub kept_by: Vec<HolderProcess>,
}

/// Finds mounts that processes use and that none of the tables has. They were detached lazily, or
/// moved out of reach.
///
/// A mount of a namespace that is missing in `namespaces` is found, too. So look at
/// [`Namespaces::unreadable`] before you call it detached. A mount that only mapped files keep is
/// not found.
///
/// A file on NFS or 9p may make this wait for its server. Call it in a thread that you can leave
/// behind.
///
/// # Errors
///
/// When procfs cannot be read at all. A process that ends meanwhile is passed over.
pub fn detached(
    namespaces: &Namespaces,
    options: &HoldersOptions,
) -> Result<Vec<DetachedMount>, Error> {
    let proc = &options.proc.open()?;
    // The namespaces that were given count the unreadable processes already.
    let all = members(proc)?.by_namespace;
    let processes: Vec<Member> = all.into_values().flatten().collect();
    let tables = || namespaces.namespaces.iter().map(|space| &space.table);
    let rows = || tables().flat_map(MountTable::rows);
    let mut known: HashSet<MountId> = rows().map(|row| row.mount_id()).collect();
    // The mount of memory files is in no table, and never was.
    known.extend(of_memory_files());
    let own = own_pid(proc);
    let is_own = |member: &Member| Some(member.pid) == own;
    let mut found = in_parallel::map(&processes, is_own, |member| of(proc, member, &known));
    let mut repeats = Repeats::new();
    for (member, uses) in processes.iter().zip(&mut found) {
        repeats.merge(member, uses, Use::clone);
    }
    let mut mounts: BTreeMap<MountId, DetachedMount> = BTreeMap::new();
    for (member, uses) in processes.iter().zip(found) {
        for (mount_id, device, how) in uses {
            // Several processes may keep one mount. Any of their uses can tell the device.
            let mount = mounts.entry(mount_id).or_insert_with(|| DetachedMount {
                mount_id,
                device: None,
                is_file_system_mounted: None,
                kept_by: Vec::new(),
            });
            mount.device = mount.device.or(device);
            keep(&mut mount.kept_by, proc, member, how);
        }
    }
    let devices: HashSet<Device> = rows().map(|row| row.device()).collect();
    let mounts = mounts.into_values().map(|mount| DetachedMount {
        is_file_system_mounted: mount.device.map(|device| devices.contains(&device)),
        ..mount
    });
    Ok(mounts.collect())
}

fn keep(kept_by: &mut Vec<HolderProcess>, proc: &ProcDir, member: &Member, how: MountUse) {
    match kept_by.last_mut() {
        Some(last) if (last.pid, last.thread) == (member.pid, member.thread()) => {
            last.uses.push(how);
        }
        _ => {
            let mut process = member.process(proc);
            process.uses.push(how);
            kept_by.push(process);
        }
    }
}

/// The kernel's own mount for files without a name. Every `memfd` is on it.
fn of_memory_files() -> Option<MountId> {
    let file = memfd_create("mountscan", MemfdFlags::CLOEXEC).ok()?;
    identity_at(&file, "".as_ref()).ok()?.mount_id
}

type Use = (MountId, Option<Device>, MountUse);

/// How a process uses mounts that are not known.
fn of(proc: &ProcDir, member: &Member, known: &HashSet<MountId>) -> Vec<Use> {
    let mut uses = Vec::new();
    let (place, memory) = (member.has_own_place(), member.has_own_memory());
    for (name, is_own, how) in [
        ("cwd", place, MountUse::WorkingDirectory),
        ("root", place, MountUse::RootDirectory),
        ("exe", memory, MountUse::Executable),
    ] {
        if !is_own {
            continue;
        }
        let link = member.file(name);
        // The link is read first, because `place_of` does not check the link itself.
        if proc.link(&link).is_ok() {
            let place = proc.place_of(&link).filter(|(id, _)| !known.contains(id));
            uses.extend(place.map(|(id, device)| (id, Some(device), how)));
        }
    }
    if member.shows_descriptors() {
        add_descriptors(proc, member, known, &mut uses);
    }
    uses
}

fn add_descriptors(proc: &ProcDir, member: &Member, known: &HashSet<MountId>, uses: &mut Vec<Use>) {
    let numbers = proc.numbers(member.file("fdinfo")).unwrap_or_default();
    for number in numbers {
        let info = proc.read_first(member.file(&format!("fdinfo/{number}")));
        let id = mount_of_fdinfo(&info.unwrap_or_default());
        if let Some(id) = id.filter(|id| !known.contains(id)) {
            let link = member.file(&format!("fd/{number}"));
            // Pipes, sockets and other things without a path are on mounts of the kernel itself.
            let is_file = proc.link(&link).is_ok_and(|text| is_path(&text));
            let device = is_file.then(|| proc.place_of(&link));
            let device = device.map(|place| place.map(|(_, device)| device));
            uses.extend(device.map(|device| (id, device, MountUse::Descriptor(number))));
        }
    }
}

/// Whether the text of a link names a file in a file system. The kernel's own files have names of
/// their own kind, such as `memfd:`.
fn is_path(text: &std::path::Path) -> bool {
    let is_own = |name: &std::ffi::OsStr| {
        let name = name.as_encoded_bytes();
        [&b"dmabuf:"[..], b"memfd:", b"[aio]", b"anon_hugepage"]
            .iter()
            .any(|own| name.starts_with(own))
    };
    text.is_absolute() && !text.iter().nth(1).is_some_and(is_own)
}
