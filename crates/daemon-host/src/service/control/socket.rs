//! Puts the listening socket in place, with the right mode. It never replaces one that is in
//! use.

use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, fchmod, flock, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
};

use super::super::publish::{Directory, Identity, Target, random_name};
use crate::error::{Error, ErrorKind};
use crate::socket_path::{SocketDir, socket_path};

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 16;

/// How often the lock is tried while another daemon is just binding.
const LOOKS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// A bound socket under its final name.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) listener: UnixListener,
    pub(super) place: Place,
}

/// Where a bound socket is, and the identity of its file.
#[derive(Debug)]
pub(super) struct Place {
    directory: Directory,
    identity: Identity,
}

impl Place {
    /// Removes the socket if it is still ours. Returns whether it was.
    pub(super) fn remove(&self) -> Result<bool, Error> {
        self.directory.remove(self.identity)
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Listens at `path`. A socket that nobody listens at is replaced. Nothing else is replaced.
pub(super) fn listen_at(path: &Path) -> Result<Bound, Error> {
    let directory = Directory::of(path)?;
    check_name(path)?;
    // Two daemons that start at once look and bind one after the other.
    lock(&directory)?;
    let outcome = refuse_live(&directory, path).and_then(|()| put(&directory));
    // The directory stays open for the removal later, so only this call ends the lock.
    let _ = flock(&directory, FlockOperation::Unlock);
    let (listener, identity) = outcome?;
    Ok(Bound {
        listener,
        place: Place {
            directory,
            identity,
        },
    })
}

/// Connects to the socket at `path`. While its queue is full, it tries until `end`.
pub(super) fn connect(path: &Path, end: Option<Instant>) -> Result<UnixStream, Error> {
    loop {
        match connect_now(path) {
            Err(error) if is_full(&error) && end.is_none_or(|end| Instant::now() < end) => {
                thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// Connects at once or not at all: a process that accepts nobody must not hold up this one. If the
/// path is too long for a socket address, it goes through the open directory.
fn connect_now(path: &Path) -> Result<UnixStream, Error> {
    let (dir, name) = parts(path)?;
    if socket_path(dir, name).is_ok() {
        return connect_to(path, path);
    }
    let short = SocketDir::open(dir)?;
    connect_to(path, short.socket_path(name)?.path())
}

fn connect_to(path: &Path, address: &Path) -> Result<UnixStream, Error> {
    let failed = |errno: Errno| Error::io(format!("connect({path:?})"), errno.into());
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(failed)?;
    let address = SocketAddrUnix::new(address).map_err(failed)?;
    rustix::net::connect(&socket, &address).map_err(failed)?;
    let stream = UnixStream::from(socket);
    let blocking = stream.set_nonblocking(false);
    blocking.map_err(|error| Error::io(format!("connect({path:?})"), error))?;
    Ok(stream)
}

/// Whether somebody listens there whose queue of clients is full.
fn is_full(error: &Error) -> bool {
    error.raw_os_error() == Some(Errno::AGAIN.raw_os_error())
}

fn parts(path: &Path) -> Result<(&Path, &std::ffi::OsStr), Error> {
    let Some(name) = path.file_name() else {
        let what = format!("{path:?} does not name a file");
        return Err(Error::new(ErrorKind::InvalidInput, what));
    };
    let dir = path.parent().filter(|dir| *dir != Path::new(""));
    Ok((dir.unwrap_or(Path::new(".")), name))
}

/// Clients reach the socket through its directory, so its name has to fit beside that.
fn check_name(path: &Path) -> Result<(), Error> {
    let (dir, name) = parts(path)?;
    SocketDir::open(dir)?.socket_path(name).map(drop)
}

fn lock(directory: &Directory) -> Result<(), Error> {
    for _ in 0..LOOKS {
        match flock(directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) => thread::sleep(PAUSE),
            Err(errno) => return Err(directory.failed("flock", errno)),
        }
    }
    Err(directory.failed("flock", Errno::WOULDBLOCK))
}

/// Refuses a place where a daemon answers, or where something else than a socket is.
fn refuse_live(directory: &Directory, path: &Path) -> Result<(), Error> {
    match directory.target()? {
        Target::Absent => Ok(()),
        Target::Other(FileType::Socket) => match connect_now(path) {
            Ok(_) => {
                let what = format!("a daemon listens at {path:?}");
                Err(Error::new(ErrorKind::AlreadyRunning, what))
            }
            Err(error) if is_full(&error) => {
                let what = format!("a daemon listens at {path:?} and accepts nobody now");
                Err(Error::new(ErrorKind::AlreadyRunning, what))
            }
            // The file is there and nobody listens: a dead daemon left it.
            Err(error) if error.raw_os_error() == Some(Errno::CONNREFUSED.raw_os_error()) => Ok(()),
            Err(error) => Err(error),
        },
        Target::Other(kind) => Err(directory.not_replaced(kind)),
        Target::File(_) => Err(directory.not_replaced(FileType::RegularFile)),
    }
}

/// Binds under a random name and renames that to the final one.
fn put(directory: &Directory) -> Result<(UnixListener, Identity), Error> {
    let failed = |call: &str, errno| directory.failed(call, errno);
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(|errno| failed("socket", errno))?;
    // The kernel takes the mode of the file from the socket, so there is no moment at which
    // others may connect.
    fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(|errno| failed("fchmod", errno))?;
    let name = random_name(".sock")?;
    // Through the open directory: the path may be too long for a socket address.
    let dir = format!("/proc/self/fd/{}", directory.as_fd().as_raw_fd());
    let short = socket_path(Path::new(&dir), &name)?;
    let address = SocketAddrUnix::new(short.path()).map_err(|errno| failed("bind", errno))?;
    bind(&socket, &address).map_err(|errno| failed("bind", errno))?;
    let placed = settle(directory, &socket, &name);
    if placed.is_err() {
        let _ = unlinkat(directory, &name, AtFlags::empty());
    }
    Ok((UnixListener::from(socket), placed?))
}

fn settle(
    directory: &Directory,
    socket: &OwnedFd,
    name: &std::ffi::OsStr,
) -> Result<Identity, Error> {
    let failed = |call: &str, errno| directory.failed(call, errno);
    // Before the rename: whoever sees the final name can connect.
    listen(socket, BACKLOG).map_err(|errno| failed("listen", errno))?;
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|errno| failed("stat", errno))?;
    renameat(directory, name, directory, directory.name())
        .map_err(|errno| failed("rename", errno))?;
    Ok(Identity::of(&stat))
}
