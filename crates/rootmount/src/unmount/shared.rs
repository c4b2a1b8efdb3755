//! What the steps of one execution share, and what a thread keeps between them.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use mountscan::{MountId, MountTable, UniqueMountId};
use rustix::thread::UnshareFlags;

use crate::error::{Error, ErrorKind};
use crate::mount::{Seen, look};
use crate::path::{open_beneath, open_directory};
use crate::path_text::shown;
use crate::plan::cleanup_plan::CleanupPlan;
use crate::table::{MOUNTINFO, live_table};
use crate::unmount::execute::ExecuteOptions;

/// What the steps of one execution share.
pub(crate) struct World<'a> {
    pub(crate) root: &'a Path,
    pub(crate) root_fd: OwnedFd,
    pub(crate) options: &'a ExecuteOptions,
    /// The table as it was when the execution began, if a step has no unique id or
    /// must not reach peers.
    pub(crate) table: Option<MountTable>,
    /// Ids of the mounts that the plan knows, to go or to stay.
    pub(crate) known: HashMap<MountId, Option<UniqueMountId>>,
    /// For how many busy mounts holders have been looked for.
    pub(crate) looked_for: AtomicUsize,
    /// Held while a mount has left its peer group; the mounts for which leaving and
    /// coming back has been tried.
    pub(crate) apart: Mutex<HashSet<MountId>>,
    /// The mount at the root directory of this thread.
    pub(crate) process_root: Seen,
    /// Whether `/proc/thread-self/fd` can be used, should a thread not get a working
    /// directory of its own.
    pub(crate) has_proc: bool,
}

impl World<'_> {
    /// Whether a mount was there when the plan was made.
    pub(crate) fn knows(&self, mount_id: MountId, unique_id: Option<UniqueMountId>) -> bool {
        match (self.known.get(&mount_id), unique_id) {
            (Some(Some(planned)), Some(now)) => *planned == now,
            (known, _) => known.is_some(),
        }
    }

    pub(crate) fn is_process_root(&self, id: UniqueMountId) -> bool {
        matches!(self.process_root, Seen::Mount { unique_id: Some(root), .. } if root == id)
    }
}

/// What one thread keeps between steps.
pub(crate) struct Worker {
    /// Whether the working directory is this thread's own, for `umount2` by a bare name.
    pub(crate) own_directory: bool,
    /// The directory of the last step, kept open for the next one in it.
    last: Option<(PathBuf, OwnedFd)>,
}

impl Worker {
    /// To be made on the thread that works.
    pub(crate) fn new() -> Worker {
        // Deprecated only for what CLONE_FILES would do.
        #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
        let own_directory = rustix::thread::unshare(UnshareFlags::FS).is_ok();
        Worker {
            own_directory,
            last: None,
        }
    }

    /// For a thread that is not this execution's own.
    pub(crate) fn borrowed() -> Worker {
        Worker {
            own_directory: false,
            last: None,
        }
    }

    pub(crate) fn open(&mut self, world: &World<'_>, parent: &Path) -> io::Result<&OwnedFd> {
        if self
            .last
            .as_ref()
            .is_none_or(|(path, _)| path.as_os_str() != parent.as_os_str())
        {
            // Closed first: it may be what keeps the next mount busy.
            self.last = None;
            self.last = Some((parent.to_path_buf(), open_beneath(&world.root_fd, parent)?));
        }
        match &self.last {
            Some((_, fd)) => Ok(fd),
            None => Err(io::Error::from_raw_os_error(libc::EBADF)),
        }
    }
}

/// Opens the root and reads what the steps are told by.
pub(crate) fn world<'a>(
    plan: &'a CleanupPlan,
    options: &'a ExecuteOptions,
) -> Result<World<'a>, Error> {
    let refuse = |e| {
        Error::new(
            ErrorKind::BadRoot,
            format!("open data root {:?}", shown(&plan.root)),
        )
        .at(&plan.root)
        .because(e)
    };
    let root_fd = open_directory(&plan.root).map_err(refuse)?;
    let top = open_directory(Path::new("/")).map_err(refuse)?;
    let process_root = look(&top, OsStr::new("")).map_err(refuse)?;
    let needs_table = !options.propagate || plan.steps.iter().any(|step| step.unique_id.is_none());
    let table = needs_table.then(|| first_table(options)).transpose()?;
    let steps = plan.steps.iter().map(|s| (s.mount_id, s.unique_id));
    let kept = plan.kept.iter().map(|k| (k.mount_id, k.unique_id));
    let known = steps.chain(kept).collect();
    let has_proc = is_proc_usable(&root_fd);
    Ok(World {
        root: &plan.root,
        root_fd,
        options,
        table,
        known,
        looked_for: AtomicUsize::new(0),
        apart: Mutex::new(HashSet::new()),
        process_root,
        has_proc,
    })
}

/// The table to tell planned mounts by, with unique ids if it is the kernel's own.
fn first_table(options: &ExecuteOptions) -> Result<MountTable, Error> {
    if options.mountinfo == Path::new(MOUNTINFO) {
        live_table()
    } else {
        options.read_table()
    }
}

/// Whether `/proc/thread-self/fd` leads to this thread's descriptors.
fn is_proc_usable(fd: &OwnedFd) -> bool {
    let by_proc = rustix::fs::stat(format!("/proc/thread-self/fd/{}/.", fd.as_raw_fd()));
    match (rustix::fs::fstat(fd), by_proc) {
        (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}
