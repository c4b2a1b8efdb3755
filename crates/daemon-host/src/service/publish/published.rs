//! Puts a file in its place, and takes it away again if it is still the same.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, RenameFlags, openat, renameat, renameat_with};
use rustix::io::Errno;

use super::staged::Staged;
use super::target::{Directory, Identity, Target};
use crate::error::Error;

/// How often the place may change meanwhile before we give up.
const TRIES: usize = 8;

/// How a file is published.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishOptions {
    /// The permissions of the file, whatever the umask is; default `0o644`.
    pub mode: u32,
}

impl PublishOptions {
    /// Readable for all, writable for its owner.
    pub fn new() -> Self {
        Self { mode: 0o644 }
    }

    /// Sets the permissions.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }
}

impl Default for PublishOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A published file. Dropping it leaves the file; [`remove`](Self::remove) takes it away.
#[derive(Debug)]
pub struct Published {
    directory: Directory,
    identity: Identity,
    /// Open, so that the lock on it says that this process lives.
    _file: File,
}

impl Published {
    /// Where it is, as the caller named it.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Whether the file at the path has this content. Others may write to our file in place.
    pub(crate) fn holds(&self, content: &[u8]) -> bool {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.directory, self.directory.name(), flags, Mode::empty());
        let mut found = Vec::new();
        // One byte more, so that a longer content is not taken for this one.
        let longest = content.len() as u64 + 1;
        file.is_ok_and(|file| {
            let read = File::from(file).take(longest).read_to_end(&mut found);
            read.is_ok() && found == content
        })
    }

    /// Removes the file, unless another one is there now. Returns whether it was removed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied) and
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the directory cannot be changed.
    pub fn remove(self) -> Result<bool, Error> {
        // Our file is still open, so no other file can have its inode number.
        self.directory.remove(self.identity)
    }
}

/// Puts `content` at `path`: a reader sees the old file or the whole new one.
///
/// A regular file is replaced. A symbolic link, a FIFO, a socket or a directory there is
/// refused and stays. Before the new file gets the name, it is complete, on disk, and has its
/// mode. A process that is killed meanwhile leaves the old file. It may also leave a hidden
/// file, which the next call removes.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when something stands there
/// that is not a regular file; [`ErrorKind::Denied`](crate::ErrorKind::Denied) and
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when the file cannot be written. The old file is
/// as it was.
pub fn publish(path: &Path, content: &[u8], options: &PublishOptions) -> Result<Published, Error> {
    let directory = Directory::of(path)?;
    place(directory, content, options.mode, |_| Ok(()))
}

/// Does the same as [`publish`], and looks at a file before it is replaced. The look runs again
/// when the place has changed meanwhile. Its result is kept until the new file is there.
pub(crate) fn place<L>(
    directory: Directory,
    content: &[u8],
    mode: u32,
    look: impl Fn(&Directory) -> Result<L, Error>,
) -> Result<Published, Error> {
    for _ in 0..TRIES {
        let target = directory.target()?;
        if let Target::Other(kind) = target {
            return Err(directory.not_replaced(kind));
        }
        let is_new = target == Target::Absent;
        // It may be a lock on the old file, so it is kept until the rename is done.
        let _held = (!is_new).then(|| look(&directory)).transpose()?;
        let staged = Staged::write(&directory, content, mode)?;
        let identity = staged.identity()?;
        match staged.rename(|name| rename(&directory, name, is_new)) {
            Ok(file) => {
                // The name lasts once its directory is on disk; some file systems cannot say.
                let _ = rustix::fs::fsync(&directory);
                return Ok(Published {
                    directory,
                    identity,
                    _file: file,
                });
            }
            // Another file came since the look. It must be looked at before it may be replaced.
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(directory.failed("rename", errno)),
        }
    }
    Err(directory.failed("rename", Errno::EXIST))
}

/// Gives the file its name. If nothing was there before, it does not replace what came
/// meanwhile.
fn rename(directory: &Directory, from: &OsStr, is_new: bool) -> Result<(), Errno> {
    let to = directory.name();
    if is_new {
        match renameat_with(directory, from, directory, to, RenameFlags::NOREPLACE) {
            // The file system cannot refuse to replace.
            Err(Errno::INVAL) => {}
            renamed => return renamed,
        }
    }
    // rename(2) replaces in one step: a reader opens the old file or the new one.
    renameat(directory, from, directory, to)
}

#[cfg(test)]
mod tests;
