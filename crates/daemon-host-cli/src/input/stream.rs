//! A file that may be long, read piece by piece.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use daemon_host::ANSWER_LIMIT;

use super::named::is_piped_in;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// A file that was named. Each piece of it has a limit of time, so a long file is read to its end
/// and a server that falls silent ends the reading.
pub(crate) struct Stream {
    pieces: Receiver<io::Result<Vec<u8>>>,
    held: io::Cursor<Vec<u8>>,
    /// Whether the file was read to its end. That the thread is gone says nothing about it.
    is_whole: bool,
    /// `None` where a program of the caller writes: it may take its time.
    limit: Option<Duration>,
}

impl Stream {
    /// Opens it. That it cannot be opened is an error of the first read.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, (!is_piped_in(path)).then_some(ANSWER_LIMIT))
    }

    fn with_limit(path: &Path, limit: Option<Duration>) -> io::Result<Self> {
        let owned = path.to_owned();
        Self::reading(move || File::open(&owned), limit)
    }

    fn reading<R, F>(open: F, limit: Option<Duration>) -> io::Result<Self>
    where
        R: Read,
        F: FnOnce() -> io::Result<R> + Send + 'static,
    {
        let (send, pieces) = sync_channel(2);
        let work = move || {
            let mut file = match open() {
                Ok(file) => file,
                Err(error) => return drop(send.send(Err(error))),
            };
            loop {
                let mut piece = vec![0; PIECE];
                let read = file.read(&mut piece);
                if matches!(&read, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
                    // Whoever reads this would ask again, and there would be no thread.
                    continue;
                }
                let is_last = !matches!(read, Ok(length) if length > 0);
                let sent = send.send(read.map(|length| {
                    piece.truncate(length);
                    piece
                }));
                if is_last || sent.is_err() {
                    break;
                }
            }
        };
        thread::Builder::new().name("look".into()).spawn(work)?;
        let held = io::Cursor::default();
        Ok(Self {
            pieces,
            held,
            is_whole: false,
            limit,
        })
    }

    fn piece(&mut self) -> io::Result<Vec<u8>> {
        if self.is_whole {
            return Ok(Vec::new());
        }
        let piece = match self.limit {
            None => self.pieces.recv().map_err(RecvTimeoutError::from),
            Some(limit) => self.pieces.recv_timeout(limit),
        };
        match (piece, self.limit) {
            (Ok(piece), _) => {
                self.is_whole = piece.as_ref().is_ok_and(Vec::is_empty);
                piece
            }
            (Err(RecvTimeoutError::Disconnected), _) | (_, None) => {
                Err(io::Error::other("it was not read to its end"))
            }
            (Err(RecvTimeoutError::Timeout), Some(limit)) => {
                let why = format!("it did not answer in {} s", limit.as_secs_f32());
                Err(io::Error::new(io::ErrorKind::TimedOut, why))
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.held.position() == self.held.get_ref().len() as u64 {
            self.held = io::Cursor::new(self.piece()?);
        }
        self.held.read(into)
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    #[test]
    fn a_long_file_is_read_whole() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text: Vec<u8> = (0..3 * PIECE + 7).map(|i| (i % 251) as u8).collect();
        std::fs::write(file.path(), &text).unwrap();
        let mut read = Vec::new();
        let mut stream = Stream::open(file.path()).unwrap();
        stream.read_to_end(&mut read).unwrap();
        assert!(read == text);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn what_cannot_be_opened_is_an_error() {
        let mut stream = Stream::open(Path::new("/no/such/file")).unwrap();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    /// A reader that gives a piece, then what it is told, and then its end.
    struct Told(u32, fn() -> io::Result<usize>);

    impl Read for Told {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            into[0] = b'a';
            match self.0 {
                1 | 3 => Ok(1),
                2 => (self.1)(),
                _ => Ok(0),
            }
        }
    }

    #[test]
    fn a_reading_that_ends_early_is_no_whole_file() {
        let fails = || Err(io::Error::other("a disk error"));
        let whole = || Err(io::ErrorKind::Interrupted.into());
        for limit in [None, Some(ANSWER_LIMIT)] {
            for (ends, expected) in [
                (
                    (|| panic!("a reader of this test")) as fn() -> _,
                    "it was not read to its end",
                ),
                (fails, "a disk error"),
            ] {
                let mut stream = Stream::reading(move || Ok(Told(0, ends)), limit).unwrap();
                let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
                assert_eq!(error.to_string(), expected);
                // Nor is it whole for whoever asks once more.
                let again = stream.read(&mut [0]).unwrap_err();
                assert_eq!(again.to_string(), "it was not read to its end");
            }
            let mut stream = Stream::reading(move || Ok(Told(0, whole)), limit).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert_eq!(text, "aa");
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
    }

    /// Nobody ever opens the other end, and so the open never ends.
    #[test]
    fn a_file_that_does_not_answer_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        let limit = Some(Duration::from_millis(20));
        let mut stream = Stream::with_limit(&path, limit).unwrap();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(error.to_string(), "it did not answer in 0.02 s");
    }
}
