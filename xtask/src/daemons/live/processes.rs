//! The processes of containers and their shims, by `/proc`.

use crate::daemons::stage::until;
use anyhow::{Context, Result, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;

/// The parent of a process.
pub(crate) fn parent(pid: u32) -> Result<u32> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).context(path)?;
    let line = text.lines().find_map(|line| line.strip_prefix("PPid:"));
    line.context("no PPid")?.trim().parse().context("PPid")
}

/// The process that stands between the engine and a container, by its first process.
pub(crate) fn shim_of(init: u32) -> Result<u32> {
    let shim = parent(init)?;
    let name = std::fs::read_to_string(format!("/proc/{shim}/comm"))?;
    let is_shim = name.starts_with("containerd-shim") || name.starts_with("conmon");
    ensure!(is_shim, "the parent of {init} is {:?}", name.trim());
    Ok(shim)
}

/// Kills a process and waits until it is gone or only waits for its parent.
pub(crate) fn kill(pid: u32) -> Result<()> {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let number = number.with_context(|| format!("{pid} is no process id"))?;
    match kill_process(number, Signal::KILL) {
        // It ended by itself, as containerd does without its dockerd.
        Ok(()) | Err(Errno::SRCH) => {}
        Err(errno) => return Err(errno).with_context(|| format!("kill({pid})")),
    }
    until("a killed process to go", Duration::from_secs(10), || {
        !is_alive(pid)
    })
}

/// Whether a process is there and not a zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|rest| !rest.starts_with(['Z', 'X']))
}

/// A process that this one started.
pub(crate) fn child_of(pid: u32) -> Result<u32> {
    let child = all().find(|child| parent(*child).is_ok_and(|parent| parent == pid));
    child.with_context(|| format!("{pid} has no child"))
}

/// The children of a container's first process and of its shim, which end with it.
pub(crate) fn family_of(init: u32) -> Result<Vec<u32>> {
    let shim = shim_of(init)?;
    let is_of_it = |pid: &u32| parent(*pid).is_ok_and(|parent| parent == init || parent == shim);
    Ok(all().filter(is_of_it).collect())
}

fn all() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
}

/// The processes with this name.
pub(crate) fn named(name: &str) -> Vec<u32> {
    all()
        .filter(|pid| {
            let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            comm.trim_end() == name
        })
        .collect()
}

/// A process that sleeps for so many seconds, by its command line.
pub(crate) fn sleeping(seconds: &str) -> Option<u32> {
    let line = format!("sleep\0{seconds}\0");
    all().find(|pid| {
        let own = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        own == line
    })
}
