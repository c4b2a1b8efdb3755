//! Sockets in another network namespace.
//!
//! A socket stays in the namespace in which it was made, and any thread may use it. So a short-lived thread
//! goes there, makes the socket, hands it back and ends; the caller's thread never moves.

use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, panic, thread};

use nix::libc::{O_NOCTTY, O_NONBLOCK};
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
    There(Arc<Place>),
}

/// A namespace that is held open, and what to call it in messages.
#[derive(Debug)]
pub(crate) struct Place {
    file: File,
    name: String,
}

impl Home {
    /// Holds on to a namespace. Without `/proc` the current one is taken as found at each call.
    pub(crate) fn new(namespace: Namespace) -> Result<Self, Error> {
        let there = |file, name| Self::There(Arc::new(Place { file, name }));
        let path = match namespace {
            Namespace::Fd(fd) => return Ok(there(fd.into(), "of a descriptor".to_owned())),
            Namespace::Current => {
                let own = File::open("/proc/thread-self/ns/net");
                return Ok(own.map_or(Self::Here, |file| there(file, "of a thread".to_owned())));
            }
            Namespace::Path(path) => path,
            Namespace::Pid(pid) => PathBuf::from(format!("/proc/{pid}/ns/net")),
        };
        // A named pipe or a terminal must not hold us up.
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(O_NONBLOCK | O_NOCTTY)
            .open(&path);
        let file = opened.map_err(|error| {
            let error = Error::call(format!("open network namespace {path:?}"), error);
            match error.kind() {
                ErrorKind::Denied => error,
                _ => error.with_kind(ErrorKind::Namespace),
            }
        })?;
        Ok(there(file, format!("{path:?}")))
    }

    /// Runs `open` in the namespace; in the calling thread if that is there already.
    pub(crate) fn run<T: Send>(
        &self,
        open: impl FnOnce() -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let Self::There(place) = self else {
            return open();
        };
        if place.is_current() {
            return open();
        }
        let inside = move || {
            setns(&place.file, CloneFlags::CLONE_NEWNET)
                .map_err(|errno| place.refused(errno.into()))?;
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

impl Place {
    fn is_current(&self) -> bool {
        let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
        let own = std::fs::metadata(Path::new("/proc/thread-self/ns/net")).map(identity);
        let here = self.file.metadata().map(identity);
        matches!((own, here), (Ok(own), Ok(here)) if own == here)
    }

    fn refused(&self, error: io::Error) -> Error {
        let name = &self.name;
        if error.kind() == io::ErrorKind::InvalidInput {
            let what = format!("enter network namespace {name}: it is none");
            return Error::call(what, error).with_kind(ErrorKind::Namespace);
        }
        Error::call(format!("enter network namespace {name}"), error)
    }
}
