//! Finds mounts that are in no table and that processes keep.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{MemfdFlags, StatxFlags, memfd_create};

use crate::holders::facts::process_facts::{DescriptorFacts, FileKind};
use crate::holders::facts::reader::is_in_file_system;
use crate::holders::processes::repeats::Repeats;
use crate::holders::report::{HolderProcess, MountUse};
use crate::holders::survey::{Looked, Survey};
use crate::ids::{Device, MountId};
use crate::kernel::identity::look;
use crate::table::mount_table::MountTable;

/// A mount that is in no table and that processes keep alive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DetachedMount {
    /// Its id. No table of the namespaces has it. `None` if only mapped files keep it: the kernel
    /// tells their file system, and not their mount.
    pub mount_id: Option<MountId>,
    /// The device of its file system; `None` if it could not be read.
    pub device: Option<Device>,
    /// Whether a table has another mount of the same file system; `None` if the device is unknown.
    /// If no table has one, the file system ends when the last process that keeps it lets go.
    pub is_file_system_mounted: Option<bool>,
    /// The processes that keep it, and how.
    pub kept_by: Vec<HolderProcess>,
}

/// How a process uses mounts that are not known.
type Use = (Option<MountId>, Option<Device>, MountUse);

/// The ids and devices that the tables have, and those of the kernel itself.
struct Known {
    ids: HashSet<MountId>,
    devices: HashSet<Device>,
    /// The device of memory files.
    memory: Option<Device>,
}

impl Survey {
    /// Finds mounts that processes use and that none of the tables has. They were detached lazily,
    /// or moved out of reach. The options of the survey must ask for uses.
    ///
    /// A mount of a namespace that could not be read is found, too. So look at
    /// [`Namespaces::unreadable`](crate::Namespaces::unreadable) before you call it detached. A
    /// mount that only mapped files keep is found by its file system, if no table has that.
    ///
    /// Processes are not read again, but the device of an open file may be asked for. On NFS and 9p
    /// this may wait for a server. Call it in a thread that you can leave behind.
    pub fn detached(&self) -> Vec<DetachedMount> {
        let known = self.known();
        let mut repeats = Repeats::new();
        let mut mounts: BTreeMap<(Option<MountId>, Option<Device>), DetachedMount> =
            BTreeMap::new();
        for seen in self.looked.values().flatten() {
            let mut uses = self.unknown(seen, &known);
            repeats.merge(&seen.member, &mut uses, Use::clone);
            for (mount_id, device, how) in uses {
                let key = (mount_id, device.filter(|_| mount_id.is_none()));
                // Several processes may keep one mount. Any of their uses can tell the device.
                let mount = mounts.entry(key).or_insert_with(|| DetachedMount {
                    mount_id,
                    device: None,
                    is_file_system_mounted: None,
                    kept_by: Vec::new(),
                });
                mount.device = mount.device.or(device);
                self.keep(&mut mount.kept_by, seen, how);
            }
        }
        let mut found: Vec<DetachedMount> = mounts.into_values().collect();
        for mount in &mut found {
            let device = mount.device.as_ref();
            mount.is_file_system_mounted = device.map(|device| known.devices.contains(device));
        }
        let mut found = merge_maps(found);
        found.sort_by_key(|mount| (mount.mount_id.is_none(), mount.mount_id, mount.device));
        found
    }

    fn known(&self) -> Known {
        let tables = || self.namespaces.namespaces.iter().map(|space| &space.table);
        let rows = || tables().flat_map(MountTable::rows);
        // The mount of memory files is in no table, and never was.
        let memory = of_memory_files();
        Known {
            ids: rows()
                .map(|row| row.mount_id())
                .chain(memory.and_then(|(id, _)| id))
                .collect(),
            devices: rows().map(|row| row.device()).collect(),
            memory: memory.map(|(_, device)| device),
        }
    }

    /// How a process uses mounts that are not known.
    fn unknown(&self, seen: &Looked, known: &Known) -> Vec<Use> {
        let links = seen.facts.links.iter();
        let links = links.filter(|link| !known.ids.contains(&link.mount));
        let mut uses: Vec<Use> = links
            .map(|link| (Some(link.mount), link.device, link.how.clone()))
            .collect();
        for file in &seen.facts.descriptors {
            let mount = file.mount.filter(|id| !known.ids.contains(id));
            let is_file = file.kind == FileKind::File;
            if let Some(id) = mount.filter(|_| is_file) {
                let device = self.device(seen, file);
                uses.push((Some(id), device, MountUse::Descriptor(file.number)));
            }
        }
        let mut devices: Vec<Device> = Vec::new();
        for (device, path) in &seen.facts.maps {
            let is_known = known.devices.contains(device) || known.memory == Some(*device);
            if !is_known && !devices.contains(device) && is_in_file_system(path) {
                devices.push(*device);
                uses.push((None, Some(*device), MountUse::Mapping));
            }
        }
        uses
    }

    fn device(&self, seen: &Looked, file: &DescriptorFacts) -> Option<Device> {
        let link = seen.member.file(&format!("fd/{}", file.number));
        // The link is read first, because `place_of` does not check the link itself.
        self.proc.link(&link).ok()?;
        let (id, device) = self.proc.place_of(&link)?;
        (Some(id) == file.mount).then_some(device)
    }

    fn keep(&self, kept_by: &mut Vec<HolderProcess>, seen: &Looked, how: MountUse) {
        let member = &seen.member;
        match kept_by.last_mut() {
            Some(last) if (last.pid, last.thread) == (member.pid, member.thread()) => {
                last.uses.push(how);
            }
            _ => {
                let mut process = member.process(&self.proc);
                process.uses.push(how);
                kept_by.push(process);
            }
        }
    }
}

/// A mapped file of a mount that is known by something else is one more use of that mount. Only if
/// several mounts of the file system are detached, nobody knows which one it is.
fn merge_maps(found: Vec<DetachedMount>) -> Vec<DetachedMount> {
    let mut mounts: HashMap<Option<Device>, usize> = HashMap::new();
    for mount in found.iter().filter(|mount| mount.mount_id.is_some()) {
        *mounts.entry(mount.device).or_default() += 1;
    }
    let is_single =
        |mount: &DetachedMount| mount.mount_id.is_none() && mounts.get(&mount.device) == Some(&1);
    let (maps, mut found): (Vec<_>, Vec<_>) = found.into_iter().partition(is_single);
    for map in maps {
        let mount = found.iter_mut().find(|mount| mount.device == map.device);
        let Some(mount) = mount else { continue };
        for process in map.kept_by {
            let is_it = |known: &&mut HolderProcess| {
                (known.pid, known.thread) == (process.pid, process.thread)
            };
            match mount.kept_by.iter_mut().find(is_it) {
                Some(known) => known.uses.extend(process.uses),
                None => mount.kept_by.push(process),
            }
        }
    }
    found
}

/// The kernel's own mount for files without a name, and its device. Every `memfd` is on it.
fn of_memory_files() -> Option<(Option<MountId>, Device)> {
    let file = memfd_create("mountscan", MemfdFlags::CLOEXEC).ok()?;
    let seen = look(file.as_fd(), Path::new(""), StatxFlags::MNT_ID).ok()?;
    let given = StatxFlags::from_bits_retain(seen.stx_mask).contains(StatxFlags::MNT_ID);
    let id = u32::try_from(seen.stx_mnt_id).ok().filter(|_| given);
    let device = Device {
        major: seen.stx_dev_major,
        minor: seen.stx_dev_minor,
    };
    Some((id.map(MountId), device))
}
