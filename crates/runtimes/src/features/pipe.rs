//! One output of a child. Reading never waits, and keeps a bounded part only.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// The most reads in one turn. Without a bound, a child that writes fast enough would keep the
/// reader here, and no limit would be checked.
const MOST_READS: usize = 16;

/// What a turn of reading found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing more for now, or the end.
    Idle,
    /// There may be more at once.
    More,
}

/// One output of a child. It is closed when its end is read.
pub(super) struct Pipe<R> {
    source: Option<R>,
    /// The first bytes, at most `keep`.
    pub(super) bytes: Vec<u8>,
    keep: usize,
    /// Bytes that were read, kept or not.
    pub(super) total: u64,
}

impl<R: Read + AsFd> Pipe<R> {
    /// Reads from `source` and keeps the first `keep` bytes.
    pub(super) fn new(source: R, keep: usize) -> io::Result<Self> {
        // The flag belongs to this end of the pipe alone. The child's writes wait as it expects.
        fcntl(&source, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self {
            source: Some(source),
            bytes: Vec::new(),
            keep,
            total: 0,
        })
    }

    pub(super) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().map(AsFd::as_fd)
    }

    /// Reads the bytes that have arrived, up to a bound.
    pub(super) fn turn(&mut self) -> io::Result<Turn> {
        let mut buffer = [0; 16 * 1024];
        for _ in 0..MOST_READS {
            let Some(source) = &mut self.source else {
                return Ok(Turn::Idle);
            };
            match source.read(&mut buffer) {
                Ok(0) => self.source = None,
                Ok(count) => {
                    // What is not kept is read nevertheless: a full pipe would stop the child.
                    self.total += count as u64;
                    let room = self.keep.saturating_sub(self.bytes.len());
                    self.bytes.extend_from_slice(&buffer[..count.min(room)]);
                }
                // Empty, but not at its end: somebody still has the other end open.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Turn::Idle),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Turn::More)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_turn_is_bounded_and_only_the_first_bytes_are_kept() {
        let (mut writer, reader) = UnixStream::pair().unwrap();
        let mut pipe = Pipe::new(reader, 10).unwrap();
        std::thread::scope(|scope| {
            let flood = scope.spawn(move || while writer.write_all(&[b'x'; 4096]).is_ok() {});
            let mut turns = 0;
            while pipe.total < 8 << 20 {
                let before = pipe.total;
                pipe.turn().unwrap();
                assert!(pipe.total - before <= 16 * 16 * 1024);
                turns += 1;
            }
            assert!(turns >= 32, "{turns}");
            assert_eq!(pipe.bytes, b"xxxxxxxxxx");
            drop(pipe);
            flood.join().unwrap();
        });
    }
}
