//! Finds the file that a program's name means, and whether it may be executed.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::statfs::statfs;
use nix::sys::statvfs::FsFlags;
use nix::unistd::{AccessFlags, faccessat};

use super::fault::PreflightFault;
use crate::answering::{LIMIT, SlowMounts};

/// Finds the file that a program's name means, if it can be executed.
///
/// A bare name is looked up in `search_path`, colon-separated as in `PATH`; empty and
/// relative entries there are passed over. Where a mount on the way may wait for a server, a child
/// process looks first. All looks together take five seconds at most.
///
/// # Errors
///
/// The reason why the program would not start.
pub fn locate(program: &Path, search_path: &OsStr) -> Result<PathBuf, PreflightFault> {
    let slow = SlowMounts::now();
    locate_in(program, Search::new(search_path, &slow))
}

/// Where programs are looked for, and which mounts may not answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// As in `PATH`.
    pub(super) path: &'a OsStr,
    slow: &'a SlowMounts,
    /// The end of the time for all files that are looked at.
    until: Instant,
}

impl<'a> Search<'a> {
    pub(crate) fn new(path: &'a OsStr, slow: &'a SlowMounts) -> Self {
        let until = Instant::now() + LIMIT;
        Self { path, slow, until }
    }

    /// As [`executable`], after a child has looked at the file where its mount may not answer.
    pub(super) fn executable(self, path: &Path) -> Result<Metadata, PreflightFault> {
        let left = self.until.saturating_duration_since(Instant::now());
        match self.slow.answers(path, left) {
            true => executable(path),
            false => Err(PreflightFault::NoAnswer),
        }
    }
}

/// As [`locate`].
pub(super) fn locate_in(program: &Path, search: Search<'_>) -> Result<PathBuf, PreflightFault> {
    let bytes = program.as_os_str().as_bytes();
    if program.is_absolute() {
        return search.executable(program).map(|_| program.to_owned());
    }
    if bytes.contains(&b'/') {
        return Err(PreflightFault::Relative);
    }
    if bytes.starts_with(b"-") {
        return Err(PreflightFault::LeadingDash);
    }
    let directories = search.path.as_bytes().split(|byte| *byte == b':');
    let directories = directories.map(|bytes| Path::new(OsStr::from_bytes(bytes)));
    let mut answer = PreflightFault::NotInPath;
    for dir in directories.filter(|dir| dir.is_absolute()) {
        let file = dir.join(program);
        match search.executable(&file) {
            Ok(_) => return Ok(file),
            // Whoever starts the program would wait here, too.
            Err(PreflightFault::NoAnswer) => return Err(PreflightFault::NoAnswer),
            // The program may be in a directory that cannot be read. "Not found" would mislead.
            Err(why @ PreflightFault::Unreachable(_)) => answer = why,
            Err(_) => {}
        }
    }
    Err(answer)
}

/// Checks that execve(2) of this path would find a file it may run.
pub(crate) fn executable(path: &Path) -> Result<Metadata, PreflightFault> {
    let metadata = path
        .metadata()
        .map_err(|error| fault(error.raw_os_error()))?;
    if !metadata.is_file() {
        return Err(PreflightFault::NotAFile);
    }
    match access(path) {
        Ok(()) => Ok(metadata),
        // EACCES has two causes: nobody gave the right, or the mount forbids all programs.
        Err(Errno::EACCES) => match statfs(path) {
            Ok(stat) if stat.flags().contains(FsFlags::ST_NOEXEC) => Err(PreflightFault::NoExec),
            _ => Err(PreflightFault::NotExecutable),
        },
        Err(errno) => Err(fault(Some(errno as i32))),
    }
}

/// Whether the effective user may execute it; EACCES on a `noexec` mount too.
pub(crate) fn access(path: &Path) -> nix::Result<()> {
    // Plain access(2) would ask for the real user, but execve(2) checks the effective one.
    faccessat(AT_FDCWD, path, AccessFlags::X_OK, AtFlags::AT_EACCESS)
}

fn fault(errno: Option<i32>) -> PreflightFault {
    match errno {
        Some(nix::libc::ENOENT) => PreflightFault::Missing,
        errno => PreflightFault::Unreachable(errno.unwrap_or(0)),
    }
}

/// Which file a path leads to: another file in its place has another identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    // No call sets this time, so it also shows a change that put size and mtime back.
    changed: (i64, i64),
}

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One limit is for all files of a question, however many there are.
    #[test]
    fn no_file_is_waited_for_when_the_time_is_over() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        let slow = SlowMounts::at([dir.clone()]);
        let mut search = Search::new(OsStr::new("/bin"), &slow);
        let program = dir.join("sh");
        std::fs::copy("/bin/sh", &program).unwrap();
        assert_eq!(locate_in(&program, search), Ok(program.clone()));
        search.until = Instant::now();
        assert_eq!(locate_in(&program, search), Err(PreflightFault::NoAnswer));
        // Where nobody has to wait, no time is needed.
        assert_eq!(locate_in(Path::new("sh"), search), Ok("/bin/sh".into()));
    }
}
