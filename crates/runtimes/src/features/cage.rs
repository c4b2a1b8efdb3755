//! A place from which no process escapes: whatever starts there ends when it is closed.
//!
//! A process group does not do, since a child leaves it by setsid(2). A pid namespace
//! does: with its first process the kernel ends all others. That first process is a shell
//! that waits for the end of its input, so the cage ends with this process, too, however
//! this one dies.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::scripts::SHELL;

/// How long the end of a killed process is waited for. One that hangs in the kernel ends
/// later, and stays a zombie until this process ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs children that end with it.
pub(super) struct Cage {
    /// The first process of the namespace, where one could be made.
    first: Option<(Child, ChildStdin)>,
}

impl Cage {
    /// Makes a cage for the children of the calling thread, which must end afterwards: it
    /// can never have children outside again.
    ///
    /// Without `CAP_SYS_ADMIN` there is no namespace, and only the process groups of the
    /// children are ended.
    pub(super) fn enter() -> Self {
        let mut shell = Command::new(SHELL);
        shell.args(["-c", "read -r line"]).stdin(Stdio::piped());
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        shell.env_clear();
        let first = unshare(CloneFlags::CLONE_NEWPID).ok().and_then(|()| {
            let mut child = shell.spawn().ok()?;
            let input = child.stdin.take()?;
            Some((child, input))
        });
        Self { first }
    }

    /// Starts a program in the cage, in a process group of its own.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        command.process_group(0).spawn()
    }

    /// Ends a child, and what is left of its process group.
    pub(super) fn end(&self, child: &mut Child) {
        if matches!(child.try_wait(), Ok(None)) {
            // Not reaped yet, so the number still is this group's.
            kill_group(child);
            wait(child);
        }
    }

    /// Ends the process group of a child that has ended. In a namespace that is not needed,
    /// and without one the number is only this group's as long as somebody is in it.
    pub(super) fn end_group_of(&self, child: &Child) {
        if self.first.is_none() {
            kill_group(child);
        }
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        if let Some((mut child, input)) = self.first.take() {
            let _ = child.kill();
            drop(input);
            wait(&mut child);
        }
    }
}

fn kill_group(child: &Child) {
    let group = Pid::from_raw(i32::try_from(child.id()).expect("process ids fit"));
    let _ = killpg(group, Signal::SIGKILL);
}

fn wait(child: &mut Child) {
    let end = Instant::now() + PATIENCE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
}
