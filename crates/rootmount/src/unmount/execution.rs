//! What the steps of one execution share.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use mountscan::{MountId, MountTable, UniqueMountId, Witnesses};

use crate::error::Error;
use crate::look::{Ids, Seen, look};
use crate::mount::{Facts, MountRef, Same, same};
use crate::path::{open_answering, open_directory};
use crate::table::{MOUNTINFO, live_table, read_table};
use crate::unmount::gate::Gate;
use crate::unmount::options::UnmountOptions;
use crate::unmount::target::Target;

/// What the steps of one execution share.
pub(crate) struct Execution {
    /// The directory below which every target lies, without symlinks.
    pub(crate) base: PathBuf,
    pub(crate) base_fd: OwnedFd,
    pub(crate) options: UnmountOptions,
    pub(crate) targets: Vec<Target>,
    /// Asked right before each move whether it may be made; `None` if nobody is asked.
    pub(crate) gate: Option<Gate>,
    /// The table as it was when the execution began. It is read only if a target has no
    /// unique id, or if unmounting must not reach peers.
    pub(crate) table: Option<MountTable>,
    /// How many searches for holders have begun.
    pub(crate) searches: AtomicUsize,
    /// The mounts for which leaving the peer group and coming back has been rehearsed. Locked
    /// while a mount has left its group. Otherwise a second thread would see it private and
    /// take that for its true state.
    pub(crate) rehearsed: Mutex<HashSet<MountId>>,
    /// Opens witnesses of mounts that are detached lazily.
    pub(crate) witnesses: Arc<Witnesses>,
    /// Whether `/proc/thread-self/fd` can be used by a thread that has no working
    /// directory of its own.
    pub(crate) has_proc: bool,
    /// Ids of the mounts that the plan knows, to go or to stay.
    known: HashMap<MountId, Option<UniqueMountId>>,
    /// The mount at the root directory of this thread.
    process_root: Seen,
}

impl Execution {
    /// Opens the base and reads the facts that the targets are compared with. `kept` are the
    /// other mounts that the plan knows.
    pub(crate) fn begin<'k>(
        base: &Path,
        targets: Vec<Target>,
        kept: impl Iterator<Item = &'k MountRef>,
        options: &UnmountOptions,
    ) -> Result<Self, Error> {
        let base_fd = open_answering(base)?;
        let top = Path::new("/");
        let failed = |e| Error::call("statx(\"/\")", top, e);
        let process_root = open_directory(top).and_then(|top| look(&top, OsStr::new("")));
        // With unique ids and propagation no table is needed, and reading one takes long where
        // there are thousands of mounts.
        let needs_table = !options.propagate || targets.iter().any(|t| t.mount.unique_id.is_none());
        let ids = |mount: &MountRef| (mount.mount_id, mount.unique_id);
        let planned = targets.iter().map(|t| ids(&t.mount));
        let known = planned.chain(kept.map(ids)).collect();
        Ok(Self {
            base: base.to_path_buf(),
            known,
            gate: None,
            table: needs_table.then(|| first_table(options)).transpose()?,
            searches: AtomicUsize::new(0),
            rehearsed: Mutex::new(HashSet::new()),
            witnesses: Arc::default(),
            process_root: process_root.map_err(failed)?,
            has_proc: is_proc_usable(&base_fd),
            base_fd,
            options: options.clone(),
            targets,
        })
    }

    /// Whether a mount was there when the plan was made.
    pub(crate) fn knows(&self, ids: Ids) -> bool {
        self.known.get(&ids.mount_id).is_some_and(|unique| {
            let known = Facts {
                mount_id: Some(ids.mount_id),
                unique_id: *unique,
                ..Facts::default()
            };
            same(&known, &ids.facts()) != Same::No
        })
    }

    /// Whether it is the root of this process. In doubt the answer is yes.
    pub(crate) fn is_process_root(&self, ids: Ids) -> bool {
        match self.process_root {
            Seen::Mount(root) => same(&root.facts(), &ids.facts()) != Same::No,
            Seen::NoMount | Seen::Nothing => false,
        }
    }

    /// The mount table as it is now.
    pub(crate) fn read_table(&self) -> Result<MountTable, Error> {
        read_table(&self.options.mountinfo)
    }
}

/// The table by which planned mounts are recognised. It has unique ids if it is the kernel's
/// own.
fn first_table(options: &UnmountOptions) -> Result<MountTable, Error> {
    if options.mountinfo == Path::new(MOUNTINFO) {
        live_table()
    } else {
        read_table(&options.mountinfo)
    }
}

/// Whether `/proc/thread-self/fd` leads to this thread's descriptors.
fn is_proc_usable(fd: &OwnedFd) -> bool {
    // Tried, not assumed: procfs may be missing, or be that of another pid namespace, where the
    // same path leads to other descriptors or to none.
    let by_proc = rustix::fs::stat(format!("/proc/thread-self/fd/{}/.", fd.as_raw_fd()));
    match (rustix::fs::fstat(fd), by_proc) {
        (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}
