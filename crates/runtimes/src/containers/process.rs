//! The processes of the machine, by the numbers that states record.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use mountscan::{Proc, ProcRoot};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::view::View;
use crate::proc_stat::parse_stat;
use crate::procfs::{is_gone, open, words};

/// What procfs shows of a pid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A process runs, or is about to.
    Running(Running),
    /// It has ended, but its parent has not reaped it yet.
    Ended,
    /// There is no such process in this namespace.
    Gone,
    /// There is such a process, but this procfs does not show it.
    Hidden,
    /// It could not be looked at.
    Unclear(String),
}

/// A process that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) name: String,
    /// In clock ticks since the boot.
    pub(super) start: u64,
    /// Its cgroups, one for each hierarchy; empty if the kernel has none.
    pub(super) cgroups: Vec<PathBuf>,
}

/// Looks at a pid.
pub(super) fn look(proc: &ProcRoot, pid: u32, view: &View) -> Seen {
    let stat = match proc.read(format!("{pid}/stat")) {
        Ok(stat) => stat,
        Err(error) if is_gone(&error) => return absent(pid, view),
        Err(error) => return Seen::Unclear(words(&error)),
    };
    match parse_stat(&stat) {
        None => Seen::Unclear("its stat has another form".into()),
        Some(stat) if stat.has_ended => Seen::Ended,
        Some(stat) => match proc.read(format!("{pid}/cgroup")) {
            // Its start alone could say that it is another process.
            Err(error) if !is_gone(&error) => Seen::Unclear(words(&error)),
            groups => Seen::Running(Running {
                name: stat.name,
                start: stat.start,
                cgroups: cgroups(&groups.unwrap_or_default()),
            }),
        },
    }
}

/// Decides about a process that this procfs does not show.
///
/// A procfs that hides processes (`hidepid`, `subset=pid`) reports them as missing. So kill(2)
/// asks the kernel itself.
fn absent(pid: u32, view: &View) -> Seen {
    // kill(2) takes the number in our own pid namespace. Another procfs may show another one.
    let Some(pid) = i32::try_from(pid).ok().filter(|_| view.is_own) else {
        return Seen::Gone;
    };
    // Signal 0 is not sent. The kernel only checks the pid and the permission: EPERM means that
    // the process exists.
    match kill(Pid::from_raw(pid), None) {
        Err(Errno::ESRCH) => Seen::Gone,
        _ => Seen::Hidden,
    }
}

/// The paths in `proc_pid_cgroup(5)`, without those of a hierarchy's root.
fn cgroups(text: &[u8]) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(text);
    let path = |line: &str| line.splitn(3, ':').nth(2).map(PathBuf::from);
    let paths = text.lines().filter_map(path);
    paths.filter(|path| path != Path::new("/")).collect()
}

/// What is seen of one number.
#[derive(Debug)]
pub(super) struct Sight {
    /// The process that has it in the procfs.
    pub(super) seen: Seen,
    /// Processes that have it in a pid namespace below. They are looked for only if the procfs is
    /// not the one of the caller's own pid namespace: a state may then be of that namespace.
    pub(super) below: Vec<Running>,
}

/// By its number in a pid namespace: the processes of namespaces below that of the procfs.
type Below = HashMap<u32, Vec<Running>>;

/// A procfs, opened once, and what is known of it.
pub(super) struct Machine {
    /// In words, why no process can be looked at.
    proc: Result<ProcRoot, String>,
    view: View,
    below: OnceCell<Result<Below, String>>,
}

impl Machine {
    pub(super) fn open(proc: &Proc) -> Self {
        let proc = open(proc);
        let view = proc.as_ref().map(View::read);
        Self {
            view: view.unwrap_or_default(),
            proc,
            below: OnceCell::new(),
        }
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    /// Looks at a pid.
    pub(super) fn look(&self, pid: u32) -> Sight {
        let unclear = |why: &String| Sight {
            seen: Seen::Unclear(why.clone()),
            below: Vec::new(),
        };
        let proc = match &self.proc {
            Ok(proc) => proc,
            Err(why) => return unclear(why),
        };
        let seen = look(proc, pid, &self.view);
        if self.view.is_own {
            let below = Vec::new();
            return Sight { seen, below };
        }
        match self.below.get_or_init(|| below(proc)) {
            Ok(below) => Sight {
                seen,
                below: below.get(&pid).cloned().unwrap_or_default(),
            },
            Err(why) => unclear(why),
        }
    }
}

/// Finds the processes of all pid namespaces below that of the procfs.
fn below(proc: &ProcRoot) -> Result<Below, String> {
    let mut all = Below::new();
    for (pid, numbers) in proc.nested().map_err(|error| words(&error))? {
        match look(proc, pid, &View::default()) {
            Seen::Running(running) => {
                for number in numbers {
                    all.entry(number).or_default().push(running.clone());
                }
            }
            Seen::Ended | Seen::Gone => {}
            Seen::Hidden => return Err(format!("pid {pid} is hidden")),
            Seen::Unclear(why) => return Err(why),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proc_hides_is_not_gone() {
        let hiding = tempfile::tempdir().unwrap();
        let root = |proc| ProcRoot::open(&proc).unwrap();
        let (hiding, real) = (root(Proc::unchecked(hiding.path())), root(Proc::default()));
        let own = View {
            is_own: true,
            ..View::default()
        };
        let me = std::process::id();
        assert_eq!(look(&hiding, me, &own), Seen::Hidden);
        assert_eq!(look(&hiding, me, &View::default()), Seen::Gone);
        assert_eq!(look(&real, 0x3fff_ffff, &own), Seen::Gone);
        let seen = look(&real, me, &own);
        assert!(matches!(seen, Seen::Running(_)), "{seen:?}");
    }

    #[test]
    fn groups_of_a_process() {
        let text = "12:pids:/docker/abc\n1:name=systemd:/a:b\n0::/\nnonsense\n";
        let want = ["/docker/abc", "/a:b"].map(PathBuf::from);
        assert_eq!(cgroups(text.as_bytes()), want);
    }
}
