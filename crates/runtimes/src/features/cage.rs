//! A cage for processes: every process that starts in it ends when the cage is closed.
//!
//! A process group is not enough: a child can leave it by setsid(2). A pid namespace is:
//! when its first process ends, the kernel ends all others. That first process is a shell
//! that waits for the end of its input. This process holds the other end of that input. So
//! the cage also ends when this process dies, in whatever way.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::scripts::SHELL;

/// How long to wait for the end of a killed process.
///
/// A process that hangs in the kernel ends later. It stays a zombie until this process ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs children, which end when the cage ends.
pub(super) struct Cage {
    /// The first process of the namespace; `None` if no namespace could be made.
    first: Option<(Child, ChildStdin)>,
}

impl Cage {
    /// Makes a cage for the children of the calling thread.
    ///
    /// That thread must end afterwards: it can never have children outside the cage again.
    ///
    /// Without `CAP_SYS_ADMIN` there is no namespace, and only the process groups of the
    /// children are ended.
    pub(super) fn enter() -> Self {
        let mut shell = Command::new(SHELL);
        shell.args(["-c", "read -r line"]).stdin(Stdio::piped());
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        shell.env_clear();
        // unshare(2) does not move the caller. Its next child is the namespace's first process,
        // so the shell must start before any program does.
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

    /// Ends a child, and the processes that remain in its process group.
    pub(super) fn end(&self, child: &mut Child) {
        if matches!(child.try_wait(), Ok(None)) {
            // The child is not reaped yet, so no other group can have its number.
            kill_group(child);
            wait(child);
        }
    }

    /// Ends the process group of a child that has ended.
    ///
    /// In a namespace this is not needed. Without one, the number belongs to this group only
    /// while a process is in it.
    pub(super) fn end_group_of(&self, child: &Child) {
        if self.first.is_none() {
            kill_group(child);
        }
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        if let Some((mut child, input)) = self.first.take() {
            // The first process of a pid namespace ends after all others, so the wait below is for
            // all of them.
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
