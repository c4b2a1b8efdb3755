//! An open procfs for callers who look at processes themselves.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, OFlags, Statx, StatxFlags, fstat, fstatfs, statx};

use crate::error::{Error, ErrorKind};
use crate::kernel::procfs::{PROC_SUPER_MAGIC, Proc, ProcDir, not_procfs};

/// `NSFS_MAGIC` of linux/magic.h.
const NSFS_MAGIC: u32 = 0x6e73_6673;

/// An open procfs. Names are relative to its root: `1/stat`, `self/mountinfo`, `net/unix`.
///
/// Each name is looked up by the rules of [`Proc`]. If a file, a directory or another file system
/// is mounted over the procfs or over a part of it, the answer is
/// [`ErrorKind::Untrusted`]. It is never the content of that other thing, and never "not found".
///
/// A copy of this value uses the same descriptor.
///
/// # Examples
///
/// ```
/// use mountscan::{Proc, ProcRoot};
///
/// let proc = ProcRoot::open(&Proc::default())?;
/// assert!(proc.pids()?.contains(&std::process::id()));
/// let stat = proc.read("self/stat")?;
/// assert!(stat.starts_with(std::process::id().to_string().as_bytes()));
/// # Ok::<(), mountscan::Error>(())
/// ```
///
/// # References
///
/// [`openat2(2)`](https://man7.org/linux/man-pages/man2/openat2.2.html),
/// [`proc(5)`](https://man7.org/linux/man-pages/man5/proc.5.html)
#[derive(Debug, Clone)]
pub struct ProcRoot(Arc<ProcDir>);

impl ProcRoot {
    /// Opens the procfs and checks that it is one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Untrusted`] if something else is there, and other kinds if it cannot be opened.
    pub fn open(proc: &Proc) -> Result<Self, Error> {
        proc.open().map(|root| Self(Arc::new(root)))
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such file, or if its process has ended;
    /// [`ErrorKind::Untrusted`] if something is mounted over it.
    pub fn file(&self, name: impl AsRef<Path>) -> Result<File, Error> {
        self.0.file(name)
    }

    /// Reads a file to its end.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file).
    pub fn read(&self, name: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
        self.0.read(name)
    }

    /// Reads a file to its end, or so many bytes of it. A command line is as long as its process
    /// wants.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file).
    pub fn read_up_to(&self, name: impl AsRef<Path>, limit: usize) -> Result<Vec<u8>, Error> {
        self.0.read_up_to(name, limit)
    }

    /// The text of a link, such as `self/ns/pid`. The link is not followed.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file), and [`ErrorKind::Denied`] if the process is another user's.
    pub fn link(&self, name: impl AsRef<Path>) -> Result<PathBuf, Error> {
        self.0.link(name)
    }

    /// The ids of the processes that it shows, ascending.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file).
    pub fn pids(&self) -> Result<Vec<u32>, Error> {
        self.0.numbers(".")
    }

    /// The entries of a directory that are numbers, ascending: of `1/task` or `1/fd`.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file).
    pub fn numbers(&self, name: impl AsRef<Path>) -> Result<Vec<u32>, Error> {
        self.0.numbers(name)
    }

    /// The user to whom a file or directory belongs. The directory of a process belongs to the user
    /// that the process runs as.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file).
    pub fn owner(&self, name: impl AsRef<Path>) -> Result<u32, Error> {
        let name = name.as_ref();
        let place = self.0.open_at(name, OFlags::PATH | OFlags::CLOEXEC)?;
        let seen = fstat(&place);
        let seen = seen.map_err(|cause| Error::at("fstat", &self.0.shown(name), cause.into()))?;
        Ok(seen.st_uid)
    }

    /// Opens a namespace of a process. The kind is `mnt`, `pid` and so on.
    ///
    /// The opened file is the one that the kernel's link names.
    ///
    /// # Errors
    ///
    /// As [`link`](Self::link).
    pub fn namespace(&self, process: impl AsRef<Path>, kind: &str) -> Result<File, Error> {
        let name = process.as_ref().join("ns").join(kind);
        let text = self.link(&name)?;
        let file = self.0.follow(&name, OFlags::RDONLY)?;
        let shown = self.0.shown(&name);
        let seen = fstat(&file).map_err(|cause| Error::at("fstat", &shown, cause.into()))?;
        // A mount may have come over the link since it was read.
        let named = format!("{kind}:[{}]", seen.st_ino);
        let is_it = match file_system(&file, &shown)? {
            NSFS_MAGIC => text.as_os_str() == named.as_str(),
            // Before Linux 3.19 and in gVisor the file is part of procfs. The link was checked, and
            // setns takes no other file of procfs.
            PROC_SUPER_MAGIC => self.0.has(&seen),
            _ => false,
        };
        match is_it {
            true => Ok(file.into()),
            false => Err(not_procfs(&shown)),
        }
    }

    /// The path that leads through a link of procfs to a directory, such as `/proc/1/root`. It is
    /// checked that the path leads to the very directory to which the link leads.
    ///
    /// # Errors
    ///
    /// As [`link`](Self::link), and [`ErrorKind::Untrusted`] if the path leads elsewhere.
    pub fn path_through(&self, name: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let shown = self.0.shown(&name);
        let place = self.0.follow(&name, OFlags::PATH | OFlags::DIRECTORY)?;
        // What the kernel has cached is enough, so no server is asked.
        let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
        let identity = |seen: Statx| (seen.stx_dev_major, seen.stx_dev_minor, seen.stx_ino);
        let by_link = statx(&place, "", flags | AtFlags::EMPTY_PATH, StatxFlags::INO);
        let by_path = statx(CWD, &shown, flags, StatxFlags::INO);
        match (by_link.map(identity), by_path.map(identity)) {
            (Ok(by_link), Ok(by_path)) if by_link == by_path => Ok(shown),
            (Err(cause), _) => Err(Error::at("statx", &shown, cause.into())),
            _ => Err(not_procfs(&shown)),
        }
    }

    /// The number of the caller in this procfs. It differs from `getpid(2)` if the procfs belongs
    /// to a pid namespace above the caller's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the procfs does not show the caller: then it belongs to a pid
    /// namespace in which the caller is not, and it says nothing about the caller's processes.
    pub fn own_pid(&self) -> Result<u32, Error> {
        let shown = self.0.shown("");
        let link = self.link("self").map_err(|error| match error.kind() {
            ErrorKind::NotFound => not_shown(&shown),
            _ => error,
        })?;
        let number = link.to_str().and_then(|text| text.parse().ok());
        number.ok_or_else(|| not_shown(&shown))
    }

    /// The processes of pid namespaces below that of this procfs. Each stands with its numbers
    /// there, from the upper namespace to the lowest.
    ///
    /// A number that was written down in such a namespace means one of these processes, and not the
    /// one that has this number here.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file), for any process that has not ended.
    pub fn nested(&self) -> Result<Vec<(u32, Vec<u32>)>, Error> {
        let mut all = Vec::new();
        for pid in self.pids()? {
            match self.read(format!("{pid}/status")) {
                Ok(status) => {
                    let numbers = numbers_below(&String::from_utf8_lossy(&status));
                    all.extend((!numbers.is_empty()).then_some((pid, numbers)));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// The path of a name, for messages and for calls that take a path only. What such a call finds
    /// there is not checked.
    pub fn shown(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.shown(name)
    }
}

/// The magic number of the file system that a file is on.
fn file_system(file: &OwnedFd, shown: &Path) -> Result<u32, Error> {
    let seen = fstatfs(file).map_err(|cause| Error::at("fstatfs", shown, cause.into()))?;
    Ok(seen.f_type as u32)
}

fn not_shown(proc: &Path) -> Error {
    let what = format!("{proc:?} does not show the calling process");
    Error::new(ErrorKind::NotFound, what).about(proc)
}

/// The numbers of a process in the pid namespaces below, from the line `NSpid` of its `status`. The
/// first number there is the one in the procfs itself.
fn numbers_below(status: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let numbers = line.unwrap_or_default().split_ascii_whitespace().skip(1);
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_is_cut() {
        let proc = ProcRoot::open(&Proc::default()).unwrap();
        let whole = proc.read("self/status").unwrap();
        assert_eq!(proc.read_up_to("self/status", 7).unwrap(), whole[..7]);
        let all = proc.read_up_to("self/status", 1 << 20).unwrap();
        assert!(all.starts_with(&whole[..7]) && all.len() > 100);
    }

    #[test]
    fn a_namespace_is_the_one_that_the_link_names() {
        let proc = ProcRoot::open(&Proc::default()).unwrap();
        let file = proc.namespace("thread-self", "mnt").unwrap();
        let text = proc.link("self/ns/mnt").unwrap();
        let named = format!("mnt:[{}]", fstat(&file).unwrap().st_ino);
        assert_eq!(text, Path::new(&named));
        let error = proc.namespace("self", "none").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn what_is_no_namespace_is_refused_and_does_not_wait() {
        let made = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(made.path().join("7/ns")).unwrap();
        // Nothing writes to the pipe. To open it must not wait for that.
        let pipe = made.path().join("pipe");
        rustix::fs::mkfifoat(CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        std::os::unix::fs::symlink("../../pipe", made.path().join("7/ns/mnt")).unwrap();
        let proc = ProcRoot::open(&Proc::unchecked(made.path())).unwrap();
        let error = proc.namespace("7", "mnt").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted);
    }

    #[test]
    fn numbers_in_namespaces_below() {
        let status = "Name:\tsleep\nPid:\t812\nNSpid:\t812\t37\t2\nNSpgid:\t812\t37\t2\n";
        assert_eq!(numbers_below(status), [37, 2]);
        assert!(numbers_below("NSpid:\t812\n").is_empty());
        assert!(numbers_below("Name:\tsleep\n").is_empty());
    }
}
