//! One process, looked at through procfs.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::view::View;
use crate::proc_stat::parse_stat;

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
    /// Its cgroups, one for each hierarchy; empty if they could not be read.
    pub(super) cgroups: Vec<PathBuf>,
}

/// Looks at a pid.
pub(super) fn look(proc: &Path, pid: u32, view: &View) -> Seen {
    let place = proc.join(pid.to_string());
    let stat = match fs::read(place.join("stat")) {
        Ok(stat) => stat,
        Err(error) if is_gone(&error) => return absent(pid, view),
        Err(error) => return Seen::Unclear(error.to_string()),
    };
    match parse_stat(&stat) {
        None => Seen::Unclear("its stat has another form".into()),
        Some(stat) if stat.has_ended => Seen::Ended,
        Some(stat) => Seen::Running(Running {
            name: stat.name,
            start: stat.start,
            cgroups: cgroups(&fs::read_to_string(place.join("cgroup")).unwrap_or_default()),
        }),
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

/// Whether the process is gone. If it ends while its file is open, reading gives ESRCH.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(Errno::ESRCH as i32)
}

/// The paths in `proc_pid_cgroup(5)`, without those of a hierarchy's root.
fn cgroups(text: &str) -> Vec<PathBuf> {
    let path = |line: &str| line.splitn(3, ':').nth(2).map(PathBuf::from);
    let paths = text.lines().filter_map(path);
    paths.filter(|path| path != Path::new("/")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proc_hides_is_not_gone() {
        let hiding = tempfile::tempdir().unwrap();
        let own = View {
            is_own: true,
            ..View::default()
        };
        let me = std::process::id();
        assert_eq!(look(hiding.path(), me, &own), Seen::Hidden);
        assert_eq!(look(hiding.path(), me, &View::default()), Seen::Gone);
        assert_eq!(look(Path::new("/proc"), 0x3fff_ffff, &own), Seen::Gone);
        let seen = look(Path::new("/proc"), me, &own);
        assert!(matches!(seen, Seen::Running(_)), "{seen:?}");
    }

    #[test]
    fn groups_of_a_process() {
        let text = "12:pids:/docker/abc\n1:name=systemd:/a:b\n0::/\nnonsense\n";
        let want = ["/docker/abc", "/a:b"].map(PathBuf::from);
        assert_eq!(cgroups(text), want);
    }
}
