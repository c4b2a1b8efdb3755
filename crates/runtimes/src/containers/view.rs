//! Which pid namespace a procfs shows, and since when that namespace exists.

use mountscan::ProcRoot;

use crate::proc_stat::parse_stat;
use crate::procfs::is_gone;

/// The inode of the pid namespace that the kernel makes at boot.
// 0xEFFFFFFC, `PROC_PID_INIT_INO` of the kernel. It is the same on every machine.
const INITIAL: &str = "pid:[4026531836]";

/// Clock ticks of a second in every file of procfs.
// `USER_HZ`, whatever frequency the kernel itself was built with.
pub(super) const TICKS: u64 = 100;

/// What is known of a procfs and of the pid namespace it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    /// Whether it shows the initial pid namespace, in which every process has a pid.
    pub(super) is_initial: Option<bool>,
    /// Whether it is the procfs of this very process, so that `kill(2)` means the same pids.
    pub(super) is_own: bool,
    /// The pid that was given out last.
    pub(super) last_pid: Option<u32>,
    /// When the machine was booted, in seconds since the epoch.
    pub(super) boot: Option<i64>,
    /// When the namespace's first process started, in clock ticks since the boot.
    pub(super) first_start: Option<u64>,
    /// Whether start times are those of the machine, not shifted by a time namespace.
    pub(super) is_true_time: Option<bool>,
    /// Whether it shows a pid namespace below the initial one, whose process 1 and the caller are
    /// in one cgroup namespace. Then the cgroups of its containers are below the ones that are
    /// seen.
    pub(super) has_own_groups: bool,
}

impl View {
    pub(super) fn read(proc: &ProcRoot) -> Self {
        let is_own = proc.own_pid().is_ok_and(|own| own == std::process::id());
        let is_initial = is_initial(proc, is_own);
        Self {
            is_initial,
            is_own,
            last_pid: last_word(proc, "loadavg"),
            boot: boot(proc),
            first_start: proc
                .read("1/stat")
                .ok()
                .and_then(|stat| parse_stat(&stat))
                .map(|stat| stat.start),
            is_true_time: is_true_time(proc),
            has_own_groups: is_initial == Some(false) && shares_groups(proc),
        }
    }

    /// When a process started, in seconds since the epoch.
    pub(super) fn wall(&self, start: u64) -> Option<i64> {
        let boot = self.boot.filter(|_| self.is_true_time == Some(true))?;
        Some(boot + i64::try_from(start / TICKS).ok()?)
    }
}

/// Whether a procfs shows the initial pid namespace. Its namespace is that of its pid 1. If pid 1
/// may not be looked at, only the own procfs has an answer.
fn is_initial(proc: &ProcRoot, is_own: bool) -> Option<bool> {
    let first = proc.link("1/ns/pid");
    let link = match first {
        Ok(link) => link,
        Err(_) if is_own => proc.link("self/ns/pid").ok()?,
        Err(_) => return None,
    };
    Some(link.to_str()? == INITIAL)
}

/// Whether the caller is in the cgroup namespace of process 1. Kernels before 4.6 have no such
/// file, and no cgroup namespaces.
fn shares_groups(proc: &ProcRoot) -> bool {
    match proc.link("self/ns/cgroup") {
        Ok(own) => proc.link("1/ns/cgroup").is_ok_and(|first| first == own),
        Err(error) => is_gone(&error) && proc.link("self/ns/pid").is_ok(),
    }
}

fn last_word(proc: &ProcRoot, name: &str) -> Option<u32> {
    let text = String::from_utf8(proc.read(name).ok()?).ok()?;
    text.split_ascii_whitespace().last()?.parse().ok()
}

fn boot(proc: &ProcRoot) -> Option<i64> {
    let text = String::from_utf8(proc.read("stat").ok()?).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

/// Whether start times are those of the machine. Kernels before 5.6 have no such file, and no time
/// namespaces.
fn is_true_time(proc: &ProcRoot) -> Option<bool> {
    match proc.read("self/timens_offsets") {
        Ok(text) => {
            let text = String::from_utf8_lossy(&text);
            let mut numbers = text
                .split_ascii_whitespace()
                .filter(|word| word.parse::<i64>().is_ok());
            Some(numbers.all(|number| number == "0"))
        }
        Err(error) if is_gone(&error) => Some(true),
        Err(_) => None,
    }
}
