//! Runs one child under ptrace, lists its system calls and does to them what
//! the plan says. Threads and children are followed until they exec.
//!
//! The child asks to be traced and stops itself twice: what it does between the
//! two stops is the operation.

mod memory;
mod plan;
mod task;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::sys::ptrace::{self, Event, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::calls;
use crate::fault::{Injection, Point};
use crate::watchdog::Watchdog;
use plan::Plan;
use task::Task;

/// How long children that outlive a killed process are waited for.
const ORPHANS: Duration = Duration::from_secs(2);

/// One system call that was seen.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) point: Point,
    /// With the paths and files it is about.
    pub(crate) text: String,
    /// The files it is about, in order.
    pub(crate) files: Vec<PathBuf>,
    /// Whether it may change what others see.
    pub(crate) changes: bool,
    /// Whether the answer may be an error.
    pub(crate) may_fail: bool,
    /// Order among all calls of its name.
    pub(crate) occurrence: usize,
}

/// How the traced child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Exited(i32),
    /// By the plan.
    Killed,
    /// By a signal that the plan did not send.
    Signalled(Signal),
    /// The deadline passed.
    Hung,
}

/// A traced run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) calls: Vec<Call>,
    pub(crate) ending: Ending,
    /// How many injections of the plan came to pass.
    pub(crate) reached: usize,
}

/// Starts `command` and follows it to its end.
pub(crate) fn run(
    command: &mut Command,
    plan: &[Injection],
    deadline: Duration,
) -> anyhow::Result<Run> {
    let child = command.spawn().context("start the traced child")?;
    let watchdog = Watchdog::watch(child.id(), deadline)?;
    let leader = Pid::from_raw(i32::try_from(child.id()).context("pid of the traced child")?);
    let mut session = Session::new(leader, plan);
    let ended = session.follow();
    let hung = watchdog.finish();
    let ending = ended?;
    Ok(Run {
        calls: session.calls,
        ending: if hung { Ending::Hung } else { ending },
        reached: session.plan.reached,
    })
}

/// Where the child is between its own two stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before,
    During,
    After,
}

struct Session<'a> {
    leader: Pid,
    plan: Plan<'a>,
    phase: Phase,
    tasks: HashMap<Pid, Task>,
    /// Tasks so far.
    born: usize,
    calls: Vec<Call>,
    killed: bool,
    ending: Option<Ending>,
}

impl<'a> Session<'a> {
    fn new(leader: Pid, plan: &'a [Injection]) -> Session<'a> {
        Session {
            leader,
            plan: Plan::new(plan),
            phase: Phase::Before,
            tasks: HashMap::from([(leader, Task::new(0))]),
            born: 1,
            calls: Vec::new(),
            killed: false,
            ending: None,
        }
    }

    /// Handles stops until no child is left. What the child itself left running is
    /// waited for, but not for long.
    fn follow(&mut self) -> anyhow::Result<Ending> {
        let mut orphans_until = None;
        loop {
            let mut flags = WaitPidFlag::__WALL;
            if self.ending.is_some() {
                flags |= WaitPidFlag::WNOHANG;
            }
            match waitpid(Pid::from_raw(-1), Some(flags)) {
                Ok(WaitStatus::StillAlive) => {
                    let until = *orphans_until.get_or_insert_with(|| Instant::now() + ORPHANS);
                    if Instant::now() > until {
                        break;
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(status) => self.handle(status)?,
                Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => break,
                Err(errno) => bail!("waitpid: {errno}"),
            }
        }
        self.ending.context("the traced child vanished")
    }

    fn handle(&mut self, status: WaitStatus) -> anyhow::Result<()> {
        let done = match status {
            WaitStatus::Exited(pid, code) => {
                self.gone(pid, Ending::Exited(code));
                Ok(())
            }
            WaitStatus::Signaled(pid, signal, _) => {
                self.gone(
                    pid,
                    if self.killed {
                        Ending::Killed
                    } else {
                        Ending::Signalled(signal)
                    },
                );
                Ok(())
            }
            WaitStatus::PtraceSyscall(pid) => {
                self.at_call(pid).and_then(|()| self.resume(pid, None))
            }
            WaitStatus::PtraceEvent(pid, _, event) => self.at_event(pid, event),
            WaitStatus::Stopped(pid, signal) => self.at_signal(pid, signal),
            _ => Ok(()),
        };
        match done {
            // Another thread's SIGKILL got there first: its end is reported next.
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno).with_context(|| format!("ptrace, at {status:?}")),
        }
    }

    fn gone(&mut self, pid: Pid, ending: Ending) {
        self.tasks.remove(&pid);
        if pid == self.leader {
            self.ending = Some(ending);
        }
    }

    fn at_event(&mut self, pid: Pid, event: i32) -> nix::Result<()> {
        if event == Event::PTRACE_EVENT_EXEC as i32 {
            let task = self.tasks.remove(&pid);
            if task
                .and_then(|task| task.entered)
                .is_some_and(|entered| entered.kill_then)
            {
                self.kill()?;
            }
            return ptrace::detach(pid, None);
        }
        let born = ptrace::getevent(pid)?;
        if let Ok(born) = i32::try_from(born) {
            self.meet(Pid::from_raw(born));
        }
        self.resume(pid, None)
    }

    fn at_signal(&mut self, pid: Pid, signal: Signal) -> nix::Result<()> {
        if pid == self.leader && signal == Signal::SIGSTOP {
            self.next_phase()?;
            return self.resume(pid, None);
        }
        // A new task begins with a stop that was never sent to it.
        let first = self.meet(pid).begin();
        let delivered = Some(signal).filter(|_| !(first && signal == Signal::SIGSTOP));
        self.resume(pid, delivered)
    }

    fn next_phase(&mut self) -> nix::Result<()> {
        self.phase = match self.phase {
            Phase::Before => {
                let options = Options::PTRACE_O_TRACESYSGOOD
                    | Options::PTRACE_O_TRACECLONE
                    | Options::PTRACE_O_TRACEFORK
                    | Options::PTRACE_O_TRACEVFORK
                    | Options::PTRACE_O_TRACEEXEC
                    | Options::PTRACE_O_EXITKILL;
                ptrace::setoptions(self.leader, options)?;
                Phase::During
            }
            Phase::During | Phase::After => Phase::After,
        };
        Ok(())
    }

    /// The task of a pid; a new one gets the next number.
    fn meet(&mut self, pid: Pid) -> &mut Task {
        let born = &mut self.born;
        self.tasks.entry(pid).or_insert_with(|| {
            *born += 1;
            Task::new(*born - 1)
        })
    }

    fn resume(&self, pid: Pid, signal: Option<Signal>) -> nix::Result<()> {
        if self.phase == Phase::During {
            ptrace::syscall(pid, signal)
        } else {
            ptrace::cont(pid, signal)
        }
    }

    fn at_call(&mut self, pid: Pid) -> nix::Result<()> {
        let entered = self.meet(pid).entered.is_some();
        if self.phase != Phase::During && !entered {
            return Ok(());
        }
        match ptrace::syscall_info(pid)?.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => self.at_entry(pid),
            libc::PTRACE_SYSCALL_INFO_EXIT => self.at_exit(pid),
            _ => Ok(()),
        }
    }

    fn at_entry(&mut self, pid: Pid) -> nix::Result<()> {
        let mut registers = ptrace::getregs(pid)?;
        let number = registers.orig_rax as i64;
        if !calls::matters(number) {
            return Ok(());
        }
        let name = calls::name(number);
        let point = self.meet(pid).next_point(name);
        let call = self.record(pid, point, &memory::arguments(&registers));
        let entered = self.plan.decide(&call, number);
        if entered.skip {
            // The kernel performs no call of this number.
            registers.orig_rax = u64::MAX;
            ptrace::setregs(pid, registers)?;
        }
        if entered.kill_now {
            self.kill()?;
        }
        self.meet(pid).entered = Some(entered);
        Ok(())
    }

    fn record(&mut self, pid: Pid, point: Point, arguments: &[u64; 6]) -> Call {
        let occurrence = self
            .calls
            .iter()
            .filter(|call| call.point.name == point.name)
            .count();
        let subject = memory::subject(pid, &point.name, arguments);
        let call = Call {
            text: subject.text,
            files: subject.files,
            changes: calls::changes(&point.name, arguments),
            may_fail: !memory::is_close_of_directory(pid, &point.name, arguments),
            occurrence,
            point,
        };
        self.calls.push(call.clone());
        call
    }

    fn at_exit(&mut self, pid: Pid) -> nix::Result<()> {
        let Some(entered) = self.meet(pid).entered.take() else {
            return Ok(());
        };
        if let Some(errno) = entered.answer {
            let mut registers = ptrace::getregs(pid)?;
            registers.rax = -i64::from(errno) as u64;
            ptrace::setregs(pid, registers)?;
        }
        if entered.kill_then {
            self.kill()?;
        }
        Ok(())
    }

    /// What a daemon gets that dies here. A child it forked lives on.
    fn kill(&mut self) -> nix::Result<()> {
        self.killed = true;
        kill(self.leader, Signal::SIGKILL)
    }
}
