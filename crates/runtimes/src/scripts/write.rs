//! Puts new files into the script directory so that no one ever sees half of one.
//!
//! A file cannot be executed while any process has it open for writing (ETXTBSY). A fork in another
//! thread copies our descriptor while it is open. Neither rename nor O_TMPFILE helps against that.
//! So a thread with a descriptor table of its own writes the file: no fork in another thread can
//! copy its descriptors. A second descriptor, for reading, links the finished file to its name. So
//! another daemon that finds the name can run it at once.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat, renameat};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{close, linkat};

use super::calls::{MODE, retry};
use super::found::{Found, find};
use super::lock::DirLock;
use super::script::Script;
use super::temp::{self, TempName};
use crate::error::Error;

/// How many files are written before the first of them gets its name. It bounds the open
/// descriptors.
const BATCH: usize = 32;

/// One script to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) script: &'a Script,
    /// Replace the file that has this name, if there is one.
    pub(crate) replace: bool,
}

/// What became of the jobs. After an error it tells of the jobs before it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) created: Vec<String>,
    pub(crate) repaired: Vec<String>,
    pub(crate) result: Result<(), Error>,
}

/// Writes the scripts in a thread of its own. The directory itself is not synced.
pub(crate) fn write(dir: BorrowedFd<'_>, lock: &DirLock, path: &Path, jobs: &[Job<'_>]) -> Written {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("runtimes-writer".to_owned());
        let writer = thread.spawn_scoped(scope, || in_own_table(dir, lock, path, jobs));
        match writer.map(|thread| thread.join()) {
            Ok(Ok(written)) => written,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Written {
                created: Vec::new(),
                repaired: Vec::new(),
                result: Err(Error::io("clone", path, error)),
            },
        }
    })
}

fn in_own_table(dir: BorrowedFd<'_>, lock: &DirLock, path: &Path, jobs: &[Job<'_>]) -> Written {
    let way = match unshare(CloneFlags::CLONE_FILES) {
        Ok(()) => {
            close_all_but(dir.as_raw_fd());
            Way::Anonymous
        }
        // A system call filter is in the way: let another process do the writing.
        Err(_) => Way::OtherProcess,
    };
    Writer {
        dir,
        lock,
        path,
        way,
        created: Vec::new(),
        repaired: Vec::new(),
    }
    .run(jobs)
}

/// Closes this thread's copies of the descriptors of the process. An open copy would keep a pipe
/// from ending and a file busy. The standard streams stay open.
fn close_all_but(kept: RawFd) {
    let Ok(entries) = std::fs::read_dir("/proc/thread-self/fd") else {
        return;
    };
    let name = |entry: io::Result<std::fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    let numbers: Vec<RawFd> = entries
        .filter_map(|entry| name(entry)?.parse().ok())
        .collect();
    for number in numbers
        .into_iter()
        .filter(|number| *number > 2 && *number != kept)
    {
        let _ = close(number);
    }
}

/// The ways to write a file, the best one first. Each falls back to a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// O_TMPFILE: a crash leaves nothing.
    Anonymous,
    /// A temporary name, for filesystems without O_TMPFILE or a system without /proc.
    Named,
    /// A temporary name, written by a shell, where a thread cannot leave the table.
    OtherProcess,
}

/// A file with all its contents, and no descriptor for writing.
enum Staged<'a> {
    /// Not durable before its fsync.
    Anonymous(File),
    Named(TempName<'a>),
}

struct Writer<'a> {
    dir: BorrowedFd<'a>,
    lock: &'a DirLock,
    path: &'a Path,
    way: Way,
    created: Vec<String>,
    repaired: Vec<String>,
}

impl<'a> Writer<'a> {
    fn run(mut self, jobs: &[Job<'_>]) -> Written {
        let result = jobs.chunks(BATCH).try_for_each(|batch| self.batch(batch));
        Written {
            created: self.created,
            repaired: self.repaired,
            result,
        }
    }

    /// Writes all files of a batch before it waits for the first one. Then one commit of the file
    /// system's journal makes most of them durable.
    fn batch(&mut self, jobs: &[Job<'_>]) -> Result<(), Error> {
        let staged: Result<Vec<_>, _> = jobs.iter().map(|job| self.stage(job.script)).collect();
        let staged = staged?;
        for file in &staged {
            if let Staged::Anonymous(file) = file {
                file.sync_all()
                    .map_err(|source| Error::io("fsync", self.path, source))?;
            }
        }
        for (job, staged) in jobs.iter().zip(staged) {
            let target = self.path.join(job.script.file_name());
            self.place(job, staged, &target)?;
        }
        Ok(())
    }

    fn stage(&mut self, script: &Script) -> Result<Staged<'a>, Error> {
        if self.way == Way::Anonymous {
            match self.stage_anonymous(script) {
                Err(error) if wants_a_name(&error) => self.way = Way::Named,
                other => return other,
            }
        }
        let temp = match self.way {
            Way::OtherProcess => temp::by_shell(self.dir, self.lock, self.path, script.text())?,
            _ => temp::by_us(self.dir, self.path, script.text())?,
        };
        Ok(Staged::Named(temp))
    }

    fn stage_anonymous(&self, script: &Script) -> Result<Staged<'a>, Error> {
        let error = |call, source: io::Error| Error::io(call, self.path, source);
        let flags = OFlag::O_TMPFILE | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let opened = retry(|| openat(self.dir, ".", flags, MODE));
        let mut file = File::from(opened.map_err(|errno| error("open(O_TMPFILE)", errno.into()))?);
        file.write_all(script.text())
            .map_err(|source| error("write", source))?;
        // The umask may have taken bits away from the mode at the open.
        retry(|| fchmod(&file, MODE)).map_err(|errno| error("fchmod", errno.into()))?;
        // An anonymous file can be opened again only through procfs.
        let own = by_number(&file);
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let reader = retry(|| open(&own, flags, Mode::empty()));
        let reader = reader.map_err(|errno| error("open(/proc/thread-self/fd)", errno.into()))?;
        Ok(Staged::Anonymous(reader.into()))
    }

    /// Gives a finished file its name.
    fn place(&mut self, job: &Job<'_>, staged: Staged<'a>, target: &Path) -> Result<(), Error> {
        let name = job.script.file_name();
        if !job.replace {
            match self.link(&staged, name) {
                Ok(()) => {
                    self.created.push(name.to_owned());
                    return Ok(());
                }
                // Another process was faster. Its file is checked like any other.
                Err(Errno::EEXIST) => {
                    if find(self.dir, self.path, job.script)? == Found::Same {
                        return Ok(());
                    }
                }
                Err(errno) => return Err(Error::io("link", target, errno)),
            }
        }
        // linkat(2) never replaces a file, and rename(2) takes no anonymous one. So the file gets a
        // temporary name first.
        let temp = match staged {
            Staged::Named(temp) => temp,
            Staged::Anonymous(file) => TempName::claim(self.dir, self.path, |temp| {
                linkat(
                    AT_FDCWD,
                    &by_number(&file),
                    self.dir,
                    temp,
                    AtFlags::AT_SYMLINK_FOLLOW,
                )
            })?,
        };
        retry(|| renameat(self.dir, temp.name(), self.dir, name))
            .map_err(|errno| Error::io("rename", target, errno))?;
        temp.forget();
        self.repaired.push(name.to_owned());
        Ok(())
    }

    fn link(&self, staged: &Staged<'_>, name: &str) -> nix::Result<()> {
        match staged {
            Staged::Anonymous(file) => retry(|| {
                linkat(
                    AT_FDCWD,
                    &by_number(file),
                    self.dir,
                    name,
                    AtFlags::AT_SYMLINK_FOLLOW,
                )
            }),
            Staged::Named(temp) => {
                let from = temp.name();
                match retry(|| linkat(self.dir, from, self.dir, name, AtFlags::empty())) {
                    // This file system has no hard links. The name says what the contents are. So
                    // the rename can only replace a file that has the same contents.
                    Err(Errno::EPERM | Errno::ENOTSUP | Errno::ENOSYS | Errno::EMLINK) => {
                        retry(|| renameat(self.dir, from, self.dir, name))
                    }
                    other => other,
                }
            }
        }
    }
}

/// Whether the error concerns only anonymous files, so that a named one can still work.
fn wants_a_name(error: &Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        // ENOTSUP is the answer of a file system without O_TMPFILE, EISDIR that of a kernel before
        // 3.11. ENOENT comes without /proc, where the file cannot be opened again.
        Some(Errno::ENOTSUP | Errno::EISDIR | Errno::EINVAL | Errno::ENOENT | Errno::ENOSYS)
    )
}

/// The name under /proc of a descriptor of this very thread.
fn by_number(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/thread-self/fd/{}", file.as_raw_fd()))
}
