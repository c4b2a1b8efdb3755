//! Answers on the control socket: few clients at a time, each for a short time.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use tracing::{debug, warn};

use super::hall::Hall;
use super::request::{Pending, Request, refusal};
use super::socket::{Place, listen_at};
use crate::error::Error;

/// No request is longer. A client that sends a longer line is not talking to us.
const LONGEST_LINE: usize = 64;

/// How long a client may take to send its line, and to read a part of its answer.
const CLIENT_LIMIT: Duration = Duration::from_secs(5);

/// A listening control socket. Dropping it removes the file, if it is still the same.
#[derive(Debug)]
pub struct ControlSocket {
    place: Place,
    hall: Arc<Hall>,
}

impl ControlSocket {
    /// Listens at `path` and hands each request to `asked`, on a thread of its own.
    ///
    /// Only the owner of the socket may connect: it is made with mode 0600, whatever the umask
    /// is. A client that is neither root nor the daemon's own user is refused. A socket that a
    /// dead daemon left is replaced.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyRunning`](crate::ErrorKind::AlreadyRunning) when a daemon listens
    /// there; [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when something
    /// else than a socket is there; [`ErrorKind::Denied`](crate::ErrorKind::Denied) and
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be made.
    pub fn listen(
        path: &Path,
        asked: impl Fn(Pending) + Clone + Send + 'static,
    ) -> Result<Self, Error> {
        let bound = listen_at(path)?;
        let hall = Arc::new(Hall::new(bound.listener));
        let this = Self {
            place: bound.place,
            hall: Arc::clone(&hall),
        };
        thread::Builder::new()
            .name("control".into())
            .spawn(move || accept(&hall, &asked))
            .map_err(|error| Error::io("start the control thread", error))?;
        Ok(this)
    }
}

impl ControlSocket {
    /// Lets no new client in. Clients that have not sent their line are disconnected. A client
    /// that waits for an answer still gets it. The file stays until the drop.
    pub fn close(&self) {
        self.hall.close();
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.hall.close();
        let path = self.place.path().display();
        // A new daemon may have put its own socket there. Only ours is removed.
        match self.place.remove() {
            Ok(true) => {}
            Ok(false) => warn!(%path, "control socket is another's now; not removed"),
            Err(error) => warn!(%path, %error, "control socket not removed"),
        }
    }
}

fn accept(hall: &Arc<Hall>, asked: &(impl Fn(Pending) + Clone + Send + 'static)) {
    for stream in hall.listener().incoming() {
        if hall.is_closed() {
            return;
        }
        let Ok(stream) = stream else {
            // Out of descriptors, most likely: do not spin.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        let stream = Arc::new(stream);
        let Some(seat) = hall.seat(&stream) else {
            refuse(&stream, "busy", "too many clients at a time; try again");
            continue;
        };
        let asked = asked.clone();
        let serve = move || {
            if let Err(error) = serve(&stream, &asked) {
                debug!(%error, "control connection ended early");
            }
            // Closed before the seat is free, so that there are never more descriptors.
            drop(stream);
            drop(seat);
        };
        let thread = thread::Builder::new().name("control-client".into());
        if let Err(error) = thread.spawn(serve) {
            warn!(%error, "control connection dropped");
        }
    }
}

/// Refuses a client at once. So short an answer fits into the socket's buffer.
fn refuse(mut stream: &UnixStream, kind: &str, message: &str) {
    // The thread that accepts comes here, too. A client that does not read must not stop it.
    let _ = stream.set_nonblocking(true);
    let _ = writeln!(stream, "{}", refusal(kind, message));
}

fn serve(mut stream: &UnixStream, asked: &impl Fn(Pending)) -> io::Result<()> {
    // The kernel's word on who connected. The mode of the file could have been changed since.
    let peer = socket_peercred(stream.as_fd())?;
    if !peer.uid.is_root() && peer.uid != geteuid() {
        warn!(
            uid = peer.uid.as_raw(),
            "control request of another user refused"
        );
        refuse(stream, "denied", "only root and the daemon's user may ask");
        return Ok(());
    }
    let line = read_line(stream)?;
    let answer = match Request::parse(&line) {
        None => refusal(
            "unknown-request",
            &String::from_utf8_lossy(line.trim_ascii()),
        ),
        Some(request) => {
            let (sender, wait) = mpsc::channel();
            asked(Pending::new(request, sender));
            let stopping = |_| refusal("stopping", "the daemon is stopping");
            wait.recv().unwrap_or_else(stopping)
        }
    };
    // A client that does not read would keep its thread and its seat for ever.
    stream.set_write_timeout(Some(CLIENT_LIMIT))?;
    writeln!(stream, "{answer}")
}

/// Reads one line, or the part of it that came within the limits of time and length.
fn read_line(mut stream: &UnixStream) -> io::Result<Vec<u8>> {
    let end = Instant::now() + CLIENT_LIMIT;
    let mut line = Vec::new();
    let mut buffer = [0; LONGEST_LINE];
    while line.len() < LONGEST_LINE && !line.contains(&b'\n') {
        // The limit is for the whole line: a byte now and then does not extend it.
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer[line.len()..])? {
            0 => break,
            count => {
                let start = line.len();
                line.extend_from_slice(&buffer[start..start + count]);
            }
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests;
