//! Remembers where the command stands after it has entered another namespace.
//!
//! The namespaces belong to the whole process, and so does this.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use daemon_host::mountscan::{Proc, ProcRoot};

/// Where the host's root directory was seen before the host was entered.
static HOST: OnceLock<PathBuf> = OnceLock::new();

/// The process whose mount namespace was entered.
static PROCESS: OnceLock<u32> = OnceLock::new();

pub(super) fn set_host(root: PathBuf) {
    HOST.set(root).expect("the host is entered once");
}

pub(super) fn set_process(pid: u32) {
    PROCESS.set(pid).expect("a process is entered once");
}

/// The `--host-root` that was entered.
pub(crate) fn host_root() -> Option<&'static Path> {
    HOST.get().map(PathBuf::as_path)
}

/// Whether a process's mount namespace was entered.
pub(super) fn is_elsewhere() -> bool {
    PROCESS.get().is_some()
}

/// The arguments that lead here, for commands in an answer. It begins with a blank, or is empty.
pub(crate) fn flags() -> String {
    let host = host_root().map(|root| format!(" --host-root {}", root.display()));
    let process = PROCESS.get().map(|pid| format!(" --pid {pid}"));
    [host, process].into_iter().flatten().collect()
}

/// This process's number in `/proc`. That may be another one than getpid(2) gives, because procfs
/// may be of an outer pid namespace. `None` if procfs does not tell.
pub(crate) fn own_pid() -> Option<u32> {
    let proc = ProcRoot::open(&Proc::default()).ok()?;
    proc.own_pid().ok()
}

/// The path as the place has it. After `--host-root /host`, a path below `/host` is taken as one of
/// the host. In another namespace a relative path begins at its root.
pub(crate) fn as_here(path: &Path) -> PathBuf {
    if host_root().is_none() && !is_elsewhere() {
        return path.to_owned();
    }
    let below = host_root().and_then(|root| path.strip_prefix(root).ok());
    Path::new("/").join(below.unwrap_or(path))
}
