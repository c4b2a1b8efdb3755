//! The processes that have the name of an engine's daemon.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::command_line;
use crate::unread::Unread;

/// The most bytes that are read: more than the arguments of any daemon have.
const LIMIT: u64 = 1 << 20;

/// A process that may be an engine's.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    /// The user that it runs as.
    pub(super) user: u32,
    /// `None` if it could not be seen.
    pub(super) mount_namespace: Option<u64>,
}

/// The processes with one of these names, and those that could not be looked at.
pub(super) fn processes(proc: &Path, names: &HashSet<&str>) -> (Vec<Process>, Vec<Unread>) {
    let mut unread = Vec::new();
    let mut found = Vec::new();
    let entries = match fs::read_dir(proc) {
        Ok(entries) => entries,
        Err(error) => return (found, vec![Unread::io(proc, &error)]),
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match process(&proc.join(&name), pid, names) {
            Ok(process) => found.extend(process),
            // The process has ended since `/proc` was listed. ESRCH comes if the file was opened
            // before.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => unread.push(Unread::io(&proc.join(&name), &error)),
        }
    }
    found.sort_by_key(|process| process.pid);
    (found, unread)
}

fn process(place: &Path, pid: u32, names: &HashSet<&str>) -> io::Result<Option<Process>> {
    // The name decides for nearly every process, so nothing else is read before it.
    let comm = read(&place.join("comm"))?;
    let name = String::from_utf8_lossy(comm.trim_ascii_end()).into_owned();
    if !names.contains(name.as_str()) {
        return Ok(None);
    }
    let arguments = command_line::arguments(&read(&place.join("cmdline"))?);
    // A zombie has no arguments.
    if arguments.iter().all(String::is_empty) {
        return Ok(None);
    }
    Ok(Some(Process {
        pid,
        name,
        arguments,
        // The kernel gives `/proc/<pid>` to the effective user of the process.
        user: fs::metadata(place)?.uid(),
        mount_namespace: mount_namespace(place),
    }))
}

/// The number in `mnt:[4026531841]`.
pub(super) fn mount_namespace(place: &Path) -> Option<u64> {
    // The kernel checks PTRACE_MODE_READ_FSCREDS here, so it refuses processes of other users to a
    // program without privileges.
    let link = fs::read_link(place.join("ns/mnt")).ok()?;
    let text = link.to_str()?.strip_prefix("mnt:[")?.strip_suffix(']')?;
    text.parse().ok()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LIMIT).read_to_end(&mut text)?;
    Ok(text)
}
