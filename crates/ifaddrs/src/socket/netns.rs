//! Sockets in another network namespace.
//!
//! A socket stays in the namespace in which it was made, and any thread may use it. So a
//! short-lived thread goes there, makes the socket, hands it back and ends. The caller's thread
//! never moves.

use std::fs::{File, Metadata, OpenOptions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::{io, panic, thread};

use nix::libc::{ENOENT, ESRCH, O_NOCTTY, O_NONBLOCK};
use nix::sched::{CloneFlags, setns};

use super::namespace::Namespace;
use super::procfs::{ProcDir, number_of};
use crate::error::{Error, ErrorKind};
use crate::log::debug;
use crate::options::ListOptions;

/// Where sockets are made.
#[derive(Debug, Clone)]
pub(crate) enum Home {
    /// In the namespace of the calling thread. This suits a call that keeps no socket.
    Here,
    /// In this namespace, also later and from other threads.
    There(Arc<Place>),
}

/// The calling thread in procfs. Each thread can be in a namespace of its own.
const OWN: &str = "thread-self";

/// A namespace that is held open, and its name in messages.
#[derive(Debug)]
pub(crate) struct Place {
    file: Arc<OwnedFd>,
    /// The number of the namespace, if it is known.
    number: Option<u64>,
    name: String,
    /// It was the calling thread's own when it was opened.
    was_own: bool,
    /// It tells in which namespace the calling thread is. Without it the namespace is entered.
    proc: Option<ProcDir>,
}

impl Home {
    /// Holds a namespace open.
    ///
    /// The current namespace cannot be held without a procfs that can be believed. Then each call
    /// uses its own thread's.
    pub(crate) fn new(options: &ListOptions) -> Result<Self, Error> {
        let proc = ProcDir::open(&options.proc);
        let (file, name) = match &options.namespace {
            Namespace::Fd(fd) => (Arc::clone(fd), "fd".to_owned()),
            Namespace::Current => match proc.as_ref().map(|proc| find(proc, OWN)) {
                Ok(Ok(found)) => found,
                _ => {
                    debug!("without procfs the current namespace cannot be held");
                    return Ok(Self::Here);
                }
            },
            Namespace::Path(path) => (open(path)?, format!("{path:?}")),
            Namespace::Pid(pid) => find(&ProcDir::open(&options.proc)?, &pid.to_string())?,
        };
        Ok(Self::There(Arc::new(Place {
            number: number_of(&file),
            file,
            name,
            was_own: matches!(options.namespace, Namespace::Current),
            proc: proc.ok(),
        })))
    }

    /// Runs `make` in the namespace.
    ///
    /// If the calling thread is in it already, that thread runs it. Otherwise a new thread does.
    pub(crate) fn run<T: Send>(
        &self,
        make: impl FnOnce() -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let Self::There(place) = self else {
            return make();
        };
        if place.is_current() {
            return make();
        }
        let inside = move || {
            place.enter()?;
            make()
        };
        // The thread ends here and never serves anything else: it stays in the other namespace.
        thread::scope(|scope| {
            let thread = thread::Builder::new()
                .name("ifaddrs-netns".to_owned())
                .spawn_scoped(scope, inside)
                .map_err(|error| Error::call("clone(a thread for the namespace)", error))?;
            thread
                .join()
                .unwrap_or_else(|panicked| panic::resume_unwind(panicked))
        })
    }
}

fn open(path: &Path) -> Result<Arc<OwnedFd>, Error> {
    // The path comes from a caller and may be anything. Opening a named pipe would wait for a
    // writer; a terminal could become the controlling one.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(O_NONBLOCK | O_NOCTTY)
        .open(path);
    let file = opened.map_err(|error| {
        let error = Error::call(format!("open({path:?})"), error);
        match error.kind() {
            ErrorKind::Denied => error,
            _ => error.with_kind(ErrorKind::Namespace),
        }
    })?;
    Ok(Arc::new(file.into()))
}

/// Opens the namespace of a process, with its name in messages.
fn find(proc: &ProcDir, process: &str) -> Result<(Arc<OwnedFd>, String), Error> {
    let file = proc.namespace(process).map_err(|error| {
        // What is not in procfs does not exist. What covers procfs says nothing about that.
        match error.raw_os_error() {
            Some(ENOENT | ESRCH) => error.with_kind(ErrorKind::Namespace),
            _ => error,
        }
    })?;
    Ok((Arc::new(file), format!("{:?}", proc.shown(process))))
}

/// The device and inode number of an opened namespace file.
type Identity = (u64, u64);

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

impl Place {
    /// Whether the calling thread is in this namespace. If that is not known, it is not.
    fn is_current(&self) -> bool {
        let own = self.proc.as_ref().and_then(|proc| proc.number(OWN).ok());
        own.is_some() && own == self.number
    }

    /// Moves the calling thread into this namespace.
    fn enter(&self) -> Result<(), Error> {
        // The type lets the kernel refuse the file of another kind of namespace (EINVAL).
        match setns(self.file.as_fd(), CloneFlags::CLONE_NEWNET) {
            Ok(()) => Ok(()),
            Err(errno) if self.is_the_only_one(&errno.into()) => {
                debug!("this kernel has one network namespace, staying in it");
                Ok(())
            }
            Err(errno) => Err(self.refused(errno.into())),
        }
    }

    /// Whether there is no other namespace to go to.
    ///
    /// gVisor gives a namespace file another number at each opening, so numbers prove nothing
    /// there. Its older versions cannot move a thread.
    fn is_the_only_one(&self, refusal: &io::Error) -> bool {
        let open = || {
            let file = self.proc.as_ref()?.namespace(OWN).ok()?;
            File::from(file).metadata().ok()
        };
        let numbers = open().zip(open());
        let numbers = numbers.map(|(first, second)| [identity(&first), identity(&second)]);
        self.was_own && stays(refusal.raw_os_error(), numbers)
    }

    fn refused(&self, cause: io::Error) -> Error {
        let call = format!("setns({}, CLONE_NEWNET)", self.name);
        if cause.kind() == io::ErrorKind::InvalidInput {
            let what = format!("{call}: it is not a network namespace");
            return Error::call(what, cause).with_kind(ErrorKind::Namespace);
        }
        Error::call(call, cause)
    }
}

/// Whether a thread that cannot move is already in the right place.
///
/// That is so if the system has no `setns`, and two openings of one namespace give two numbers.
fn stays(errno: Option<i32>, numbers: Option<[Identity; 2]>) -> bool {
    let cannot_move = matches!(errno, Some(nix::libc::EOPNOTSUPP | nix::libc::ENOSYS));
    cannot_move && numbers.is_some_and(|[first, second]| first != second)
}

#[cfg(test)]
mod tests {
    use nix::libc::{EINVAL, ENOSYS, EOPNOTSUPP, EPERM};

    use super::*;

    #[test]
    fn a_thread_stays_only_where_no_namespace_can_be_entered_or_known() {
        let (one, other) = ((1, 7), (1, 8));
        for (errno, numbers, want) in [
            (EOPNOTSUPP, Some([one, other]), true),
            (ENOSYS, Some([one, other]), true),
            // Numbers hold, so the namespace that was asked for is really another one.
            (EOPNOTSUPP, Some([one, one]), false),
            (EPERM, Some([one, other]), false),
            (EINVAL, Some([one, other]), false),
            (EOPNOTSUPP, None, false),
        ] {
            assert_eq!(stays(Some(errno), numbers), want, "{errno} {numbers:?}");
        }
        assert!(!stays(None, Some([one, other])));
    }
}
