//! Opens procfs in a way that makes sure that what is read is the kernel's own word.
//!
//! A program that can mount in our namespace can put its own file over `/proc/self/mountinfo`, or a
//! directory over `/proc`. So the file system is checked by its magic number. Nothing below it is
//! reached through another mount or through a link that leads out of it (`openat2`, Linux 5.6).

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, StatxFlags, fstat, fstatfs,
    openat, openat2, statx,
};
use rustix::io::Errno;

use crate::error::{Error, ErrorKind};
use crate::ids::{Device, MountId};
use crate::row::parse::decimal;

/// `PROC_SUPER_MAGIC` of linux/magic.h.
pub(super) const PROC_SUPER_MAGIC: u32 = 0x9fa0;
/// The inode number of the root of every procfs.
const PROC_ROOT_INO: u64 = 1;
/// Nothing below procfs is reached through another mount, or through a link that leads out of it.
const INSIDE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_XDEV)
    .union(ResolveFlags::NO_MAGICLINKS);

/// Which procfs to read.
///
/// By default it is the one at `/proc`. A program can have a procfs of its own, over which nobody
/// else can mount. It then gives a descriptor of the root of that procfs.
///
/// # Examples
///
/// ```no_run
/// let mut options = mountscan::ReadOptions::new();
/// options.proc = "/run/host/proc".into();
/// options.proc = std::fs::File::open("/proc")?.into();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Proc(Place);

#[derive(Debug, Clone)]
enum Place {
    At(PathBuf),
    Open(Arc<OwnedFd>),
    Unchecked(PathBuf),
    /// One that was opened and checked before.
    Held(Arc<ProcDir>),
}

impl Proc {
    /// A directory that is used as procfs without a check, such as a copy of another host's
    /// `/proc`.
    pub fn unchecked(directory: impl Into<PathBuf>) -> Self {
        Self(Place::Unchecked(directory.into()))
    }

    /// The same procfs, opened once. Whoever is given this value reads that procfs, whatever is
    /// mounted over its place later.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Untrusted`] if it is not a procfs, and other kinds if it cannot be opened.
    pub fn held(&self) -> Result<Self, Error> {
        match &self.0 {
            Place::Held(_) => Ok(self.clone()),
            _ => Ok(Self(Place::Held(Arc::new(self.open()?)))),
        }
    }

    /// Opens the root of the procfs.
    pub(crate) fn open(&self) -> Result<ProcDir, Error> {
        let (file, shown, is_checked) = match &self.0 {
            Place::Held(root) => return root.again(),
            Place::At(path) => (place(path)?, path.clone(), true),
            Place::Unchecked(path) => (place(path)?, path.clone(), false),
            Place::Open(file) => {
                let shown = PathBuf::from("/proc");
                let file = file.try_clone();
                let file = file.map_err(|cause| Error::at("dup", &shown, cause))?;
                (file, shown, true)
            }
        };
        let root = ProcDir {
            file,
            shown,
            is_checked,
        };
        // A directory over /proc has another magic number.
        root.check_magic(root.file.as_fd(), &root.shown)?;
        if is_checked {
            // A directory of procfs that is bound over /proc has the right number, but is not the
            // root.
            root.check_root()?;
        }
        Ok(root)
    }
}

impl Default for Proc {
    /// The procfs at `/proc`.
    fn default() -> Self {
        "/proc".into()
    }
}

impl From<&str> for Proc {
    fn from(path: &str) -> Self {
        Self(Place::At(path.into()))
    }
}

impl From<&Path> for Proc {
    fn from(path: &Path) -> Self {
        Self(Place::At(path.into()))
    }
}

impl From<&PathBuf> for Proc {
    fn from(path: &PathBuf) -> Self {
        path.as_path().into()
    }
}

impl From<&Self> for Proc {
    fn from(proc: &Self) -> Self {
        proc.clone()
    }
}

impl From<PathBuf> for Proc {
    fn from(path: PathBuf) -> Self {
        Self(Place::At(path))
    }
}

impl From<OwnedFd> for Proc {
    /// A descriptor of the root of a procfs.
    fn from(root: OwnedFd) -> Self {
        Self(Place::Open(Arc::new(root)))
    }
}

impl From<File> for Proc {
    /// A descriptor of the root of a procfs.
    fn from(root: File) -> Self {
        OwnedFd::from(root).into()
    }
}

/// Opens a directory as a place only, so that no automount is triggered.
fn place(path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(CWD, path, flags, Mode::empty());
    opened.map_err(|cause| Error::at("open", path, cause.into()))
}

/// An open directory of procfs.
#[derive(Debug)]
pub(crate) struct ProcDir {
    file: OwnedFd,
    /// Its path, for messages.
    shown: PathBuf,
    is_checked: bool,
}

impl ProcDir {
    /// The same directory, with a descriptor of its own.
    fn again(&self) -> Result<Self, Error> {
        let file = self.file.try_clone();
        Ok(Self {
            file: file.map_err(|cause| Error::at("dup", &self.shown, cause))?,
            shown: self.shown.clone(),
            is_checked: self.is_checked,
        })
    }

    /// The path of something below it, for messages.
    pub(crate) fn shown(&self, name: impl AsRef<Path>) -> PathBuf {
        // The empty name would add a slash.
        self.shown.join(name).components().collect()
    }

    /// The number of its own descriptor. A list of this process's descriptors leaves it out.
    pub(crate) fn descriptor(&self) -> u32 {
        self.file.as_raw_fd().unsigned_abs()
    }

    /// Opens a file for reading.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> Result<File, Error> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        self.open_at(name.as_ref(), flags).map(File::from)
    }

    /// Reads a file to its end.
    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
        let file = self.file(&name)?;
        let mut text = Vec::new();
        while self.read_more(&file, &name, &mut text)? > 0 {}
        Ok(text)
    }

    /// Reads a file to its end, or so many bytes of it.
    pub(crate) fn read_up_to(
        &self,
        name: impl AsRef<Path>,
        limit: usize,
    ) -> Result<Vec<u8>, Error> {
        let file = self.file(&name)?;
        let mut text = Vec::new();
        while text.len() < limit && self.read_more(&file, &name, &mut text)? > 0 {}
        text.truncate(limit);
        Ok(text)
    }

    /// Reads the beginning of a file in one call. A file of a few lines is read whole.
    pub(crate) fn read_first(&self, name: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
        let file = self.file(&name)?;
        let mut text = Vec::new();
        self.read_more(&file, &name, &mut text)?;
        Ok(text)
    }

    /// Appends what one call gives. The standard library would first ask for the size and the
    /// position of the file. Procfs knows no sizes.
    fn read_more(
        &self,
        file: &File,
        name: impl AsRef<Path>,
        text: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        const STEP: usize = 4096;
        let filled = text.len();
        text.resize(filled + STEP, 0);
        let read = rustix::io::retry_on_intr(|| rustix::io::read(file, &mut text[filled..]));
        text.truncate(filled + read.unwrap_or(0));
        read.map_err(|cause| Error::at("read", &self.shown(name), cause.into()))
    }

    /// The entries of a directory below it that are numbers, ascending.
    pub(crate) fn numbers(&self, name: impl AsRef<Path>) -> Result<Vec<u32>, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = self.open_at(name.as_ref(), flags)?;
        let failed = |cause: Errno| Error::at("readdir", &self.shown(&name), cause.into());
        let mut numbers = Vec::new();
        for entry in Dir::new(file).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // Other names are files about the system.
            numbers.extend(decimal(entry.file_name().to_bytes()));
        }
        // The order of readdir is no promise.
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// How many directories are in a directory of procfs, by the number of its links. Nothing is
    /// opened. `None` if it is not known.
    pub(crate) fn directories(&self, name: impl AsRef<Path>) -> Option<u32> {
        // Other file systems need not count links in this way. The device tells whether something
        // is mounted over the directory.
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let mask = StatxFlags::NLINK;
        let answer = statx(&self.file, name.as_ref(), flags, mask).ok()?;
        let own = fstat(&self.file).ok()?;
        let device = rustix::fs::makedev(answer.stx_dev_major, answer.stx_dev_minor);
        let is_own = self.is_checked && device == own.st_dev;
        answer.stx_nlink.checked_sub(2).filter(|_| is_own)
    }

    /// The text of a link, without following it.
    pub(crate) fn link(&self, name: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let link = self.open_at(name.as_ref(), flags)?;
        // The empty name is the link itself, because the link was opened as a place.
        let target = rustix::fs::readlinkat(&link, "", Vec::new());
        let target = target.map_err(|cause| {
            // The kernel says NOENT also of what is no link. Then nothing is absent.
            let is_link = fstat(&link)
                .is_ok_and(|seen| FileType::from_raw_mode(seen.st_mode) == FileType::Symlink);
            let cause = if is_link { cause } else { Errno::INVAL };
            Error::at("readlink", &self.shown(name), cause.into())
        })?;
        Ok(OsString::from_vec(target.into_bytes()).into())
    }

    /// Opens the target of a magic link: a namespace, a working directory, another process's file.
    /// If anything else has come to that place meanwhile, such as a pipe, opening it does not wait.
    pub(crate) fn follow(&self, name: impl AsRef<Path>, flags: OFlags) -> Result<OwnedFd, Error> {
        let name = name.as_ref();
        // The link itself must be part of procfs. Only its target lies elsewhere.
        let link = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        drop(self.open_at(name, link)?);
        let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = openat(&self.file, name, flags, Mode::empty());
        opened.map_err(|cause| Error::at("open", &self.shown(name), cause.into()))
    }

    /// The mount to which a magic link leads, and the device of its file system. Nothing is opened,
    /// and the file system is asked nothing. Use it only for a link whose text was read before,
    /// because that reading checks the link itself.
    pub(crate) fn place_of(&self, name: impl AsRef<Path>) -> Option<(MountId, Device)> {
        // The link is followed on purpose. Without a sync no server is asked.
        let flags = AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
        let name = name.as_ref();
        let look = || statx(&self.file, name, flags, StatxFlags::empty());
        let answer = rustix::io::retry_on_intr(look).ok()?;
        let given = StatxFlags::from_bits_retain(answer.stx_mask).contains(StatxFlags::MNT_ID);
        let id = u32::try_from(answer.stx_mnt_id).ok().filter(|_| given)?;
        let device = Device {
            major: answer.stx_dev_major,
            minor: answer.stx_dev_minor,
        };
        Some((MountId(id), device))
    }

    /// Whether a file is part of this very procfs.
    pub(super) fn has(&self, seen: &Stat) -> bool {
        fstat(&self.file).is_ok_and(|own| own.st_dev == seen.st_dev)
    }

    /// Opens something below it. Nothing is followed out of procfs.
    pub(super) fn open_at(&self, name: &Path, flags: OFlags) -> Result<OwnedFd, Error> {
        let failed = |cause: Errno| match cause {
            // The kernel says XDEV when the path leads through another mount.
            Errno::XDEV if self.is_checked => not_procfs(&self.shown(name)),
            cause => Error::at("open", &self.shown(name), cause.into()),
        };
        if self.is_checked {
            let opened = rustix::io::retry_on_intr(|| {
                openat2(&self.file, name, flags, Mode::empty(), INSIDE)
            });
            match opened {
                // An old kernel has no openat2, or a system call filter refuses it.
                Err(Errno::NOSYS | Errno::PERM) => {}
                opened => return opened.map_err(failed),
            }
        }
        // Without openat2, a mount of procfs over a part of procfs is not noticed.
        let opened = openat(&self.file, name, flags, Mode::empty());
        if matches!(opened, Err(Errno::NOENT | Errno::NOTDIR)) {
            self.check_above(name)?;
        }
        let opened = opened.map_err(failed)?;
        self.check_magic(opened.as_fd(), &self.shown(name))?;
        Ok(opened)
    }

    /// Checks the directories above a name. What is not found in a directory that lies over procfs
    /// may still be in procfs.
    fn check_above(&self, name: &Path) -> Result<(), Error> {
        let above = name.ancestors().skip(1);
        let above = above.filter(|above| !above.as_os_str().is_empty());
        for directory in above {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            if let Ok(opened) = openat(&self.file, directory, flags, Mode::empty()) {
                self.check_magic(opened.as_fd(), &self.shown(directory))?;
            }
        }
        Ok(())
    }

    fn check_magic(&self, file: BorrowedFd<'_>, shown: &Path) -> Result<(), Error> {
        if !self.is_checked {
            return Ok(());
        }
        let seen = fstatfs(file).map_err(|cause| Error::at("fstatfs", shown, cause.into()))?;
        if seen.f_type as u32 == PROC_SUPER_MAGIC {
            Ok(())
        } else {
            Err(not_procfs(shown))
        }
    }

    fn check_root(&self) -> Result<(), Error> {
        let seen = fstat(&self.file);
        let seen = seen.map_err(|cause| Error::at("fstat", &self.shown, cause.into()))?;
        if seen.st_ino == PROC_ROOT_INO {
            Ok(())
        } else {
            Err(not_procfs(&self.shown))
        }
    }
}

pub(super) fn not_procfs(path: &Path) -> Error {
    let what = format!("open({path:?}): not procfs: another mount lies over it");
    Error::new(ErrorKind::Untrusted, what).about(path)
}
