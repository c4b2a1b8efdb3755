//! Reads the configuration file as a whole, and not while somebody writes it.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use runtimes::answers_within;

use crate::bounded::{MAX_CONFIG_LENGTH, read_bounded};
use crate::error::Error;
use crate::within::{ANSWER_LIMIT, no_answer, within};

/// How often a file is read again that changes while it is read.
const TRIES: u32 = 10;

/// The wait between two readings, in which the writer can finish.
const PAUSE: Duration = Duration::from_millis(20);

/// Reads a configuration file as a whole.
///
/// A file that changes while it is read is read again, for a fifth of a second. A file system that
/// does not answer is waited for five seconds, in a process or a thread of its own, so that signals
/// are obeyed meanwhile.
///
/// # Errors
///
/// As [`read_bounded`] with [`MAX_CONFIG_LENGTH`];
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when the file does not stop changing, or nothing
/// answers.
pub fn read_config(path: &Path) -> Result<Vec<u8>, Error> {
    if !answers_within(ANSWER_LIMIT, path) {
        return Err(no_answer(path));
    }
    let owned = path.to_owned();
    let read = within(ANSWER_LIMIT, move || read_whole(&owned));
    read.unwrap_or_else(|error| Err(Error::io(format!("read({path:?})"), error)))
}

fn read_whole(path: &Path) -> Result<Vec<u8>, Error> {
    for _ in 0..TRIES {
        if let Some(text) = read_once(path)? {
            return Ok(text);
        }
        thread::sleep(PAUSE);
    }
    let why = io::Error::other("the file changes while it is read");
    Err(Error::io(format!("read({path:?})"), why))
}

/// As [`read_config`], for a file that has had contents before.
///
/// A program that rewrites a file in place empties it first. So an empty file is read again,
/// and refused if it stays empty. If it counted as "all defaults", every runtime would
/// disappear.
pub(super) fn read_config_again(path: &Path) -> Result<Vec<u8>, Error> {
    for _ in 0..TRIES {
        let text = read_config(path)?;
        if !is_blank(&text) {
            return Ok(text);
        }
        thread::sleep(PAUSE);
    }
    let why = "the file is empty; write {} where every default is meant";
    Err(Error::io(format!("read({path:?})"), io::Error::other(why)))
}

/// Whether the text is empty. An empty object is not empty in this sense.
fn is_blank(text: &[u8]) -> bool {
    // A byte order mark alone is no content either.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.trim_ascii().is_empty()
}

/// Reads the file once; `None` if it changed meanwhile.
fn read_once(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let before = path.metadata();
    let text = read_bounded(path, MAX_CONFIG_LENGTH)?;
    // By the path, twice: so a file that was renamed into its place meanwhile is noticed, too.
    let (Ok(before), Ok(after)) = (before, path.metadata()) else {
        return Ok(None);
    };
    // procfs and the like give a size of 0 for every file.
    let is_whole = before.len() == text.len() as u64 || before.len() == 0;
    Ok((is_whole && state(&before) == state(&after)).then_some(text))
}

/// The values that change when somebody writes to a file or puts another in its place.
fn state(file: &Metadata) -> ([u64; 3], [i64; 4]) {
    let times = [
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec(),
    ];
    ([file.dev(), file.ino(), file.len()], times)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_empty_file_is_waited_for_and_then_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("daemon.json");
        fs::write(&path, "").unwrap();
        assert_eq!(read_config(&path).unwrap(), b"");
        let error = read_config_again(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(PAUSE * 2);
                fs::write(&path, "{}").unwrap();
            });
            assert_eq!(read_config_again(&path).unwrap(), b"{}");
        });
    }

    #[test]
    fn a_file_that_is_rewritten_all_the_time_is_never_read_in_part() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("daemon.json");
        let texts = [vec![b'a'; 1 << 16], vec![b'b'; 1 << 17]];
        fs::write(&path, &texts[0]).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for text in texts.iter().cycle() {
                    if done.load(std::sync::atomic::Ordering::Relaxed) {
                        return;
                    }
                    fs::write(&path, text).unwrap();
                    thread::sleep(Duration::from_millis(1));
                }
            });
            for _ in 0..200 {
                if let Ok(text) = read_config_again(&path) {
                    assert!(texts.contains(&text), "{} bytes", text.len());
                }
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
