//! The control socket: ask a running daemon to reload or tell its state.
//!
//! One request per connection: a line with one word. The answer is one JSON
//! document, then the connection closes. The socket's directory is the daemon's
//! exec root, so whoever may write there may ask.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context as _, bail};
use daemon_host::{SocketDir, socket_path};
use serde_json::Value;
use tracing::{debug, warn};

use super::answer;

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Read the configuration again.
    Reload,
    /// Tell what is in force.
    Status,
}

impl Request {
    fn word(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Status => "status",
        }
    }

    fn parse(line: &str) -> Option<Self> {
        [Self::Reload, Self::Status]
            .into_iter()
            .find(|request| request.word() == line.trim())
    }
}

/// A request with the way back to who asked.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) request: Request,
    pub(super) answer: Sender<Value>,
}

/// A longer line than any request: whoever sends one is not talking to us.
const LINE_LIMIT: u64 = 64;

/// How long a client may take to send its line.
const CLIENT_LIMIT: Duration = Duration::from_secs(5);

/// The listening socket; dropping it removes the file.
#[derive(Debug)]
pub(super) struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens at `path` and hands each request to `asked` on a thread of its own.
    ///
    /// A socket file left by a killed daemon is replaced: the caller holds the
    /// host's lock, so no other daemon listens there.
    pub(super) fn listen(
        path: &Path,
        asked: impl Fn(Pending) + Clone + Send + 'static,
    ) -> anyhow::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove stale {}", path.display()));
            }
            _ => {}
        }
        let listener = reach(path, |short| UnixListener::bind(short))
            .with_context(|| format!("listen at {}", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        thread::Builder::new()
            .name("control".into())
            .spawn(move || accept(&listener, &asked))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            warn!(path = %self.path.display(), %error, "control socket not removed");
        }
    }
}

/// Does something with a socket's path, through its open directory where it is too long for
/// a socket address.
fn reach<T>(path: &Path, with: impl Fn(&Path) -> io::Result<T>) -> anyhow::Result<T> {
    let name = path.file_name().context("the path has no file name")?;
    let dir = path.parent().unwrap_or(Path::new("."));
    if socket_path(dir, name).is_ok() {
        return Ok(with(path)?);
    }
    Ok(with(SocketDir::open(dir)?.socket_path(name)?.path())?)
}

fn accept(listener: &UnixListener, asked: &(impl Fn(Pending) + Clone + Send + 'static)) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of descriptors, most likely: do not spin.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        let asked = asked.clone();
        let serve = move || {
            if let Err(error) = serve(&stream, &asked) {
                debug!(%error, "control connection ended early");
            }
        };
        if let Err(error) = thread::Builder::new()
            .name("control-client".into())
            .spawn(serve)
        {
            warn!(%error, "control connection dropped");
        }
    }
}

fn serve(mut stream: &UnixStream, asked: &impl Fn(Pending)) -> io::Result<()> {
    stream.set_read_timeout(Some(CLIENT_LIMIT))?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_LIMIT)).read_line(&mut line)?;
    let answer = match Request::parse(&line) {
        None => answer::refused("unknown-request", line.trim()),
        Some(request) => {
            let (sender, wait) = mpsc::channel();
            asked(Pending {
                request,
                answer: sender,
            });
            let gone = |_| answer::refused("stopping", "the daemon is stopping");
            wait.recv().unwrap_or_else(gone)
        }
    };
    writeln!(stream, "{answer}")
}

/// Asks the daemon that listens at `path`.
///
/// # Errors
///
/// When nobody listens there, or the answer is not JSON.
pub(crate) fn ask(path: &Path, request: Request) -> anyhow::Result<Value> {
    let mut stream = reach(path, |short| UnixStream::connect(short)).with_context(|| {
        format!(
            "connect to {} (is the daemon running? try --socket)",
            path.display()
        )
    })?;
    writeln!(stream, "{}", request.word())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    if text.trim().is_empty() {
        bail!(
            "the daemon at {} closed the connection without an answer",
            path.display()
        );
    }
    serde_json::from_str(&text).with_context(|| format!("answer of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_answered_and_nonsense_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        // Longer than a socket address can be.
        let dir = temp.path().join("d".repeat(200));
        fs::create_dir(&dir).unwrap();
        let path = dir.join("c.sock");
        let control = Control::listen(&path, |asked| {
            asked
                .answer
                .send(json!({ "asked": asked.request.word() }))
                .unwrap();
        })
        .unwrap();
        assert_eq!(
            ask(&path, Request::Reload).unwrap(),
            json!({ "asked": "reload" })
        );

        let mut stream = reach(&path, |short| UnixStream::connect(short)).unwrap();
        stream.write_all(&[b'x'; 1000]).unwrap();
        let mut text = String::new();
        // A line only: what was not read of ours makes the end of theirs a reset.
        BufReader::new(stream).read_line(&mut text).unwrap();
        assert!(text.contains("unknown-request"), "{text}");

        drop(control);
        assert!(!path.exists());
        assert!(ask(&path, Request::Status).is_err());
    }
}
