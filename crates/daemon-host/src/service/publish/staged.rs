//! Writes a new file completely before anybody sees it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};

use rustix::fs::{
    Access, AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, access, fchmod, fstat,
    linkat, openat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::target::{Directory, Identity};
use crate::error::Error;

/// How temporary names begin and end. They are hidden, and they never match `*.prom`, because a
/// collector must not read such a file.
const PREFIX: &str = ".daemon-host.";
const SUFFIX: &str = ".new";

/// A complete file under a name that nobody could guess; locked by this process.
#[derive(Debug)]
pub(crate) struct Staged<'d> {
    file: File,
    name: TempName<'d>,
}

/// The temporary name of a file. Dropping it removes the file.
#[derive(Debug)]
struct TempName<'d> {
    directory: &'d Directory,
    name: Option<OsString>,
}

impl Drop for TempName<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // What was written of it is only in the way.
            let _ = unlinkat(self.directory, name, AtFlags::empty());
        }
    }
}

impl<'d> Staged<'d> {
    /// Writes `content` to a new file with this mode, and gives it a temporary name in the same
    /// directory.
    pub(crate) fn write(
        directory: &'d Directory,
        content: &[u8],
        mode: u32,
    ) -> Result<Self, Error> {
        sweep(directory);
        let (file, name) = create(directory)?;
        let mut name = TempName { directory, name };
        let mut file = File::from(file);
        let failed = |call: &str, errno| directory.failed(call, errno);
        // Held as long as this process has the file open: who finds it locked knows that
        // its writer lives.
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|errno| failed("flock", errno))?;
        // By fchmod, for the umask may take any bit away from a mode given to open.
        fchmod(&file, Mode::from_raw_mode(mode)).map_err(|errno| failed("fchmod", errno))?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        written.map_err(|error| Error::io(format!("write({:?})", directory.path()), error))?;
        if name.name.is_none() {
            name.name = Some(link(directory, &file)?);
        }
        Ok(Self { file, name })
    }

    pub(crate) fn identity(&self) -> Result<Identity, Error> {
        let path = self.name.directory.path();
        Identity::of_file(&self.file).map_err(|error| Error::io(format!("fstat({path:?})"), error))
    }

    /// Gives the file its final name by calling `rename` with the temporary name.
    pub(crate) fn rename(
        mut self,
        rename: impl FnOnce(&OsStr) -> Result<(), Errno>,
    ) -> Result<File, Errno> {
        rename(self.name.name.as_deref().expect("a staged file has a name"))?;
        self.name.name = None;
        Ok(self.file)
    }
}

/// Makes a new file. It has no name if the file system can do that, and otherwise a random one.
fn create(directory: &Directory) -> Result<(OwnedFd, Option<OsString>), Error> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    // Not every file system has O_TMPFILE. Whatever the refusal is, a named file is tried next.
    if let Ok(file) = openat(directory, ".", flags | OFlags::TMPFILE, mode) {
        // Without procfs it could not be given a name.
        if access(own_path(&file), Access::EXISTS).is_ok() {
            return Ok((file, None));
        }
    }
    let name = random_name(SUFFIX)?;
    let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
    let file = openat(directory, &name, flags, mode);
    let file = file.map_err(|errno| directory.failed("open", errno))?;
    Ok((file, Some(name)))
}

/// Gives a file without a name a random one.
fn link(directory: &Directory, file: &File) -> Result<OsString, Error> {
    let name = random_name(SUFFIX)?;
    linkat(
        CWD,
        own_path(file),
        directory,
        &name,
        AtFlags::SYMLINK_FOLLOW,
    )
    .map_err(|errno| directory.failed("linkat", errno))?;
    Ok(name)
}

/// The path by which this process reaches a file that it has open.
fn own_path(file: impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

/// `.daemon-host.<16 random digits><suffix>`: short, so that it fits beside any name.
pub(crate) fn random_name(suffix: &str) -> Result<OsString, Error> {
    let mut bytes = [MaybeUninit::<u8>::uninit(); 8];
    let (filled, _) = getrandom(&mut bytes, GetRandomFlags::empty())
        .map_err(|errno| Error::io("getrandom(8)", errno.into()))?;
    let digits: String = filled.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{PREFIX}{digits}{suffix}").into())
}

/// Removes files that killed writers left: files of our user with such a name that nobody has
/// locked.
fn sweep(directory: &Directory) {
    let Ok(entries) = Dir::read_from(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_bytes();
        if name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes()) {
            // What cannot be removed is only in the way.
            let _ = remove_dead(directory, entry.file_name());
        }
    }
}

fn remove_dead(directory: &Directory, name: &std::ffi::CStr) -> Result<(), Errno> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    let is_ours = stat.st_uid == rustix::process::geteuid().as_raw()
        && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !is_ours {
        return Ok(());
    }
    // A writer that lives holds the lock, and then this fails.
    rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive)?;
    // The name may lead to another file since it was opened.
    let named = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if Identity::of(&named) == Identity::of(&stat) {
        unlinkat(directory, name, AtFlags::empty())?;
    }
    Ok(())
}
