//! Containers that live, by the state that runc and crun keep of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tracing::debug;

/// Where Docker's runtimes keep the state of containers, below the exec root.
pub(crate) fn default_state_dirs(exec_root: &Path) -> Vec<PathBuf> {
    ["moby", "plugins.moby"]
        .map(|namespace| exec_root.join("runtime-runc").join(namespace))
        .into()
}

/// The ids of containers whose state says that their first process lives.
///
/// A state directory is `<dir>/<id>` with `state.json` (runc) or `status` (crun). A
/// state that cannot be read counts as alive: what is not known must not be swept.
pub(crate) fn containers(state_dirs: &[PathBuf], proc: &Path) -> BTreeSet<String> {
    let mut alive = BTreeSet::new();
    for dir in state_dirs {
        let Ok(entries) = fs::read_dir(dir) else {
            debug!(dir = %dir.display(), "no container state here");
            continue;
        };
        for entry in entries.flatten() {
            let Ok(id) = entry.file_name().into_string() else {
                continue;
            };
            if entry.path().is_dir() && is_alive(&entry.path(), proc) {
                alive.insert(id);
            }
        }
    }
    alive
}

fn is_alive(state: &Path, proc: &Path) -> bool {
    let Some(value) = read_state(state) else {
        return true;
    };
    let member = |name: &str| value.get(name).and_then(Value::as_u64);
    // runc and crun name their members differently.
    let Some(pid) = member("init_process_pid").or_else(|| member("pid")) else {
        return true;
    };
    let started = member("init_process_start").or_else(|| member("process-start-time"));
    match (start_time(proc, pid), started) {
        (None, _) => false,
        (Some(now), Some(then)) => now == then,
        (Some(_), None) => true,
    }
}

fn read_state(dir: &Path) -> Option<Value> {
    let text = fs::read(dir.join("state.json"))
        .or_else(|_| fs::read(dir.join("status")))
        .ok()?;
    serde_json::from_slice(&text).ok()
}

/// When a process started, in clock ticks: field 22 of `proc_pid_stat(5)`. A zombie has
/// no start: it holds nothing any more.
fn start_time(proc: &Path, pid: u64) -> Option<u64> {
    let stat = fs::read_to_string(proc.join(pid.to_string()).join("stat")).ok()?;
    // The command's name may hold blanks and brackets; fields go on after the last one.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
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
        let start = start_time(proc, me.into()).unwrap();
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

        let found = containers(&[dir, temp.path().join("missing")], proc);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["alive", "crun", "garbled"]
        );
    }
}
