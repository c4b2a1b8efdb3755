//! Passes a stream of the worker on, without ever waiting for its reader.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A pipe that can be written takes this much without waiting: PIPE_BUF.
const CHUNK: usize = 4096;

/// How many chunks one turn passes on, so that signals are not kept waiting.
const ROUNDS: usize = 64;

/// One stream, from the worker to the caller.
pub(super) struct Relay {
    from: File,
    to: File,
    held: Vec<u8>,
}

/// What a turn came to.
#[derive(Debug)]
pub(super) enum Turn {
    /// There is nothing to pass on now.
    Idle,
    /// More is there, now or once the reader reads.
    More,
    /// The worker writes no more, or the reader is gone.
    Over,
    /// The stream cannot be written, for another reason than that its reader is gone.
    Failed(io::Error),
}

impl Relay {
    pub(super) fn new(from: OwnedFd, to: OwnedFd) -> Self {
        let (from, to) = (from.into(), to.into());
        let held = Vec::new();
        Self { from, to, held }
    }

    /// What to wait for until the next turn has something to do.
    pub(super) fn waits_for<'r>(&'r self, fds: &mut Vec<PollFd<'r>>) {
        // If more waits already, the end of the worker would be told again and again.
        if self.held.is_empty() {
            fds.push(PollFd::new(self.from.as_fd(), PollFlags::POLLIN));
            // Asked for nothing, poll(2) still tells that the reader is gone.
            fds.push(PollFd::new(self.to.as_fd(), PollFlags::empty()));
        } else {
            fds.push(PollFd::new(self.to.as_fd(), PollFlags::POLLOUT));
        }
    }

    /// Passes on what is there.
    pub(super) fn turn(&mut self) -> Turn {
        for _ in 0..ROUNDS {
            match self.step() {
                Ok(None) => {}
                Ok(Some(turn)) => return turn,
                Err(error) if is_later(&error) => return Turn::More,
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Turn::Over,
                Err(error) => return Turn::Failed(error),
            }
        }
        Turn::More
    }

    /// Reads or writes one chunk; `None` if it did.
    fn step(&mut self) -> io::Result<Option<Turn>> {
        let reader = state(&self.to, PollFlags::POLLOUT)?;
        // A pipe tells it by POLLERR, a socket that was read to its end only by POLLHUP.
        if reader.intersects(PollFlags::POLLERR | PollFlags::POLLHUP) {
            return Ok(Some(Turn::Over));
        }
        if !self.held.is_empty() {
            if !reader.contains(PollFlags::POLLOUT) {
                return Ok(Some(Turn::More));
            }
            let written = self.to.write(&self.held)?;
            self.held.drain(..written);
            return Ok(None);
        }
        if state(&self.from, PollFlags::POLLIN)?.is_empty() {
            return Ok(Some(Turn::Idle));
        }
        let mut chunk = [0; CHUNK];
        let length = self.from.read(&mut chunk)?;
        self.held.extend_from_slice(&chunk[..length]);
        Ok((length == 0).then_some(Turn::Over))
    }
}

/// What poll(2) says of a descriptor now.
fn state(file: &File, wanted: PollFlags) -> io::Result<PollFlags> {
    let mut fds = [PollFd::new(file.as_fd(), wanted)];
    poll(&mut fds, PollTimeout::ZERO)?;
    Ok(fds[0].revents().unwrap_or(PollFlags::empty()))
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn relay() -> (UnixStream, Relay, UnixStream) {
        let (worker, from) = UnixStream::pair().unwrap();
        let (to, reader) = UnixStream::pair().unwrap();
        (worker, Relay::new(from.into(), to.into()), reader)
    }

    #[test]
    fn everything_is_passed_on_up_to_the_end() {
        let (mut worker, mut relay, mut reader) = relay();
        assert!(matches!(relay.turn(), Turn::Idle));
        worker.write_all(b"one").unwrap();
        assert!(matches!(relay.turn(), Turn::Idle));
        worker.write_all(b" two").unwrap();
        drop(worker);
        assert!(matches!(relay.turn(), Turn::Over));
        drop(relay);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
    }

    #[test]
    fn a_reader_that_does_not_read_is_not_waited_for() {
        let (worker, mut relay, reader) = relay();
        worker.set_nonblocking(true).unwrap();
        let mut written = 0;
        loop {
            while let Ok(length) = (&worker).write(&[b'x'; CHUNK]) {
                written += length;
            }
            let Turn::More = relay.turn() else { break };
            if !state(&relay.to, PollFlags::POLLOUT)
                .unwrap()
                .contains(PollFlags::POLLOUT)
                && (&worker).write(b"x").map(|n| written += n).is_err()
            {
                break;
            }
        }
        assert!(written > CHUNK);
        assert!(matches!(relay.turn(), Turn::More));
        drop(reader);
        assert!(matches!(relay.turn(), Turn::Over));
    }

    #[test]
    fn a_reader_that_is_gone_is_noticed_before_anything_is_written() {
        let (pipe, to_pipe) = nix::unistd::pipe().unwrap();
        let (socket, to_socket) = UnixStream::pair().unwrap();
        for (reader, to) in [(pipe, to_pipe), (socket.into(), to_socket.into())] {
            let (_worker, from) = UnixStream::pair().unwrap();
            let mut relay = Relay::new(from.into(), to);
            assert!(matches!(relay.turn(), Turn::Idle));
            drop(reader);
            assert!(matches!(relay.turn(), Turn::Over));
        }
    }

    #[test]
    fn a_full_disk_is_no_reader_that_left() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (mut worker, from) = UnixStream::pair().unwrap();
        let mut relay = Relay::new(from.into(), full.into());
        worker.write_all(b"x").unwrap();
        assert!(matches!(relay.turn(), Turn::Failed(_)));
    }
}
