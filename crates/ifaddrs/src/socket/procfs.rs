//! Finds the network namespaces of processes in procfs, and makes sure that it is procfs that
//! names them.
//!
//! A program that can mount in our namespace can put another file over `/proc/7/ns/net`, or a
//! directory over `/proc`. So the file system is checked, nothing is reached through another mount,
//! and the file must be the one that the kernel's link names.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{FsType, NSFS_MAGIC, PROC_SUPER_MAGIC, fstatfs};

use crate::error::{Error, ErrorKind};

/// The inode number of the root of every procfs.
const ROOT: u64 = 1;
/// Opens as a place only, and a link as itself.
const PLACE: OFlag = OFlag::O_PATH
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// Which procfs to read.
///
/// By default it is the one at `/proc`. A program can have a procfs of its own, over which nobody
/// else can mount. It then gives a descriptor of the root of that procfs.
///
/// # Examples
///
/// ```
/// let mut options = ifaddrs::ListOptions::new();
/// options.proc = "/run/host/proc".into();
/// options.proc = std::fs::File::open("/proc")?.into();
/// assert!(ifaddrs::Handle::open(&options)?.addrs("lo")?.found());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Procfs {
    /// The one that is mounted here.
    At(PathBuf),
    /// The one whose root is open as this descriptor.
    Open(Arc<OwnedFd>),
}

impl Default for Procfs {
    /// The procfs at `/proc`.
    fn default() -> Self {
        "/proc".into()
    }
}

impl From<&str> for Procfs {
    fn from(path: &str) -> Self {
        Self::At(path.into())
    }
}

impl From<&Path> for Procfs {
    fn from(path: &Path) -> Self {
        Self::At(path.into())
    }
}

impl From<PathBuf> for Procfs {
    fn from(path: PathBuf) -> Self {
        Self::At(path)
    }
}

impl From<OwnedFd> for Procfs {
    /// A descriptor of the root of a procfs.
    fn from(root: OwnedFd) -> Self {
        Self::Open(Arc::new(root))
    }
}

impl From<File> for Procfs {
    /// A descriptor of the root of a procfs.
    fn from(root: File) -> Self {
        OwnedFd::from(root).into()
    }
}

/// The open root of a procfs.
#[derive(Debug)]
pub(super) struct ProcDir {
    root: File,
    device: u64,
    /// Its path, for messages.
    shown: PathBuf,
}

impl ProcDir {
    /// Opens the procfs and checks that it is one.
    pub(super) fn open(proc: &Procfs) -> Result<Self, Error> {
        let (root, shown) = match proc {
            Procfs::At(path) => {
                let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                let opened = openat(AT_FDCWD, path, flags, Mode::empty());
                (
                    opened.map_err(|errno| failed("open", path, errno))?,
                    path.clone(),
                )
            }
            Procfs::Open(root) => {
                let shown = PathBuf::from("/proc");
                let root = root.try_clone();
                (
                    root.map_err(|error| Error::call("fcntl(F_DUPFD_CLOEXEC)", error))?,
                    shown,
                )
            }
        };
        let root = File::from(root);
        let seen = root.metadata();
        let seen = seen.map_err(|error| Error::call(format!("fstat({shown:?})"), error))?;
        // A directory over /proc has another type, and a directory of procfs is not the root.
        match file_system(&root, &shown)? == PROC_SUPER_MAGIC && seen.ino() == ROOT {
            true => Ok(Self {
                device: seen.dev(),
                root,
                shown,
            }),
            false => Err(not_procfs(&shown)),
        }
    }

    /// The path of the namespace of a process, for messages.
    pub(super) fn shown(&self, process: &str) -> PathBuf {
        self.shown.join(name_of(process))
    }

    /// The number of the network namespace of a process, as the kernel's link names it.
    pub(super) fn number(&self, process: &str) -> Result<u64, Error> {
        let link = self.place(&name_of(process))?;
        match readlinkat(&link, "") {
            Ok(text) => inode_of(&text).ok_or_else(|| not_procfs(&self.shown(process))),
            // The kernel says ENOENT also of what is no link. That is not the kernel's file.
            Err(_) if !is_link(&link) => Err(not_procfs(&self.shown(process))),
            Err(errno) => Err(failed("readlink", &self.shown(process), errno)),
        }
    }

    /// Opens the network namespace of a process.
    pub(super) fn namespace(&self, process: &str) -> Result<OwnedFd, Error> {
        let (shown, name) = (self.shown(process), name_of(process));
        let number = self.number(process)?;
        // A mount may have come since. It may be anything: a pipe would wait for a writer.
        let flags = OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let opened = openat(&self.root, name.as_str(), flags, Mode::empty());
        let file = File::from(opened.map_err(|errno| failed("open", &shown, errno))?);
        let system = file_system(&file, &shown)?;
        let seen = file.metadata();
        let seen = seen.map_err(|error| Error::call(format!("fstat({shown:?})"), error))?;
        let is_it = match system {
            NSFS_MAGIC => seen.ino() == number,
            // Before Linux 3.19 and in gVisor the file is part of procfs. The link was checked, and
            // setns takes no other file of procfs.
            PROC_SUPER_MAGIC => seen.dev() == self.device,
            _ => false,
        };
        is_it.then(|| file.into()).ok_or_else(|| not_procfs(&shown))
    }

    /// Opens something as a place. Nothing is reached through another mount.
    fn place(&self, name: &str) -> Result<OwnedFd, Error> {
        let inside = ResolveFlag::RESOLVE_BENEATH
            | ResolveFlag::RESOLVE_NO_XDEV
            | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new().flags(PLACE).resolve(inside);
        let shown = || self.shown.join(name);
        match openat2(&self.root, name, how) {
            Ok(place) => Ok(place),
            // An old kernel has no openat2, or a system call filter refuses it.
            Err(Errno::ENOSYS | Errno::EPERM) => self.walk(name),
            // The kernel says EXDEV when the path leads through another mount.
            Err(Errno::EXDEV) => Err(not_procfs(&shown())),
            Err(errno) => Err(failed("open", &shown(), errno)),
        }
    }

    /// The same without openat2: each step must stay in this procfs. A mount of the same procfs
    /// over a part of it is not noticed.
    fn walk(&self, name: &str) -> Result<OwnedFd, Error> {
        let shown = self.shown.join(name);
        let mut left: VecDeque<OsString> = Path::new(name).iter().map(OsStr::to_owned).collect();
        let mut at = self.root.try_clone().map(OwnedFd::from);
        while let Some(part) = left.pop_front() {
            let from = at.map_err(|error| Error::call(format!("open({shown:?})"), error))?;
            let next = openat(&from, part.as_os_str(), PLACE, Mode::empty());
            let next = File::from(next.map_err(|errno| failed("open", &shown, errno))?);
            let is_here = next.metadata().is_ok_and(|seen| seen.dev() == self.device);
            if !is_here || file_system(&next, &shown)? != PROC_SUPER_MAGIC {
                return Err(not_procfs(&shown));
            }
            let next = OwnedFd::from(next);
            if left.is_empty() || !is_link(&next) {
                at = Ok(next);
                continue;
            }
            // `thread-self` is a link to a directory below the root.
            let text = readlinkat(&next, "").map_err(|errno| failed("readlink", &shown, errno))?;
            Path::new(&text)
                .iter()
                .rev()
                .for_each(|part| left.push_front(part.to_owned()));
            at = Ok(from);
        }
        at.map_err(|error| Error::call(format!("open({shown:?})"), error))
    }
}

/// The number of an open namespace. `None` if the file is not on the file system of namespaces, or
/// if that is not known.
pub(super) fn number_of(file: &OwnedFd) -> Option<u64> {
    let system = fstatfs(file).ok()?.filesystem_type();
    let seen = File::from(file.try_clone().ok()?).metadata().ok()?;
    (system == NSFS_MAGIC).then(|| seen.ino())
}

fn name_of(process: &str) -> String {
    format!("{process}/ns/net")
}

/// The number in `net:[4026531840]`.
fn inode_of(link: &OsStr) -> Option<u64> {
    let text = link.to_str()?.strip_prefix("net:[")?;
    text.strip_suffix(']')?.parse().ok()
}

fn is_link(place: &OwnedFd) -> bool {
    let file = place.try_clone().map(File::from);
    let seen = file.and_then(|file| file.metadata());
    seen.is_ok_and(|seen| seen.file_type().is_symlink())
}

fn file_system(file: impl AsFd, shown: &Path) -> Result<FsType, Error> {
    let seen = fstatfs(file).map_err(|errno| failed("fstatfs", shown, errno))?;
    Ok(seen.filesystem_type())
}

fn not_procfs(path: &Path) -> Error {
    let what = format!("open({path:?}): not procfs: another mount lies over it");
    Error::new(ErrorKind::Untrusted, what)
}

fn failed(call: &str, path: &Path, errno: Errno) -> Error {
    Error::call(format!("{call}({path:?})"), io::Error::from(errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kernel with openat2 goes the other way, so this one is tried by itself.
    #[test]
    fn without_openat2_each_step_stays_in_procfs() {
        let proc = ProcDir::open(&Procfs::default()).unwrap();
        let link = proc.walk("thread-self/ns/net").unwrap();
        let number = inode_of(&readlinkat(&link, "").unwrap());
        assert_eq!(number, proc.number("thread-self").ok());
        assert!(number.is_some());
        // A link of procfs to another file system.
        let error = proc.walk("self/cwd/x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
        let error = proc.walk("0/ns/net").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::ENOENT));
    }

    #[test]
    fn only_a_network_namespace_has_a_number() {
        assert_eq!(inode_of("net:[4026531840]".as_ref()), Some(4_026_531_840));
        assert_eq!(inode_of("mnt:[4026531840]".as_ref()), None);
        let file = File::open("/proc/self/status").unwrap();
        assert_eq!(number_of(&file.into()), None);
    }
}
