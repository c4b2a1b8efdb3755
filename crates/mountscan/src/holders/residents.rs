//! Finds which processes live on which file systems, in one pass over procfs.
//!
//! No file system is asked anything. Tables, links and maps are text of procfs, and a link is
//! opened as a place only. On NFS and 9p even that could wait for a server, so such a link is not
//! opened.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;

use crate::error::{Error, ErrorKind};
use crate::holders::in_parallel;
use crate::holders::process_view::ProcessView;
use crate::holders::processes::{Member, members, namespace_of_link};
use crate::holders::uses::maps::{Mapped, mapped_files};
use crate::holders::uses::seen_from::{inside, may_wait};
use crate::ids::{Device, MountId};
use crate::kernel::identity::identity_at;
use crate::kernel::procfs::{Proc, ProcDir};
use crate::row::borrowed::Row;
use crate::table::mount_table::MountTable;

/// Which processes to look for, and where.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResidentsOptions {
    /// Which procfs to read; by default the one at `/proc`. Processes that it does not show are not
    /// seen.
    pub proc: Proc,
    /// Only processes on file systems with these devices; `None` for all.
    pub devices: Option<Vec<Device>>,
    /// The table of the caller's mount namespace, if it was read a moment ago. It is then not read
    /// again for processes that share the caller's namespace and root directory.
    pub table: Option<MountTable>,
}

impl ResidentsOptions {
    /// Reads `/proc`, for file systems of every device.
    pub fn new() -> Self {
        Self {
            proc: Proc::default(),
            devices: None,
            table: None,
        }
    }
}

impl Default for ResidentsOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The processes that live on file systems.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Residents {
    /// One entry for each process and each way of use, sorted by mount namespace and pid.
    pub residents: Vec<Resident>,
    /// What the procfs shows of the machine. A process that it does not show may still live.
    pub view: ProcessView,
}

/// A process that lives on a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resident {
    /// Process id.
    pub pid: u32,
    /// The thread, if it is in another mount namespace than its process.
    pub thread: Option<u32>,
    /// Command name, at most 15 bytes.
    pub comm: OsString,
    /// Inode number of its mount namespace.
    pub namespace: u64,
    /// How it lives there.
    pub how: ResidentUse,
    /// Device of the file system.
    pub device: Device,
    /// The root of the mount on which it lives, as a directory of the file system. `None` if only
    /// the device is known.
    pub root: Option<PathBuf>,
    /// The id of the mount, in the namespace of the process.
    pub mount_id: Option<MountId>,
}

/// How a process lives on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResidentUse {
    /// Its root directory is there, or a mount of that file system is at `/` in its table.
    RootDirectory,
    /// Its working directory is there.
    WorkingDirectory,
    /// The program that it runs is there.
    Executable,
    /// It has mapped a file that is there.
    Mapping,
}

/// Finds the processes that live on file systems, in every mount namespace that can be reached. A
/// process lives on a file system with its root directory, working directory, program or mapped
/// files.
///
/// Each pair of mount namespace and root directory is read once, however many processes share it.
/// Open descriptors do not count. To learn who keeps a mount busy, see
/// [`holders`](crate::holders()).
///
/// # Errors
///
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the procfs is missing or does not show
/// the calling process; other kinds if it cannot be listed. A process that ends meanwhile is passed
/// over. A process that cannot be read is counted.
///
/// # References
///
/// `proc_pid_root(5)`, `proc_pid_cwd(5)`, `proc_pid_exe(5)`, `proc_pid_maps(5)`,
/// `mount_namespaces(7)`.
pub fn residents(options: &ResidentsOptions) -> Result<Residents, Error> {
    let proc = &options.proc.open()?;
    let mut view = ProcessView::read(proc)?;
    let members = members(proc, &mut view.unreadable)?;
    let first = namespace_of_link(proc, "1/ns/mnt");
    // Process 1 does not count: it lives in no container that this view shows.
    if first.is_err_and(|error| error.kind() == ErrorKind::Denied) {
        view.unreadable = view.unreadable.saturating_sub(1);
    }
    let census = Census {
        proc,
        devices: options
            .devices
            .as_ref()
            .map(|d| d.iter().copied().collect()),
        own: own(proc, &view, options.table.as_ref()),
        gaps: Mutex::default(),
    };
    let spaces: Vec<(u64, &[Member])> = members.iter().map(|(&n, m)| (n, &m[..])).collect();
    let look = |&(namespace, members): &(u64, &[Member])| census.namespace(namespace, members);
    let found = in_parallel::map(&spaces, |_| false, look);
    let gaps = census.gaps.into_inner();
    let gaps = gaps.unwrap_or_else(PoisonError::into_inner);
    view.processes = members
        .values()
        .flatten()
        .filter(|m| m.thread().is_none())
        .count()
        + view.unreadable;
    view.unreadable += gaps.len();
    Ok(Residents {
        residents: found.into_iter().flatten().collect(),
        view,
    })
}

struct Census<'p> {
    proc: &'p ProcDir,
    devices: Option<HashSet<Device>>,
    /// A table that is known already, and whose it is.
    own: Option<Own<'p>>,
    /// Processes that live, but about which something could not be read.
    gaps: Mutex<BTreeSet<u32>>,
}

/// The caller's own table. It is used for processes in the caller's namespace with the caller's
/// root directory.
struct Own<'p> {
    namespace: u64,
    root: PathBuf,
    table: &'p MountTable,
}

fn own<'p>(proc: &ProcDir, view: &ProcessView, table: Option<&'p MountTable>) -> Option<Own<'p>> {
    Some(Own {
        namespace: view.own_namespace?,
        root: proc.link("thread-self/root").ok()?,
        table: table?,
    })
}

/// A mount table as it looks from one root directory.
struct View<'p> {
    table: Cow<'p, MountTable>,
    /// Whether the table has a mount of a wanted device.
    has_wanted: bool,
}

/// A mount namespace, with its mounts of wanted devices.
struct Space {
    namespace: u64,
    ids: HashMap<MountId, (Device, PathBuf)>,
}

impl Space {
    fn home(&self, mount_id: MountId) -> Option<Home> {
        let (device, root) = self.ids.get(&mount_id)?;
        Some((*device, Some(root.clone()), Some(mount_id)))
    }
}

/// Where a process lives: the device and root of a mount, and its id.
type Home = (Device, Option<PathBuf>, Option<MountId>);

impl Census<'_> {
    /// Finds the residents among the members of a namespace.
    fn namespace(&self, namespace: u64, members: &[Member]) -> Vec<Resident> {
        // The text of the link names the root directory: within one namespace, two roots differ in
        // it.
        let root = |member: &Member| self.seen(member, self.proc.link(member.file("root")));
        let roots = in_parallel::map(members, |_| false, root);
        let rooted = members.iter().zip(roots);
        let rooted: Vec<(&Member, PathBuf)> = rooted.filter_map(|(m, r)| Some((m, r?))).collect();
        let mut views: BTreeMap<&Path, View<'_>> = BTreeMap::new();
        for (member, root) in &rooted {
            if !views.contains_key(&**root) {
                let own = self
                    .own
                    .as_ref()
                    .filter(|own| (own.namespace, &own.root) == (namespace, root));
                // If this process has ended, the next one with the same root gives the table.
                let view = match own {
                    Some(own) => Some(self.view(Cow::Borrowed(own.table))),
                    None => self.table(member).map(|table| self.view(Cow::Owned(table))),
                };
                views.extend(view.map(|view| (&**root, view)));
            }
        }
        // From all views: a link may lead out of the root directory of its own process.
        let wanted = views.values().flat_map(|view| view.table.rows());
        let wanted = wanted.filter(|row| self.is_wanted(row.device()));
        let space = Space {
            namespace,
            ids: wanted
                .map(|row| (row.mount_id(), (row.device(), row.root().into_owned())))
                .collect(),
        };
        let look = |(member, root): &(&Member, PathBuf)| {
            // If no table could be read, each process has been noted as a gap.
            let view = views.get(&**root);
            view.map_or_else(Vec::new, |view| self.of_member(member, root, view, &space))
        };
        let found = in_parallel::map(&rooted, |_| false, look);
        found.into_iter().flatten().collect()
    }

    fn table(&self, member: &Member) -> Option<MountTable> {
        let file = self.proc.file(member.file("mountinfo"));
        self.seen(member, file.and_then(MountTable::from_reader))
    }

    fn view<'t>(&self, table: Cow<'t, MountTable>) -> View<'t> {
        let has_wanted = table.rows().any(|row| self.is_wanted(row.device()));
        View { table, has_wanted }
    }

    /// What was read of a process. A process that has ended left nothing behind. Any other process
    /// that could not be read is a gap.
    fn seen<T>(&self, member: &Member, read: Result<T, Error>) -> Option<T> {
        read.map_err(|error| {
            let is_over = matches!(
                error.raw_os_error(),
                // A process that is about to end has no mount namespace any more: EINVAL.
                Some(libc::ENOENT | libc::ESRCH | libc::EINVAL)
            );
            if !is_over {
                let gaps = self.gaps.lock();
                gaps.unwrap_or_else(PoisonError::into_inner)
                    .insert(member.pid);
            }
        })
        .ok()
    }

    fn is_wanted(&self, device: Device) -> bool {
        self.devices
            .as_ref()
            .is_none_or(|set| set.contains(&device))
    }

    fn of_member(
        &self,
        member: &Member,
        root: &Path,
        view: &View<'_>,
        space: &Space,
    ) -> Vec<Resident> {
        let mut homes: Vec<(ResidentUse, Home)> = Vec::new();
        // The row at "/" is the mount of the root directory, even if the text of the link leads
        // nowhere.
        let at_root = view.table.mount_of(Path::new("/"));
        homes.extend(at_root.map(|row| (ResidentUse::RootDirectory, home(row))));
        for (name, how) in [
            ("root", ResidentUse::RootDirectory),
            ("cwd", ResidentUse::WorkingDirectory),
            ("exe", ResidentUse::Executable),
        ] {
            let found = self.by_link(member, name, root, view, space);
            homes.extend(found.map(|home| (how, home)));
        }
        let maps = self.seen(member, self.proc.read(member.file("maps")));
        let maps = maps.unwrap_or_default();
        let by_map = mapped_files(&maps).filter_map(|file| self.by_map(&file, root, view));
        homes.extend(by_map.map(|home| (ResidentUse::Mapping, home)));
        let mut seen = HashSet::new();
        // A process that maps a hundred files of one mount is one resident and not a hundred.
        homes.retain(|home| self.is_wanted(home.1.0) && seen.insert(home.clone()));
        if homes.is_empty() {
            return Vec::new();
        }
        let process = member.process(self.proc);
        let resident = |(how, (device, root, mount_id)): (ResidentUse, Home)| Resident {
            pid: process.pid,
            thread: process.thread,
            comm: process.comm.clone(),
            namespace: space.namespace,
            how,
            device,
            root,
            mount_id,
        };
        homes.into_iter().map(resident).collect()
    }

    /// The mount to which a link of procfs leads.
    fn by_link(
        &self,
        member: &Member,
        name: &str,
        root: &Path,
        view: &View<'_>,
        space: &Space,
    ) -> Option<Home> {
        let link = &member.file(name);
        let text = self.seen(member, self.proc.link(link))?;
        let by_path = inside(&text, root).and_then(|path| view.table.mount_of(&path));
        // The server may be gone. The path alone answers here, so that the search does not hang.
        if let Some(row) = by_path.filter(may_wait) {
            return Some(home(row));
        }
        // A kernel before 5.8 tells the mount of an open file only.
        let Some((mount_id, device)) = self.proc.place_of(link) else {
            let file = self.seen(member, self.proc.follow(link, OFlags::PATH))?;
            let identity = self.seen(member, identity_at(&file, Path::new("")))?;
            return space.home(identity.mount_id?);
        };
        // A mount that is in no table any more, or is of another namespace, may still be of a
        // wanted file system.
        let elsewhere = || Some((device, None, Some(mount_id)));
        space.home(mount_id).or_else(elsewhere)
    }

    /// The mount on which a mapped file lies. For a file on an overlay, older kernels give the
    /// device of the layer below. So the path is looked at, too.
    fn by_map(&self, file: &Mapped<'_>, root: &Path, view: &View<'_>) -> Option<Home> {
        let is_wanted = self.is_wanted(file.device);
        if !is_wanted && !view.has_wanted {
            return None;
        }
        let path = inside(file.path, root);
        match path.and_then(|path| view.table.mount_of(&path)) {
            Some(row) if row.device() == file.device => Some(home(row)),
            _ if is_wanted => Some((file.device, None, None)),
            Some(row) => Some(home(row)),
            None => None,
        }
    }
}

fn home(row: Row<'_>) -> Home {
    (
        row.device(),
        Some(row.root().into_owned()),
        Some(row.mount_id()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_where_its_program_is() {
        let found = residents(&ResidentsOptions::new()).unwrap();
        let own = std::process::id();
        let ways: HashSet<ResidentUse> = found
            .residents
            .iter()
            .filter(|r| r.pid == own)
            .map(|r| r.how)
            .collect();
        for how in [
            ResidentUse::RootDirectory,
            ResidentUse::WorkingDirectory,
            ResidentUse::Executable,
            ResidentUse::Mapping,
        ] {
            assert!(ways.contains(&how), "{how:?}: {ways:?}");
        }
        assert!(found.view.processes > 0);
    }

    #[test]
    fn a_table_that_is_known_already_gives_the_same_answer() {
        let own = std::process::id();
        let of_us = |options: &ResidentsOptions| -> Vec<Resident> {
            let found = residents(options).unwrap().residents;
            found.into_iter().filter(|r| r.pid == own).collect()
        };
        let mut options = ResidentsOptions::new();
        let read = of_us(&options);
        options.table = Some(MountTable::current().unwrap());
        assert_eq!(of_us(&options), read);
        options.table = Some(MountTable::from_bytes(""));
        let blind = of_us(&options);
        assert!(
            blind.iter().all(|r| r.root.is_none()),
            "it is not read again"
        );
        assert!(
            !blind.is_empty(),
            "the device alone is known without a table"
        );
    }

    #[test]
    fn what_could_not_be_read_of_a_process_is_no_absence() {
        let proc = tempfile::tempdir().unwrap();
        let link = |text: &str, name: &str| {
            let at = proc.path().join(name);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(text, at).unwrap();
        };
        link("7", "self");
        for pid in ["7", "8", "9"] {
            link("mnt:[4026531841]", &format!("{pid}/ns/mnt"));
            link("/", &format!("{pid}/root"));
            std::fs::create_dir(proc.path().join(pid).join("task")).unwrap();
        }
        let ask = || {
            let mut options = ResidentsOptions::new();
            options.proc = Proc::unchecked(proc.path());
            residents(&options).unwrap().view.unreadable
        };
        // Processes that end leave nothing.
        assert_eq!(ask(), 0);
        // A table that cannot be read is read through the next process.
        std::fs::create_dir(proc.path().join("7/mountinfo")).unwrap();
        std::fs::write(proc.path().join("8/mountinfo"), "1 0 0:1 / / rw - t s rw\n").unwrap();
        assert_eq!(ask(), 1);
        std::fs::create_dir(proc.path().join("9/maps")).unwrap();
        assert_eq!(ask(), 2);
        std::fs::remove_file(proc.path().join("8/mountinfo")).unwrap();
        assert_eq!(ask(), 1, "8 and 9 end, 7 lives and has no table");
    }

    #[test]
    fn other_devices_are_left_out() {
        let mut options = ResidentsOptions::new();
        options.devices = Some(vec![Device {
            major: 4095,
            minor: 77,
        }]);
        assert_eq!(residents(&options).unwrap().residents, []);
    }
}
