//! One process, looked at through procfs.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::view::View;

/// What procfs shows of a pid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A process runs, or is about to.
    Running(Running),
    /// It has ended, and only its parent has not asked how.
    Ended,
    /// There is no such process in this namespace.
    Gone,
    /// There is one, and this procfs does not show it.
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

/// A procfs that hides processes (`hidepid`, `subset=pid`) says of them that they are not
/// there. The kernel itself says whether there is one.
fn absent(pid: u32, view: &View) -> Seen {
    let Some(pid) = i32::try_from(pid).ok().filter(|_| view.is_own) else {
        return Seen::Gone;
    };
    match kill(Pid::from_raw(pid), None) {
        Err(Errno::ESRCH) => Seen::Gone,
        _ => Seen::Hidden,
    }
}

/// A process that ends while its file is open is gone as well.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(Errno::ESRCH as i32)
}

/// The fields of `proc_pid_stat(5)` that are needed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) name: String,
    pub(super) has_ended: bool,
    pub(super) start: u64,
}

pub(super) fn parse_stat(stat: &[u8]) -> Option<Stat> {
    // The command's name may hold blanks and brackets; fields go on after the last one.
    let begin = stat.iter().position(|&byte| byte == b'(')?;
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let name = String::from_utf8_lossy(stat.get(begin + 1..end)?).into_owned();
    let fields = std::str::from_utf8(&stat[end + 1..]).ok()?;
    let mut fields = fields.split_ascii_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X" | "x");
    // The state is the third field, the start the 22nd.
    let start = fields.nth(18)?.parse().ok()?;
    Some(Stat {
        name,
        has_ended,
        start,
    })
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
    fn the_name_of_a_command_is_no_field() {
        let rest = "1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        let stat = |state: &str| parse_stat(format!("7 (a) R b) {state} {rest}").as_bytes());
        let running = stat("S").unwrap();
        assert_eq!((running.name.as_str(), running.start), ("a) R b", 4711));
        assert!(!running.has_ended);
        assert!(stat("Z").unwrap().has_ended);
        for text in ["", "7", "7 (a) S 1", "7 )a( S"] {
            assert_eq!(parse_stat(text.as_bytes()), None, "{text}");
        }
    }

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
