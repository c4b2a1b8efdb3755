//! Makes the call that unmounts, by a directory and a name in it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use mountscan::{MountWitness, UniqueMountId};
use nix::mount::{MntFlags, umount2};

use crate::error::{Error, ErrorKind};
use crate::look::{Seen, look, unique};
use crate::path_text::shown;
use crate::unmount::crew::worker::Slot;
use crate::unmount::execution::Execution;
use crate::unmount::outcome::Failure;
use crate::unmount::peers::{Apart, part};
use crate::unmount::target::Target;

/// Where a target is: its parent directory, and its name there.
pub(crate) struct Place<'a> {
    pub(crate) execution: &'a Execution,
    pub(crate) target: &'a Target,
    pub(crate) directory: &'a OwnedFd,
    pub(crate) name: &'a OsStr,
    pub(crate) own_directory: bool,
    pub(crate) slot: &'a Slot,
}

/// What is noted about the calls of a move, whatever its outcome.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) made: u32,
    /// Why the mount below is private now, if it could not be put back.
    pub(crate) left_private: Option<Failure>,
    /// Knows later whether the mount still lives. Opened before a lazy detach.
    pub(crate) witness: Option<Arc<MountWitness>>,
}

impl Place<'_> {
    pub(crate) fn look(&self) -> Result<Seen, Error> {
        look(self.directory, self.name).map_err(|e| self.look_error(e))
    }

    pub(crate) fn unique(&self) -> Result<Option<UniqueMountId>, Error> {
        unique(self.directory, self.name).map_err(|e| self.look_error(e))
    }

    fn look_error(&self, cause: io::Error) -> Error {
        let point = &self.target.mount.mount_point;
        Error::call(format!("statx({:?})", shown(point)), point, cause)
    }

    /// Makes the call. Depending on the options it reaches the peers of the mount below, or
    /// not.
    pub(crate) fn call_alone(
        &self,
        lazily: bool,
        calls: &mut Calls,
    ) -> Result<io::Result<()>, Error> {
        let apart = match self.execution.options.propagate {
            true => None,
            false => part(self.execution, self.target, self.directory)?,
        };
        // Asked as late as possible: leaving the group may have taken so long that this worker
        // was given up.
        let may_call = self.slot.may_call();
        let result = may_call.then(|| self.call(lazily));
        self.slot.has_called();
        // Also when no call was made: the mount below must be back in its group in any case.
        if let Some(Err(failure)) = apart.map(Apart::rejoin) {
            calls.left_private = Some(failure);
        }
        let result = result.ok_or_else(|| {
            let text = format!("{} was given up", shown(&self.target.mount.mount_point));
            Error::new(ErrorKind::NoAnswer, text)
        })?;
        calls.made += 1;
        Ok(result)
    }

    fn call(&self, lazily: bool) -> io::Result<()> {
        // A link put in place of the mount point since the check must not lead the call
        // elsewhere.
        let mut flags = MntFlags::UMOUNT_NOFOLLOW;
        flags.set(MntFlags::MNT_DETACH, lazily);
        flags.set(MntFlags::MNT_FORCE, self.execution.options.force);
        if self.own_directory {
            // Left where it is: the next step begins with its own directory.
            rustix::process::fchdir(self.directory)?;
            return Ok(umount2(Path::new(self.name), flags)?);
        }
        // umount2 takes a path only. Without a working directory of our own, procfs is the one
        // way to start from a descriptor.
        if !self.execution.has_proc {
            return Err(io::Error::from_raw_os_error(libc::ENOSYS));
        }
        let directory = self.directory.as_raw_fd();
        let mut path = OsString::from(format!("/proc/thread-self/fd/{directory}/"));
        path.push(self.name);
        Ok(umount2(Path::new(&path), flags)?)
    }

    pub(crate) fn call_error(&self, lazily: bool, cause: Option<io::Error>) -> Error {
        let flags = match lazily {
            true => "UMOUNT_NOFOLLOW|MNT_DETACH",
            false => "UMOUNT_NOFOLLOW",
        };
        let point = &self.target.mount.mount_point;
        let text = format!("umount2({:?}, {flags})", shown(point));
        let cause = cause.unwrap_or_else(|| io::Error::from_raw_os_error(libc::EIO));
        Error::call(text, point, cause)
    }
}
