//! A bundle directory of a containerd shim: every live task of every runtime has one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::options::TASKS;
use super::record::{Record, RecordedProcess};
use super::state::Life;
use crate::bounded::read_bounded;

/// The most bytes that are read of a file. The files of a bundle have fewer.
const MAX_FILE: u64 = 4 << 20;

/// How long a bundle without a process counts as a task that is starting. containerd makes the
/// bundle first; the process follows within a second or two.
const YOUNG: Duration = Duration::from_secs(60);

/// What a bundle says.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) record: Record,
    /// Whether the paths in the bundle exist here. In another mount namespace they do not.
    pub(super) is_here: bool,
}

/// The directories of bundles that shims keep: the second one is of containerd before 1.2.
const TASKS_DIRS: [&str; 2] = [TASKS, "io.containerd.runtime.v1.linux"];

/// The namespace in the path of a bundle: `…/io.containerd.runtime.v2.task/<namespace>/<id>`.
pub(super) fn namespace_of(bundle: &Path) -> Option<String> {
    let mut parts = bundle.components().map(|part| part.as_os_str());
    parts.find(|part| TASKS_DIRS.iter().any(|tasks| part == tasks))?;
    let namespace = parts.next()?.to_str()?.to_owned();
    // The bundle itself lies in it.
    parts.next().map(|_| namespace)
}

/// Reads a bundle. `Err` holds the final answer: no process has to be looked at.
pub(super) fn read(dir: &Path) -> Result<Bundle, Life> {
    let shim = shim_socket(dir);
    let mut record = Record {
        bundle: Some(dir.to_owned()),
        ..Record::default()
    };
    let config = dir.join("config.json");
    record.take_bundle(&config, read_bounded(&config, MAX_FILE));
    let file = dir.join("init.pid");
    let text = match read_bounded(&file, MAX_FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(unstarted(dir, shim)),
        Err(error) => return Err(unknown(&file, error)),
    };
    let pid = String::from_utf8_lossy(&text).trim().parse();
    record.processes.extend(pid.ok().map(RecordedProcess::new));
    // The file is written once, when the first process is made.
    record.created = modified(&file).and_then(|time| {
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    });
    let work = dir.join("work").read_link();
    let shim = shim.ok().flatten();
    let is_here = work.is_ok_and(|target| target.exists()) || shim.is_some_and(|at| at.exists());
    Ok(Bundle { record, is_here })
}

/// A task without a first process: one that starts, or that was never started.
fn unstarted(dir: &Path, shim: Result<Option<PathBuf>, Life>) -> Life {
    // The shim listens before it starts the first process, and as long as the task exists.
    match shim.map(|path| path.map(|path| (listens(&path), path))) {
        // Who has no address yet has no shim: only the age is left to ask.
        Ok(None) => {}
        Ok(Some((Ok(()), path))) => {
            let by = format!("its shim listens at {}", path.display());
            return Life::Alive { pid: None, by };
        }
        // The file is there and nobody listens: the shim has ended. ENOENT would prove nothing:
        // the path may be one of another mount namespace.
        Ok(Some((Err(Errno::ECONNREFUSED), _))) => {}
        Ok(Some((Err(errno), path))) => {
            let why = format!("connect({path:?}): {}", errno.desc());
            return Life::Unknown { why };
        }
        Err(unknown) => return unknown,
    }
    let age = modified(dir).and_then(|time| SystemTime::now().duration_since(time).ok());
    match age {
        Some(age) if age > YOUNG => Life::Dead {
            why: "nothing was ever started in its bundle".into(),
        },
        _ => Life::Unknown {
            why: "its bundle is being made".into(),
        },
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).ok()?.modified().ok()
}

/// The socket of the bundle's shim: in `address`, from containerd 2.0 in `bootstrap.json`. `None`
/// means that neither file is there.
fn shim_socket(dir: &Path) -> Result<Option<PathBuf>, Life> {
    for (name, address) in [
        ("address", plain as fn(&[u8]) -> Option<String>),
        ("bootstrap.json", bootstrap),
    ] {
        let file = dir.join(name);
        let text = match read_bounded(&file, MAX_FILE) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(unknown(&file, error)),
        };
        let path = address(&text).and_then(|text| text.strip_prefix("unix://").map(PathBuf::from));
        // An abstract socket, or a form of a later version: a shim may listen there.
        return path
            .map(Some)
            .ok_or_else(|| unknown(&file, "it names no socket in a directory"));
    }
    Ok(None)
}

fn plain(text: &[u8]) -> Option<String> {
    Some(String::from_utf8_lossy(text).trim().to_owned())
}

fn bootstrap(text: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(text).ok()?;
    Some(value.get("address")?.as_str()?.to_owned())
}

fn unknown(file: &Path, why: impl std::fmt::Display) -> Life {
    Life::Unknown {
        why: format!("{}: {why}", file.display()),
    }
}

/// Whether a process listens at a socket. Nothing is sent, and the call does not wait. A full queue
/// also proves a listener.
fn listens(path: &Path) -> nix::Result<()> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let ours = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    use std::os::fd::AsRawFd as _;
    match connect(ours.as_raw_fd(), &UnixAddr::new(path)?) {
        Ok(()) | Err(Errno::EAGAIN | Errno::EINPROGRESS) => Ok(()),
        Err(errno) => Err(errno),
    }
}
