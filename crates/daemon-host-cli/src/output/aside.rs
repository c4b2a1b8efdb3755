//! Writes lines in a separate thread, so that a slow or dead reader delays nobody.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How many lines wait for a slow reader. Lines that come then are lost.
const WAITING: usize = 1024;

/// How long the end of the process waits for lines that are not written yet.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A stream whose reader has no influence on us.
#[derive(Debug)]
pub(crate) struct Aside {
    lines: Mutex<Option<SyncSender<Vec<u8>>>>,
    done: Mutex<Receiver<()>>,
}

impl Aside {
    /// Writes to the stream that `stream` makes. If no thread can be made, every line is lost.
    pub(crate) fn new<W: Write>(stream: impl FnOnce() -> W + Send + 'static) -> Self {
        let (lines, waiting) = mpsc::sync_channel::<Vec<u8>>(WAITING);
        let (told, done) = mpsc::channel();
        let write = move || {
            let mut stream = stream();
            for line in waiting {
                // A dead reader gets nothing more, but the next line is still tried.
                let _ = stream.write_all(&line).and_then(|()| stream.flush());
            }
            let _ = told.send(());
        };
        let _ = thread::Builder::new().name("output".into()).spawn(write);
        Self {
            lines: Mutex::new(Some(lines)),
            done: Mutex::new(done),
        }
    }

    /// Gives a line to the thread, without waiting.
    pub(crate) fn send(&self, line: Vec<u8>) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = lines.as_ref() {
            let _ = lines.try_send(line);
        }
    }

    /// Waits a moment until everything is written. What is sent after this is lost.
    pub(crate) fn finish(&self) {
        let lines = self
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(lines);
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = done.recv_timeout(LAST_WAIT);
    }
}

/// One line for an [`Aside`], gathered until it is dropped.
pub(super) struct Line<'a> {
    aside: &'a Aside,
    text: Vec<u8>,
}

impl<'a> Line<'a> {
    pub(super) fn new(aside: &'a Aside) -> Self {
        let text = Vec::new();
        Self { aside, text }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.aside.send(std::mem::take(&mut self.text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_reader_that_does_not_read_holds_up_nobody() {
        let (reader, writer) = UnixStream::pair().unwrap();
        let aside = Aside::new(move || writer);
        let begin = Instant::now();
        for _ in 0..4 * WAITING {
            aside.send(vec![b'x'; 1000]);
        }
        assert!(begin.elapsed() < LAST_WAIT);
        drop(reader);
        aside.finish();
    }

    #[test]
    fn everything_is_written_before_the_end() {
        let (mut reader, writer) = UnixStream::pair().unwrap();
        let aside = Aside::new(move || writer);
        write!(Line::new(&aside), "a{}", 1).unwrap();
        aside.send(b"b".to_vec());
        aside.finish();
        drop(aside);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "a1b");
    }
}
