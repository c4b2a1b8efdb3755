//! What a procfs shows of the processes of a machine, and what it hides.

use std::io::BufReader;
use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind};
use crate::holders::processes::listing::namespace_of_link;
use crate::holders::processes::stat::Stat;
use crate::kernel::procfs::ProcDir;
use crate::row::borrowed::Row;
use crate::row::stream::for_each_row;
use crate::table::mount_table::MountTable;

/// Inode number of the initial pid namespace (`PROC_PID_INIT_INO` in the kernel).
const INITIAL_PID_NAMESPACE: u64 = 0xEFFF_FFFC;
/// Inode number of the initial user namespace (`PROC_USER_INIT_INO`).
const INITIAL_USER_NAMESPACE: u64 = 0xEFFF_FFFD;
/// Bit of `CAP_SYS_PTRACE` in a capability set.
const CAP_SYS_PTRACE: u32 = 19;
/// What a procfs shows of the processes of the machine.
///
/// A process that is not seen here may still live. The fields say in which cases.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessView {
    /// Inode number of the caller's mount namespace.
    pub own_namespace: Option<u64>,
    /// How many processes were seen.
    pub processes: usize,
    /// How many of them run and could not be looked into, because a privilege is missing or the
    /// system refused it. Threads of the kernel do not count. Process 1 does not count either: all
    /// other processes come from it, so it lives in no container that this view shows.
    pub unreadable: usize,
    /// Whether the procfs hides processes of other users (`hidepid`) and the caller has no right to
    /// see them.
    pub hides: bool,
    /// Whether it shows the initial pid namespace, and so every process. `None` if that is not
    /// known.
    pub is_initial: Option<bool>,
    /// Whether the caller is in the initial user namespace. From another user namespace, the
    /// processes outside of it cannot be looked into. `None` if that is not known.
    pub is_initial_user: Option<bool>,
    /// The last pid that was given to a process in the caller's pid namespace.
    pub last_pid: Option<u32>,
    /// Start time of process 1, in clock ticks since the machine was started.
    pub first_start: Option<u64>,
    /// Whether start times are those of the machine, that is, the caller's time namespace shifts
    /// nothing. `None` if that is not known.
    pub is_time_plain: Option<bool>,
}

impl ProcessView {
    /// Whether it shows every process of the machine, and lets the caller look into each.
    pub fn is_complete(&self) -> bool {
        self.is_initial == Some(true) && !self.hides && self.unreadable == 0
    }

    /// Reads everything that is known before the processes are looked at.
    pub(crate) fn read(proc: &ProcDir) -> Result<Self, Error> {
        // A procfs of another pid namespace does not show the caller.
        proc.link("self").map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(
                ErrorKind::NotFound,
                format!("{:?} does not show the calling process", proc.shown("")),
            ),
            _ => error,
        })?;
        let namespace = |process: &str| inode_of_namespace(proc, process, "pid");
        // The caller may live in a pid namespace below the one that this procfs shows. Then process
        // 1 tells.
        let seen = [namespace("thread-self"), namespace("1")];
        Ok(Self {
            own_namespace: namespace_of_link(proc, "thread-self/ns/mnt").ok().flatten(),
            processes: 0,
            unreadable: 0,
            hides: hides(proc),
            is_initial: match seen {
                _ if seen.contains(&Some(INITIAL_PID_NAMESPACE)) => Some(true),
                [None, _] => None,
                _ => Some(false),
            },
            is_initial_user: in_initial_user_namespace(proc),
            last_pid: read(proc, "loadavg").and_then(|text| last_pid(&text)),
            first_start: proc
                .read("1/stat")
                .ok()
                .and_then(|text| Some(Stat::parse(&text)?.start)),
            is_time_plain: is_time_plain(proc),
        })
    }
}

fn read(proc: &ProcDir, name: &str) -> Option<String> {
    let bytes = proc.read(name).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The number in a link such as `pid:[4026531836]`.
fn inode_of_namespace(proc: &ProcDir, process: &str, kind: &str) -> Option<u64> {
    let target = proc.link(format!("{process}/ns/{kind}")).ok()?;
    let text = target.to_str()?.strip_prefix(kind)?.strip_prefix(":[")?;
    text.strip_suffix(']')?.parse().ok()
}

fn in_initial_user_namespace(proc: &ProcDir) -> Option<bool> {
    let inode = inode_of_namespace(proc, "self", "user")?;
    Some(inode == INITIAL_USER_NAMESPACE)
}

/// Whether the mount option `hidepid` keeps processes from the caller.
fn hides(proc: &ProcDir) -> bool {
    let is_on = |row: Row<'_>| {
        let options = row.super_options();
        let value = options.get("hidepid");
        // Only 2 (invisible) and 4 (ptraceable) hide the directories. 1 closes the files in them:
        // such processes are listed, and counted as unreadable.
        value.is_some_and(|v| !matches!(v.to_str(), Some("0" | "off" | "1" | "noaccess")))
    };
    let is_on = match row_of_procfs(proc, is_on) {
        Ok(Some(is_on)) => is_on,
        // Its id is unknown or not in the table. Its path is the next best way to find the row.
        Ok(None) => match proc.read("thread-self/mountinfo") {
            Ok(text) => {
                let table = MountTable::from_bytes(text);
                table.mount_of(&proc.shown("")).is_some_and(is_on)
            }
            Err(_) => return true,
        },
        Err(_) => return true,
    };
    is_on && !may_look_into_all(proc)
}

/// Asks about the row of the procfs itself. A long table is read only up to that row.
fn row_of_procfs(proc: &ProcDir, ask: impl Fn(Row<'_>) -> bool) -> Result<Option<bool>, Error> {
    let Some((id, _)) = proc.place_of(".") else {
        return Ok(None);
    };
    let table = BufReader::new(proc.file("thread-self/mountinfo")?);
    for_each_row(table, |row| match row {
        Ok(row) if row.mount_id() == id => ControlFlow::Break(ask(row)),
        _ => ControlFlow::Continue(()),
    })
}

/// Whether the caller has `CAP_SYS_PTRACE` in the initial user namespace.
fn may_look_into_all(proc: &ProcDir) -> bool {
    let status = read(proc, "self/status").unwrap_or_default();
    let effective = status.lines().find_map(|l| l.strip_prefix("CapEff:"));
    let set = effective.and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
    let has_it = set.is_some_and(|set| set & (1 << CAP_SYS_PTRACE) != 0);
    // In another user namespace the capability does not reach the processes outside of it.
    has_it && in_initial_user_namespace(proc) == Some(true)
}

/// The fifth field of `/proc/loadavg`.
fn last_pid(loadavg: &str) -> Option<u32> {
    loadavg.split_whitespace().nth(4)?.parse().ok()
}

/// Whether the caller's time namespace shifts nothing. A kernel without time namespaces has no such
/// file.
fn is_time_plain(proc: &ProcDir) -> Option<bool> {
    match proc.read("self/timens_offsets") {
        Ok(text) => {
            let text = String::from_utf8_lossy(&text);
            let mut offsets = text.lines().flat_map(|l| l.split_whitespace().skip(1));
            Some(offsets.all(|offset| offset == "0"))
        }
        // Where the kernel has time namespaces, the file is missing for another reason.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let namespace = proc.link("self/ns/time").map_err(|error| error.kind());
            (namespace == Err(ErrorKind::NotFound)).then_some(true)
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::procfs::Proc;

    #[test]
    fn numbers_of_procfs() {
        assert_eq!(last_pid("0.00 0.01 0.05 2/345 6789\n"), Some(6789));
        assert_eq!(last_pid("0.00 0.01"), None);
    }

    #[test]
    fn a_procfs_without_the_caller_is_an_error_and_no_answer() {
        let empty = tempfile::tempdir().unwrap();
        let error = ProcessView::read(&Proc::unchecked(empty.path()).open().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error
                .to_string()
                .contains("does not show the calling process")
        );
    }

    #[test]
    fn shifted_times_are_unknown_if_their_file_alone_is_missing() {
        let made = tempfile::tempdir().unwrap();
        let plain = || is_time_plain(&Proc::unchecked(made.path()).open().unwrap());
        assert_eq!(plain(), Some(true), "a kernel without time namespaces");
        std::fs::create_dir_all(made.path().join("self/ns")).unwrap();
        std::os::unix::fs::symlink("time:[1]", made.path().join("self/ns/time")).unwrap();
        assert_eq!(plain(), None);
        let offsets = made.path().join("self/timens_offsets");
        std::fs::write(&offsets, "monotonic 0 0\nboottime 0 0\n").unwrap();
        assert_eq!(plain(), Some(true));
        std::fs::write(&offsets, "monotonic 0 0\nboottime 5 0\n").unwrap();
        assert_eq!(plain(), Some(false));
    }

    #[test]
    fn our_own_procfs_shows_us() {
        let view = ProcessView::read(&Proc::default().open().unwrap()).unwrap();
        assert!(view.own_namespace.is_some() && view.last_pid.is_some());
    }
}
