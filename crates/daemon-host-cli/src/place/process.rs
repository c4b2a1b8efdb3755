//! `--pid`: looks and acts in the mount namespace of a process.

use anyhow::{Context as _, anyhow, ensure};
use daemon_host::mountscan::{ErrorKind, Proc, ProcRoot};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::enter::Namespaces;
use super::ground::set_process;

#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct PidArgs {
    /// Look and act in the mount namespace of this process. Paths are those of there.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
}

impl PidArgs {
    /// Enters the mount namespace of the process, if one is named.
    ///
    /// # Errors
    ///
    /// When there is no such process, when it is in a pid namespace of its own, and when its mount
    /// namespace cannot be entered or has no `/proc` for this process.
    pub(crate) fn enter(self) -> anyhow::Result<()> {
        self.pid.map_or(Ok(()), enter)
    }

    /// Whether a process is named.
    pub(crate) fn is_named(self) -> bool {
        self.pid.is_some()
    }
}

fn enter(pid: u32) -> anyhow::Result<()> {
    let said = || format!("--pid {pid}");
    let proc = ProcRoot::open(&Proc::default()).with_context(said)?;
    // In a procfs of another pid namespace the number means another process.
    proc.own_pid().with_context(said)?;
    match proc.owner(pid.to_string()) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(no_process(pid).context(said()));
        }
        found => found.with_context(said)?,
    };
    let process = Namespaces::of(&proc, pid);
    if process.is_same("mnt")? {
        return Ok(());
    }
    // The files of engines name pids of the engine's pid namespace. In another procfs a container
    // that lives would look dead.
    ensure!(
        is_of_procfs(&process)?,
        "--pid {pid}: the process is in a pid namespace of its own, as in a container, and pids \
         mean something else there; run the command inside: nsenter -t {pid} -m -p daemon-host …"
    );
    process.enter_mounts()?;
    // The kernel shows nothing of a process in a procfs of a pid namespace in which it is not.
    let there = ProcRoot::open(&Proc::default());
    ensure!(
        there.is_ok_and(|proc| proc.link("self/ns/mnt").is_ok()),
        "--pid {pid}: the /proc of its mount namespace does not show this process; mount a procfs \
         there: nsenter -t {pid} -m mount -t proc proc /proc"
    );
    set_process(pid);
    Ok(())
}

/// Why `/proc` has no directory for a process: it does not exist, it is hidden, or `/proc` is of
/// another pid namespace.
pub(crate) fn no_process(pid: u32) -> anyhow::Error {
    let own = ProcRoot::open(&Proc::default()).and_then(|proc| proc.own_pid());
    let own = match own {
        Ok(own) => own,
        // A procfs without us says nothing about the processes that we can see.
        Err(error) => return anyhow!(error).context(format!("process {pid} cannot be looked for")),
    };
    // A signal reaches processes of our own pid namespace, so /proc must be of that, too.
    let is_ours = own == std::process::id();
    let number = i32::try_from(pid).ok().filter(|pid| *pid > 0 && is_ours);
    let asked = number.map(|number| kill(Pid::from_raw(number), None));
    match asked {
        Some(Ok(()) | Err(Errno::EPERM)) => anyhow!(
            "process {pid} is there, and /proc does not show it (hidepid): ask as its user, or \
             as root with CAP_SYS_PTRACE"
        ),
        _ => anyhow!("no process {pid}"),
    }
}

/// Whether the process is in the pid namespace that `/proc` shows: that of this process, or that of
/// process 1 if `/proc` is of an outer one.
fn is_of_procfs(process: &Namespaces) -> anyhow::Result<bool> {
    if process.is_same("pid")? {
        return Ok(true);
    }
    let own = process.name("pid")?;
    match process.first_link("pid") {
        Ok(first) => Ok(first == own),
        Err(error) if error.kind() == ErrorKind::Untrusted => Err(error.into()),
        // An ordinary user cannot ask about process 1, or does not see it. Whoever cannot is in the
        // pid namespace of the procfs, so a process elsewhere is in another one.
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn whoever_does_not_see_process_1_knows_its_own_pid_namespace() {
        let made = tempfile::tempdir().unwrap();
        let process = |pid: &str, namespace: &str| {
            let links = made.path().join(pid).join("ns");
            fs::create_dir_all(&links).unwrap();
            symlink(namespace, links.join("pid")).unwrap();
        };
        process("self", "pid:[7]");
        process("50", "pid:[7]");
        process("60", "pid:[8]");
        let proc = Proc::unchecked(made.path());
        let proc = ProcRoot::open(&proc).unwrap();
        let is_of_procfs = |pid| is_of_procfs(&Namespaces::of(&proc, pid)).unwrap();
        assert!(is_of_procfs(50));
        assert!(!is_of_procfs(60));
        // The procfs is that of an outer pid namespace.
        process("1", "pid:[8]");
        assert!(is_of_procfs(60));
    }
}
