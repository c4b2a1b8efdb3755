//! Enters namespaces of other processes.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use daemon_host::mountscan::{Error, ErrorKind, ProcRoot};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};

/// What entering a mount namespace needs.
const NEEDS: &str = "this needs root with CAP_SYS_ADMIN, CAP_SYS_CHROOT and CAP_SYS_PTRACE";

/// How often it is looked whether a thread that is ending has ended, every ten milliseconds.
const PATIENCE: u32 = 100;

/// The namespaces of a process, as a procfs names them.
pub(super) struct Namespaces {
    proc: ProcRoot,
    pid: String,
}

impl Namespaces {
    pub(super) fn of(proc: &ProcRoot, pid: u32) -> Self {
        Self {
            proc: proc.clone(),
            pid: pid.to_string(),
        }
    }

    /// Whether the process is in the same namespace of a kind as this one. The kinds are `mnt`,
    /// `pid` and so on.
    pub(super) fn is_same(&self, kind: &str) -> anyhow::Result<bool> {
        // The text of the link is the kind and the inode. It is the same only for one namespace.
        Ok(self.name(kind)? == self.link("self", kind)?)
    }

    /// The name of the process's namespace, such as `pid:[4026531836]`.
    pub(super) fn name(&self, kind: &str) -> anyhow::Result<PathBuf> {
        self.link(&self.pid, kind)
    }

    /// The same of process 1. The error is that of the call.
    pub(super) fn first_link(&self, kind: &str) -> Result<PathBuf, Error> {
        self.proc.link(Path::new("1/ns").join(kind))
    }

    /// The same of another process of this procfs.
    fn link(&self, of: &str, kind: &str) -> anyhow::Result<PathBuf> {
        let link = Path::new(of).join("ns").join(kind);
        self.proc.link(link).map_err(unread)
    }

    /// Enters the mount namespace. The root directory and the working directory become the root
    /// of there.
    ///
    /// It must be called while this process has one thread: the kernel refuses it to threads that
    /// share their root directory. A thread that looked at a file may be ending still.
    pub(super) fn enter_mounts(&self) -> anyhow::Result<()> {
        for _ in 0..PATIENCE {
            if self
                .proc
                .numbers("self/task")
                .is_ok_and(|tasks| tasks.len() == 1)
            {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let file = self.open("mnt")?;
        match setns(&file, CloneFlags::CLONE_NEWNS) {
            // Who is not root of the machine may be root of that user namespace.
            Err(Errno::EPERM) if !self.is_same("user")? => {
                let user = self.open("user")?;
                // First this one: entering it gives all capabilities in it, and the next call needs
                // them.
                self.result("user", setns(user, CloneFlags::CLONE_NEWUSER))?;
                self.result("mnt", setns(&file, CloneFlags::CLONE_NEWNS))
            }
            entered => self.result("mnt", entered),
        }
    }

    /// Opens a further namespace of the process, if it is not this one's already.
    pub(super) fn other(&self, kind: &str) -> anyhow::Result<Option<File>> {
        match self.is_same(kind)? {
            true => Ok(None),
            false => self.open(kind).map(Some),
        }
    }

    fn open(&self, kind: &str) -> anyhow::Result<File> {
        self.proc.namespace(&self.pid, kind).map_err(unread)
    }

    fn result(&self, kind: &str, entered: nix::Result<()>) -> anyhow::Result<()> {
        let path = self.proc.shown(&self.pid).join("ns").join(kind);
        entered.map_err(|errno| refused("setns", &path, errno.into()))
    }
}

/// Enters a namespace that was opened before.
pub(super) fn enter(namespace: &File, kind: CloneFlags) -> anyhow::Result<()> {
    setns(namespace, kind).with_context(|| format!("setns({kind:?})"))
}

fn unread(error: Error) -> anyhow::Error {
    let is_denied = error.kind() == ErrorKind::Denied;
    with_needs(error.into(), is_denied)
}

fn refused(call: &str, path: &Path, error: io::Error) -> anyhow::Error {
    let is_denied = error.kind() == io::ErrorKind::PermissionDenied;
    with_needs(
        anyhow!(error).context(format!("{call}({path:?})")),
        is_denied,
    )
}

fn with_needs(error: anyhow::Error, is_denied: bool) -> anyhow::Error {
    match is_denied {
        true => anyhow!("{error:#}; {NEEDS}"),
        false => error,
    }
}
