//! Reads what procfs shows about one process, and about time.

use std::path::Path;

use mountscan::{Error, ErrorKind, Proc, ProcRoot};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::error::in_words;

/// The link to the initial pid namespace. The kernel makes it at boot, always with this inode
/// number.
const INITIAL: &str = "pid:[4026531836]";
/// Clock ticks of a second in every file of procfs.
const TICKS: u64 = 100;

/// What a procfs shows of time and of the order of pids.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    /// Whether the procfs is the caller's own: its pids are those of `kill(2)`.
    pub(super) is_own: bool,
    /// Whether every process of the machine has a pid in it.
    pub(super) is_initial: bool,
    /// When its first process started, in seconds since the epoch.
    pub(super) began: Option<i64>,
    /// The pid that was given out last.
    pub(super) last_pid: Option<u32>,
    /// When the machine was booted, if start times can be reckoned from it.
    boot: Option<i64>,
}

impl Clock {
    pub(super) fn read(proc: &ProcRoot) -> Self {
        let own = proc.own_pid().ok();
        let mut clock = Self {
            is_own: own == Some(std::process::id()),
            boot: boot(proc).filter(|_| is_plain_time(proc)),
            last_pid: last_pid(proc),
            ..Self::default()
        };
        clock.is_initial = is_initial(proc, clock.is_own);
        // No pid of this namespace was given out before its first process began.
        let first = proc.read("1/stat").ok();
        let first = first.and_then(|stat| parse_stat(&stat));
        clock.began = first.and_then(|first| clock.wall(first.start));
        clock
    }

    /// When something happened, in seconds since the epoch.
    pub(super) fn wall(&self, ticks: u64) -> Option<i64> {
        Some(self.boot? + i64::try_from(ticks / TICKS).ok()?)
    }
}

/// Whether the procfs shows the initial pid namespace. Its first process tells. A caller who
/// may not look at that process can ask only about its own namespace.
fn is_initial(proc: &ProcRoot, is_own: bool) -> bool {
    let own = || proc.link("thread-self/ns/pid");
    let link = match proc.link("1/ns/pid") {
        Err(_) if is_own => own(),
        link => link,
    };
    link.is_ok_and(|link| link == Path::new(INITIAL))
}

fn boot(proc: &ProcRoot) -> Option<i64> {
    let text = String::from_utf8(proc.read("stat").ok()?).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

fn last_pid(proc: &ProcRoot) -> Option<u32> {
    let text = String::from_utf8(proc.read("loadavg").ok()?).ok()?;
    text.split_whitespace().nth(4)?.parse().ok()
}

/// Whether no time namespace shifts the start times. Kernels before 5.6 have no time
/// namespaces.
fn is_plain_time(proc: &ProcRoot) -> bool {
    match proc.read("self/timens_offsets") {
        Ok(text) => {
            let text = String::from_utf8_lossy(&text);
            let mut offsets = text.lines().flat_map(|l| l.split_whitespace().skip(1));
            offsets.all(|offset| offset == "0")
        }
        // Where the kernel has time namespaces, the file is missing for another reason.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let namespace = proc.link("self/ns/time").map_err(|error| error.kind());
            namespace == Err(ErrorKind::NotFound)
        }
        Err(_) => false,
    }
}

/// What is known of a pid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Process {
    /// A process runs. When it started is in clock ticks since the boot.
    Runs { name: String, start: u64 },
    /// No process has this pid here, or the one that had it has ended.
    Gone,
    /// It is not known; the text says why.
    Unclear(String),
}

impl Process {
    pub(super) fn look(proc: &ProcRoot, pid: u32, clock: &Clock) -> Self {
        let stat = match proc.read(format!("{pid}/stat")) {
            Ok(stat) => stat,
            Err(e) if e.kind() == ErrorKind::NotFound => return absent(pid, clock),
            Err(e) => return Self::Unclear(format!("pid {pid}: {}", in_words(&e))),
        };
        match parse_stat(&stat) {
            None => Self::Unclear(format!("pid {pid}: its stat has another form")),
            Some(stat) if stat.has_ended || is_thread(proc, pid) => Self::Gone,
            Some(Stat { name, start, .. }) => Self::Runs { name, start },
        }
    }
}

/// Whether the number is that of a thread other than the first of its process. Procfs shows it by
/// its number, and lists it nowhere. No program writes such a number as its pid.
fn is_thread(proc: &ProcRoot, pid: u32) -> bool {
    let status = proc.read(format!("{pid}/status")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let group = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    let group = group.and_then(|group| group.trim().parse().ok());
    group.is_some_and(|group: u32| group != pid)
}

/// Decides about a pid that procfs does not show. With the mount option `hidepid` procfs hides
/// processes of others. So `kill(2)` without a signal asks the kernel itself.
fn absent(pid: u32, clock: &Clock) -> Process {
    // In the procfs of another pid namespace the number means another process than in
    // `kill(2)`.
    let number = i32::try_from(pid).ok().filter(|_| clock.is_own);
    let Some(asked) = number.and_then(Pid::from_raw) else {
        return Process::Gone;
    };
    match test_kill_process(asked) {
        Err(Errno::SRCH) => Process::Gone,
        _ => Process::Unclear(format!("pid {pid} exists, but /proc does not show it")),
    }
}

/// Opens a procfs that shows the calling process. Another one belongs to a pid namespace in which
/// the caller is not, and says nothing about an engine beside the caller.
pub(super) fn open(proc: &Proc) -> Result<ProcRoot, Error> {
    let root = ProcRoot::open(proc)?;
    root.own_pid()?;
    Ok(root)
}

struct Stat {
    name: String,
    has_ended: bool,
    start: u64,
}

/// The fields of `proc_pid_stat(5)` that are needed.
fn parse_stat(stat: &[u8]) -> Option<Stat> {
    // The command's name may hold blanks and brackets; fields go on after the last one.
    let begin = stat.iter().position(|&byte| byte == b'(')?;
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let name = String::from_utf8_lossy(stat.get(begin + 1..end)?).into_owned();
    let fields = std::str::from_utf8(&stat[end + 1..]).ok()?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    // State, number of threads and start are the third, the 20th and the 22nd field. A
    // process whose first thread has ended goes on with the others.
    let threads: u32 = fields.get(17)?.parse().ok()?;
    Some(Stat {
        name,
        has_ended: matches!(*fields.first()?, "Z" | "X" | "x") && threads <= 1,
        start: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_have_any_name_and_a_dead_first_thread() {
        let stat = |state: &str, threads: u32| {
            let rest = format!("1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 {threads} 0 4711 1 1");
            parse_stat(format!("7 (a) R b) {state} {rest}").as_bytes())
        };
        let running = stat("S", 1).unwrap();
        assert_eq!((running.name.as_str(), running.start), ("a) R b", 4711));
        assert!(!running.has_ended && !stat("Z", 2).unwrap().has_ended);
        assert!(stat("Z", 1).unwrap().has_ended);
        assert!(parse_stat(b"7 (a) S 1").is_none());
    }

    #[test]
    fn the_number_of_a_thread_is_no_process() {
        let proc = open(&Proc::default()).unwrap();
        let clock = Clock::read(&proc);
        let thread = std::thread::spawn(move || {
            let link = proc.link("thread-self").unwrap();
            let thread = link.file_name().unwrap().to_str().unwrap().parse();
            Process::look(&proc, thread.unwrap(), &clock)
        });
        assert_eq!(thread.join().unwrap(), Process::Gone);
    }

    #[test]
    fn a_pid_that_procfs_hides_is_not_gone() {
        let hiding = tempfile::tempdir().unwrap();
        let hiding = ProcRoot::open(&Proc::unchecked(hiding.path())).unwrap();
        let real = open(&Proc::default()).unwrap();
        let mut clock = Clock::read(&real);
        assert!(clock.is_own && clock.last_pid.is_some());
        let own = std::process::id();
        let seen = Process::look(&hiding, own, &clock);
        assert!(matches!(seen, Process::Unclear(_)), "{seen:?}");
        clock.is_own = false;
        assert_eq!(Process::look(&hiding, own, &clock), Process::Gone);
        let seen = Process::look(&real, own, &clock);
        assert!(matches!(seen, Process::Runs { .. }), "{seen:?}");
    }
}
