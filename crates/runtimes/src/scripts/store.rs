//! The directory of wrapper scripts: its contents, and the checks that it can be trusted.
//!
//! A script is put there once, under a name that follows from its contents, and is never
//! changed or removed while any process uses the directory.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::log::{debug, warning};
use nix::errno::Errno;
use nix::sys::statfs::fstatfs;
use nix::sys::statvfs::FsFlags;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::calls::retry;
use super::directory::{check_owner, metadata, open_or_make, sync};
use super::found::{Found, find};
use super::lock::DirLock;
use super::script::{SHELL, Script};
use super::write::{self, Job};
use crate::error::{Error, ErrorKind};
use crate::preflight;

/// A directory of wrapper scripts, held open and locked against removals by others.
///
/// It needs only the right to write to the directory. It also works where the kernel or the file
/// system has no O_TMPFILE, no hard links or no locks.
#[derive(Debug)]
pub struct ScriptStore {
    path: PathBuf,
    dir: OwnedFd,
    lock: DirLock,
}

/// What [`ScriptStore::publish`] did, by file name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedScripts {
    /// Scripts that were not there.
    pub created: Vec<String>,
    /// Scripts whose file did not hold what its name says, and was replaced. Another process wrote
    /// to it, or the machine crashed before the contents were durable.
    pub repaired: Vec<String>,
    /// How many were there already, complete.
    pub unchanged: usize,
}

impl ScriptStore {
    /// Opens a script directory, making it (0700) if it is missing.
    ///
    /// Waits up to ten seconds for a sweep of another process to end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnsafeDirectory`] if it is no directory, if group or others may write
    /// to it, or if it belongs to someone who is neither root nor this user;
    /// [`ErrorKind::Busy`]; [`ErrorKind::Io`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let dir = open_or_make(path)?;
        check_owner(&dir, path)?;
        // From here on no sweep of another process removes what we find.
        let lock = DirLock::share(&dir, path)?;
        Ok(Self {
            path: path.to_owned(),
            dir,
            lock,
        })
    }

    /// The directory's path, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that scripts here can run at all.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoExec`] and [`ErrorKind::NoShell`].
    pub fn check(&self) -> Result<(), Error> {
        self.check_with(Path::new(SHELL))
    }

    pub(crate) fn check_with(&self, shell: &Path) -> Result<(), Error> {
        let stat = fstatfs(&self.dir).map_err(|errno| Error::io("fstatfs", &self.path, errno))?;
        // execve(2) gives only EACCES on such a mount, as it does for a missing right.
        if stat.flags().contains(FsFlags::ST_NOEXEC) {
            let what = format!("script directory {:?} is on a noexec mount", self.path);
            return Err(Error::new(ErrorKind::NoExec, what).at(&self.path));
        }
        match preflight::access(shell) {
            Ok(()) => Ok(()),
            Err(errno @ (Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES)) => {
                let what = format!("script interpreter {shell:?} cannot be executed");
                Err(Error::new(ErrorKind::NoShell, what)
                    .at(shell)
                    .because(errno))
            }
            Err(errno) => Err(Error::io("faccessat", shell, errno)),
        }
    }

    /// Makes sure that each of these scripts is there, whole and durable. It can be executed at
    /// once, even while other threads fork.
    ///
    /// A script that is there is compared byte for byte and not touched; a file with other contents
    /// is replaced and reported. One short-lived thread writes all scripts of a call. It has a
    /// descriptor table of its own. One fsync(2) of the directory serves them all.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), or [`ErrorKind::Io`]. What this call created is then
    /// removed again, unless another process uses the directory and may have seen it.
    pub fn publish<'a>(
        &self,
        scripts: impl IntoIterator<Item = &'a Script>,
    ) -> Result<PublishedScripts, Error> {
        let mut names = BTreeSet::new();
        let mut jobs = Vec::new();
        let mut published = PublishedScripts::default();
        for script in scripts {
            if !names.insert(script.file_name()) {
                continue;
            }
            match find(&self.dir, &self.path, script)? {
                Found::Same => published.unchanged += 1,
                Found::Absent => jobs.push(Job {
                    script,
                    replace: false,
                }),
                Found::Corrupt => jobs.push(Job {
                    script,
                    replace: true,
                }),
            }
        }
        // A table without wrappers needs neither a shell nor a directory without `noexec`.
        if names.is_empty() {
            return Ok(published);
        }
        self.check()?;
        if jobs.is_empty() {
            return Ok(published);
        }
        let written = write::write(self.dir.as_fd(), &self.lock, &self.path, &jobs);
        published.created = written.created;
        published.repaired = written.repaired;
        // fsync(2) of a file does not make its name durable. A crash must not take away a script
        // that a container uses already.
        let result = written.result.and_then(|()| sync(&self.dir, &self.path));
        if let Err(error) = result {
            self.retract(&published.created);
            return Err(error);
        }
        self.log(&published);
        Ok(published)
    }

    fn log(&self, published: &PublishedScripts) {
        for name in &published.repaired {
            warning!(path = %self.path.join(name).display(), "replaced a corrupt wrapper script");
        }
        debug!(path = %self.path.display(), created = published.created.len(), "wrote scripts");
    }

    /// Removes scripts again that were given to no one. They stay if another process may have seen
    /// them.
    pub(crate) fn retract(&self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        // Another daemon may have found such a script and started a container with it.
        let removed = self.lock.alone(|| {
            for name in names {
                let name = name.as_str();
                let gone = retry(|| unlinkat(&self.dir, name, UnlinkatFlags::NoRemoveDir));
                if let Err(errno) = gone {
                    warning!(path = %self.path.join(name).display(), %errno, "script stays behind");
                }
            }
        });
        if removed.is_none() {
            debug!(path = %self.path.display(), "directory has other users, scripts stay");
        }
    }

    /// Whether the path still leads to the directory that is held open.
    pub(crate) fn is_current(&self) -> bool {
        let place = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let held = metadata(&self.dir).map(place);
        let named = self.path.metadata().map(place);
        // If another directory is there now, our scripts cannot be reached by their paths.
        matches!((held, named), (Ok(held), Ok(named)) if held == named)
    }

    pub(crate) fn lock(&self) -> &DirLock {
        &self.lock
    }

    pub(crate) fn dir(&self) -> &OwnedFd {
        &self.dir
    }
}
