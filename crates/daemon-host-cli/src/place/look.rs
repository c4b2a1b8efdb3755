//! Reads what tells whether this is a host or a container.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use daemon_host::mountscan::{MountTable, Proc, ProcRoot};
use nix::sys::utsname::uname;

use super::ground::{host_root, is_elsewhere};
use super::surroundings::{Seen, Surroundings};

/// The pid namespace that the kernel makes at boot always has this name.
const FIRST_PIDS: &str = "pid:[4026531836]";
/// Files that engines make in their containers.
const FILES: [&str; 3] = [
    "/run/.containerenv",
    "/run/systemd/container",
    "/.dockerenv",
];
/// How many processes above this one are looked at.
const ABOVE: usize = 64;

/// What the command is surrounded by. Once it has entered the host, it stands on the host.
pub(crate) fn surroundings() -> Surroundings {
    if host_root().is_some() {
        return Surroundings::default();
    }
    Surroundings::of(&look(ProcRoot::open(&Proc::default()).ok().as_ref()))
}

/// What cannot be read, or is covered by something else, says nothing.
fn look(proc: Option<&ProcRoot>) -> Seen {
    let link = |name: &str| proc.and_then(|proc| proc.link(name).ok());
    let version = uname().map(|names| names.version().to_string_lossy().into_owned());
    // An emulator forges its own answer for /proc/self, and not for the thread.
    let program = link("thread-self/exe");
    let program = program.as_deref().and_then(Path::file_name);
    let is_first_pids = link("self/ns/pid").map(|pids| pids == Path::new(FIRST_PIDS));
    let file = FILES.into_iter().find(|file| Path::new(file).exists());
    let variable = std::env::var_os("container");
    Seen {
        version: version.unwrap_or_default(),
        program: program.map(|name| name.to_string_lossy().into_owned()),
        is_first_pids,
        named: match (variable, file) {
            (Some(value), _) => Some(format!("container={}", value.to_string_lossy())),
            (None, file) => file.map(|file| format!("{file} is there")),
        },
        // The table may be long, and says nothing in the first pid namespace.
        root: (is_first_pids == Some(false)).then(root).flatten(),
        // Whoever has entered another namespace has another root directory.
        outside: proc.filter(|_| !is_elsewhere()).and_then(outside),
    }
}

/// The file system of the mount at `/`, and whether the mount shows all of it.
fn root() -> Option<(String, bool)> {
    let table = MountTable::current().ok()?;
    let row = table.topmost(Path::new("/"))?;
    let is_whole = *row.root() == *Path::new("/");
    Some((row.fs_type().to_string_lossy().into_owned(), is_whole))
}

/// The process above this one whose root directory is another one. A process that cannot be looked
/// into says nothing.
fn outside(proc: &ProcRoot) -> Option<u32> {
    let own = fs::metadata("/").ok()?;
    let is_other = |pid: &u32| {
        let there = proc.path_through(format!("{pid}/root"));
        let there = there.ok().and_then(|path| fs::metadata(path).ok());
        there.is_some_and(|there| (there.dev(), there.ino()) != (own.dev(), own.ino()))
    };
    let mut above = vec![1];
    let mut next = parent(proc, "self");
    while let Some(pid) = next.filter(|pid| *pid > 1 && above.len() < ABOVE) {
        above.push(pid);
        next = parent(proc, &pid.to_string());
    }
    above.into_iter().find(is_other)
}

fn parent(proc: &ProcRoot, process: &str) -> Option<u32> {
    let status = proc.read(format!("{process}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}
