//! Containers that live, by the state that runc and crun keep of them. Reads.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;

/// Where Docker's runtimes keep the state of containers, below its exec root.
#[must_use]
pub fn state_dirs(exec_root: &Path) -> Vec<PathBuf> {
    ["moby", "plugins.moby"]
        .map(|namespace| exec_root.join("runtime-runc").join(namespace))
        .into()
}

/// The ids of containers whose state says that their first process lives.
///
/// A state directory holds `<id>/state.json` (runc) or `<id>/status` (crun). The process
/// of that id must have started when the state says, so a reused pid does not count, and
/// a zombie holds nothing any more. A state that cannot be understood counts as alive:
/// what is not known must not be swept. A directory that is missing has no containers.
/// `proc` is where procfs is, `/proc`.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when a directory or a process cannot be looked
/// at, for any reason but that it is not there: nothing may be swept then.
///
/// # References
///
/// `proc_pid_stat(5)`; runc's `state.json`, crun's `status`.
pub fn live_containers(state_dirs: &[PathBuf], proc: &Path) -> Result<BTreeSet<String>, Error> {
    let mut alive = BTreeSet::new();
    for dir in state_dirs {
        let failed = |cause| Error::io("readdir", dir, cause);
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let is_dir = entry.file_type().map_err(failed)?.is_dir();
            // No id has other letters than those of UTF-8.
            let id = entry.file_name().into_string().ok().filter(|_| is_dir);
            if let Some(id) = id {
                if is_alive(&entry.path(), proc)? {
                    alive.insert(id);
                }
            }
        }
    }
    Ok(alive)
}

fn is_alive(state: &Path, proc: &Path) -> Result<bool, Error> {
    let Some(value) = read_state(state) else {
        return Ok(true);
    };
    let member = |name: &str| value.get(name).and_then(Value::as_u64);
    // runc and crun name their members differently.
    let Some(pid) = member("init_process_pid").or_else(|| member("pid")) else {
        return Ok(true);
    };
    let started = member("init_process_start").or_else(|| member("process-start-time"));
    let path = proc.join(pid.to_string()).join("stat");
    let now = match fs::read(&path) {
        Ok(stat) => start_time(&stat),
        Err(error) if is_gone(&error) => None,
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    Ok(now.is_some_and(|now| started.is_none_or(|then| now == then)))
}

fn read_state(dir: &Path) -> Option<Value> {
    let text = fs::read(dir.join("state.json"))
        .or_else(|_| fs::read(dir.join("status")))
        .ok()?;
    serde_json::from_slice(&text).ok()
}

/// A process that ends while its file is open is gone as well.
fn is_gone(error: &io::Error) -> bool {
    const ESRCH: i32 = nix::errno::Errno::ESRCH as i32;
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH)
}

/// When a process started, in clock ticks: field 22. A zombie has no start.
fn start_time(stat: &[u8]) -> Option<u64> {
    // The command's name may hold blanks and brackets; fields go on after the last one.
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let fields = std::str::from_utf8(&stat[end + 1..]).ok()?;
    let mut fields = fields.split_ascii_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(dir: &Path, id: &str, file: &str, text: &str) {
        fs::create_dir_all(dir.join(id)).unwrap();
        fs::write(dir.join(id).join(file), text).unwrap();
    }

    #[test]
    fn a_container_lives_while_its_very_process_does() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, proc) = (temp.path().join("state"), Path::new("/proc"));
        let me = std::process::id();
        let start = start_time(&fs::read("/proc/self/stat").unwrap()).unwrap();
        let state = |pid: u32, start: u64| {
            format!(r#"{{"init_process_pid": {pid}, "init_process_start": {start}}}"#)
        };
        container(&dir, "alive", "state.json", &state(me, start));
        container(&dir, "pid-reused", "state.json", &state(me, start + 1));
        container(&dir, "dead", "state.json", &state(u32::MAX, 5));
        let crun = format!(r#"{{"pid": {me}, "process-start-time": {start}}}"#);
        container(&dir, "crun", "status", &crun);
        container(&dir, "garbled", "state.json", "{");
        fs::write(dir.join("a-file"), "").unwrap();

        let found = live_containers(&[dir, temp.path().join("missing")], proc).unwrap();
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["alive", "crun", "garbled"]
        );
    }

    #[test]
    fn what_cannot_be_looked_at_is_no_absence() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("a-file");
        fs::write(&file, "").unwrap();
        let error = live_containers(std::slice::from_ref(&file), Path::new("/proc")).unwrap_err();
        assert_eq!(error.path(), Some(file.as_path()));
        assert_eq!(
            error.raw_os_error(),
            Some(nix::errno::Errno::ENOTDIR as i32)
        );
    }

    #[test]
    fn the_name_of_a_command_is_no_field() {
        let stat = b"7 (a) R b) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        assert_eq!(start_time(stat), Some(4711));
        assert_eq!(
            start_time(b"7 (a) Z 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711"),
            None
        );
        assert_eq!(start_time(b"7 (a) S 1"), None);
    }
}
