//! Sockets in another network namespace.
//!
//! A socket stays in the namespace in which it was made, and any thread may use it. So a short-lived thread
//! goes there, makes the socket, hands it back and ends; the caller's thread never moves.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, panic, thread};

use nix::sched::{CloneFlags, setns};

use crate::error::{Error, ErrorKind};

/// Which network namespace to look into.
///
/// Another one than the caller's needs `CAP_SYS_ADMIN` in the caller's user namespace and in that
/// which owns the network namespace.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Namespace {
    /// That of the calling thread.
    #[default]
    Current,
    /// That which a file stands for, such as `/run/netns/blue` or `/proc/7/ns/net`.
    Path(PathBuf),
    /// That of a process.
    Pid(u32),
    /// That which an open descriptor stands for.
    Fd(OwnedFd),
}

/// Where sockets are made.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// Wherever the calling thread is: right for a call that makes its socket and is done with it.
    Here,
    /// In this namespace, also later and from other threads.
    There(Arc<OwnedFd>),
}

impl Home {
    /// Holds on to a namespace. Without `/proc` the current one is taken as found at each call.
    pub(crate) fn new(namespace: Namespace) -> Result<Self, Error> {
        let path = match namespace {
            Namespace::Fd(fd) => return Ok(Self::There(Arc::new(fd))),
            Namespace::Current => {
                let own = File::open("/proc/thread-self/ns/net");
                return Ok(own.map_or(Self::Here, |file| Self::There(Arc::new(file.into()))));
            }
            Namespace::Path(path) => path,
            Namespace::Pid(pid) => PathBuf::from(format!("/proc/{pid}/ns/net")),
        };
        let file = File::open(&path).map_err(|error| {
            let error = Error::call(format!("open network namespace {path:?}"), error);
            match error.kind() {
                ErrorKind::Denied => error,
                _ => error.with_kind(ErrorKind::Namespace),
            }
        })?;
        Ok(Self::There(Arc::new(file.into())))
    }

    /// Runs `open` in the namespace; in the calling thread if that is there already.
    pub(crate) fn run<T: Send>(
        &self,
        open: impl FnOnce() -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let Self::There(namespace) = self else {
            return open();
        };
        if is_current(namespace) {
            return open();
        }
        let inside = move || {
            setns(&**namespace, CloneFlags::CLONE_NEWNET).map_err(|errno| refused(errno.into()))?;
            open()
        };
        thread::scope(|scope| {
            let thread = thread::Builder::new()
                .name("ifaddrs-netns".to_owned())
                .spawn_scoped(scope, inside)
                .map_err(|error| Error::call("start a thread for the network namespace", error))?;
            thread
                .join()
                .unwrap_or_else(|panicked| panic::resume_unwind(panicked))
        })
    }
}

fn refused(error: io::Error) -> Error {
    let none = error.kind() == io::ErrorKind::InvalidInput;
    let error = Error::call("setns(CLONE_NEWNET)", error);
    if none {
        error.with_kind(ErrorKind::Namespace)
    } else {
        error
    }
}

fn is_current(namespace: &OwnedFd) -> bool {
    let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    let own = std::fs::metadata(Path::new("/proc/thread-self/ns/net")).map(identity);
    let other = namespace
        .try_clone()
        .map(File::from)
        .and_then(|file| file.metadata())
        .map(identity);
    matches!((own, other), (Ok(own), Ok(other)) if own == other)
}
