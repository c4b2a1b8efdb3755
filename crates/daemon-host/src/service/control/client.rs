//! Asks a running daemon.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use runtimes::answers_within;
use serde_json::Value;

use super::request::Request;
use super::socket::connect;
use crate::error::{Error, ErrorKind};

/// No daemon of ours gives a longer answer.
const LONGEST_ANSWER: usize = 16 << 20;

/// Asks the daemon that listens at `path`, and waits no longer than `limit` for its answer.
///
/// # Errors
///
/// [`ErrorKind::Io`] and [`ErrorKind::Denied`] when nobody can be reached there;
/// [`ErrorKind::TimedOut`] when the answer does not come in time; [`ErrorKind::InvalidInput`]
/// when the answer is not a JSON document, or is too long.
pub fn ask(path: &Path, request: Request, limit: Duration) -> Result<Value, Error> {
    let end = Instant::now().checked_add(limit);
    if !answers_within(limit, path) {
        let what = format!("the file system of {path:?} did not answer in time");
        return Err(Error::new(ErrorKind::TimedOut, what));
    }
    let mut stream = connect(path, end)?;
    let failed = |error| Error::io(format!("ask({path:?})"), error);
    // A write to a full buffer waits; ours is a word.
    stream
        .set_write_timeout(Some(Duration::from_secs(5)))
        .map_err(failed)?;
    writeln!(stream, "{}", request.as_str()).map_err(failed)?;
    let text = read_answer(&mut stream, path, end)?;
    if text.trim_ascii().is_empty() {
        let what = format!("the daemon at {path:?} closed the connection without an answer");
        return Err(Error::new(ErrorKind::InvalidInput, what));
    }
    serde_json::from_slice(&text).map_err(|error| {
        let what = format!("answer of {path:?}");
        Error::caused(ErrorKind::InvalidInput, what, error)
    })
}

fn read_answer(
    stream: &mut UnixStream,
    path: &Path,
    end: Option<Instant>,
) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::io(format!("ask({path:?})"), error);
    let late = || {
        let what = format!("the daemon at {path:?} did not answer in time");
        Error::new(ErrorKind::TimedOut, what)
    };
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        // Counted down before each read: the limit is for the whole answer, and a daemon that
        // sends a byte now and then does not extend it.
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(late());
        }
        stream.set_read_timeout(left).map_err(failed)?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(text),
            Ok(count) => text.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Err(late()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
        if text.len() > LONGEST_ANSWER {
            let what = format!("answer of {path:?} is longer than {LONGEST_ANSWER} bytes");
            return Err(Error::new(ErrorKind::InvalidInput, what));
        }
    }
}
