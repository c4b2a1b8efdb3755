//! The processes that have the name of an engine's daemon.

use std::collections::HashSet;

use mountscan::{Error, ErrorKind, ProcRoot};
use rootmount::MountTable;

use super::command_line;
use crate::procfs::{is_gone, unread};
use crate::unread::Unread;

/// The most bytes that are read of a command line: more than the arguments of any daemon have. A
/// process may have any name, and any number of arguments.
const LIMIT: usize = 1 << 20;

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
pub(super) fn processes(proc: &ProcRoot, names: &HashSet<&str>) -> (Vec<Process>, Vec<Unread>) {
    let mut closed = Vec::new();
    let mut found = Vec::new();
    let pids = proc.pids().unwrap_or_else(|error| {
        closed.push(unread(&proc.shown(""), &error));
        Vec::new()
    });
    for pid in pids {
        match process(proc, pid, names) {
            Ok(process) => found.extend(process),
            // The process has ended since `/proc` was listed.
            Err(error) if is_gone(&error) => {}
            Err(error) => closed.push(unread(&proc.shown(pid.to_string()), &error)),
        }
    }
    (found, closed)
}

/// That procfs hides the processes of other users from us, if it does.
pub(super) fn hidden(proc: &ProcRoot, table: &MountTable) -> Option<Unread> {
    let path = proc.shown("");
    let options = table.mount_of(&path)?.super_options();
    options.get("hidepid")?;
    // Root, and the members of a group that the mount names, see process 1 in spite of the option.
    let first = proc.owner("1").err()?;
    let why = "it hides the processes of other users (hidepid)";
    (first.kind() == ErrorKind::NotFound).then(|| Unread::new(&path, why))
}

fn process(proc: &ProcRoot, pid: u32, names: &HashSet<&str>) -> Result<Option<Process>, Error> {
    // The name decides for nearly every process, so nothing else is read before it.
    let comm = proc.read(format!("{pid}/comm"))?;
    let name = String::from_utf8_lossy(comm.trim_ascii_end()).into_owned();
    if !names.contains(name.as_str()) {
        return Ok(None);
    }
    let arguments = command_line::arguments(&proc.read_up_to(format!("{pid}/cmdline"), LIMIT)?);
    // A zombie has no arguments.
    if arguments.iter().all(String::is_empty) {
        return Ok(None);
    }
    Ok(Some(Process {
        pid,
        name,
        arguments,
        // The kernel gives `/proc/<pid>` to the effective user of the process.
        user: proc.owner(pid.to_string())?,
        mount_namespace: mount_namespace(proc, &pid.to_string()),
    }))
}

/// The number in `mnt:[4026531841]`.
pub(super) fn mount_namespace(proc: &ProcRoot, process: &str) -> Option<u64> {
    // The kernel checks PTRACE_MODE_READ_FSCREDS here, so it refuses processes of other users to a
    // program without privileges.
    let link = proc.link(format!("{process}/ns/mnt")).ok()?;
    let text = link.to_str()?.strip_prefix("mnt:[")?.strip_suffix(']')?;
    text.parse().ok()
}
