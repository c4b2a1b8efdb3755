//! Goes through the directories of states and bundles.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::judge::{Facts, judge};
use super::options::{StatesOptions, with_remapped};
use super::process::Machine;
use super::record::{self, Record};
use super::state::{ContainerState, Life, StateSource, States};
use super::{bundle, cgroup};
use crate::bounded::read_bounded;

/// The most bytes that are read of a state. It holds the whole specification of its container.
const MAX_STATE: u64 = 16 << 20;

/// Looks at every container whose state is in one of the directories.
///
/// It never fails. The answer lists what could not be read. A container is [`Life::Unknown`] if
/// neither life nor death is proved.
///
/// It reads states, bundles, procfs and cgroup files. It connects for a moment to the socket of a
/// shim that has not started a process. It touches no mount of a container.
///
/// # References
///
/// `proc_pid_stat(5)`, `cgroups(7)`, `pid_namespaces(7)`, `time_namespaces(7)`.
pub fn containers(options: &StatesOptions) -> States {
    let mut scan = Scan {
        options,
        machine: Machine::open(&options.proc),
        states: States::default(),
    };
    for dir in scan.all(&options.state_dirs) {
        scan.states.primary |= scan.directory(&dir, Scan::state);
    }
    for dir in scan.all(&options.bundle_dirs) {
        scan.states.primary |= scan.directory(&dir, Scan::bundle);
    }
    for dir in scan.all(&options.further_dirs) {
        scan.directory(&dir, Scan::state);
    }
    scan.states
}

struct Scan<'a> {
    options: &'a StatesOptions,
    machine: Machine,
    states: States,
}

impl Scan<'_> {
    /// These directories, and those of daemons with remapped users.
    fn all(&mut self, dirs: &[PathBuf]) -> Vec<PathBuf> {
        with_remapped(dirs).unwrap_or_else(|(dir, error)| {
            self.states.unread.push((dir, error.to_string()));
            dirs.to_vec()
        })
    }

    /// Reads a directory. The answer is whether it was read to the end.
    fn directory(&mut self, dir: &Path, look: fn(&mut Self, &DirEntry)) -> bool {
        let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        match entries {
            Ok(entries) => {
                entries.iter().for_each(|entry| look(self, entry));
                self.states.looked.push(dir.to_owned());
                true
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.states.missing.push(dir.to_owned());
                false
            }
            Err(error) => {
                let unread = (dir.to_owned(), error.to_string());
                self.states.unread.push(unread);
                false
            }
        }
    }

    /// Notes a container. `bundle` is the path of its bundle, if that is known.
    fn found(
        &mut self,
        id: &str,
        source: StateSource,
        path: PathBuf,
        bundle: Option<&Path>,
        life: Life,
    ) {
        self.states.found.push(ContainerState {
            id: id.to_owned(),
            namespace: bundle.and_then(bundle::namespace_of),
            source,
            path,
            life,
        });
    }

    /// Whether an entry is a directory. `None` if it is gone, or if that cannot be told, which is
    /// noted.
    fn is_dir(&mut self, entry: &DirEntry) -> Option<bool> {
        match entry.file_type() {
            Ok(kind) => Some(kind.is_dir()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                self.states.unread.push((entry.path(), error.to_string()));
                None
            }
        }
    }

    /// Looks at one entry of a directory of states.
    fn state(&mut self, entry: &DirEntry) {
        let path = entry.path();
        let name = entry.file_name().into_string().ok();
        let Some(is_dir) = self.is_dir(entry) else {
            return;
        };
        match name.as_deref() {
            Some(id) if is_dir && is_id(id) => self.runtime_state(id, &path),
            Some(name) if !is_dir => match runsc_id(name) {
                Some(Companion::State(id)) => self.runsc_state(id, path),
                Some(Companion::Other) => {}
                None => self.states.skipped.push(path),
            },
            _ => self.states.skipped.push(path),
        }
    }

    /// Looks at the directory `<id>/` of runc, crun or youki.
    fn runtime_state(&mut self, id: &str, dir: &Path) {
        let read = |name: &str| read_bounded(&dir.join(name), MAX_STATE);
        let parsed = match read("state.json") {
            Ok(text) => record::of_directory(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => match read("status") {
                Ok(text) => record::of_crun(&text).map(|record| (StateSource::Crun, record)),
                // The container was deleted while this looked.
                Err(_) if is_gone(dir) => return,
                Err(error) => return self.unclear(id, dir, &error.to_string()),
            },
            Err(error) => return self.unclear(id, dir, &error.to_string()),
        };
        let Some((source, mut record)) = parsed else {
            return self.unclear(id, dir, "its state has a form that is not known");
        };
        if source == StateSource::Youki {
            let config = "youki_config.json";
            record.take_youki(&dir.join(config), read(config));
        }
        self.recorded(id, source, dir.to_owned(), &record, None);
    }

    fn runsc_state(&mut self, id: &str, file: PathBuf) {
        match read_bounded(&file, MAX_STATE) {
            Ok(text) => match record::of_runsc(&text) {
                Some(record) => self.recorded(id, StateSource::Runsc, file, &record, None),
                None => self.unclear(id, &file, "its state has a form that is not known"),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.unclear(id, &file, &error.to_string()),
        }
    }

    /// Looks at one entry of a directory of bundles.
    fn bundle(&mut self, entry: &DirEntry) {
        let path = entry.path();
        let name = entry.file_name().into_string().ok();
        let Some(is_dir) = self.is_dir(entry) else {
            return;
        };
        let Some(id) = name.filter(|id| is_dir && is_id(id)) else {
            return self.states.skipped.push(path);
        };
        match bundle::read(&path) {
            Ok(read) => {
                let source = StateSource::Bundle;
                self.recorded(&id, source, path, &read.record, Some(read.is_here));
            }
            Err(_) if is_gone(&path) => {}
            Err(life) => {
                self.found(&id, StateSource::Bundle, path.clone(), Some(&path), life);
            }
        }
    }

    fn recorded(
        &mut self,
        id: &str,
        source: StateSource,
        path: PathBuf,
        record: &Record,
        is_bundle_here: Option<bool>,
    ) {
        let seen = record.processes.iter();
        let seen = seen.map(|known| self.machine.look(known.pid));
        let by_path = || record.bundle.as_ref().is_some_and(|path| path.exists());
        let view = self.machine.view();
        let facts = Facts {
            id,
            view,
            seen: seen.collect(),
            group: cgroup::look(&self.options.cgroup, &record.cgroups, view.has_own_groups),
            is_bundle_here: is_bundle_here.unwrap_or_else(by_path),
        };
        let life = judge(record, &facts);
        self.found(id, source, path, record.bundle.as_deref(), life);
    }

    fn unclear(&mut self, id: &str, path: &Path, why: &str) {
        let life = Life::Unknown {
            why: why.to_owned(),
        };
        self.found(id, StateSource::Unclear, path.to_owned(), None, life);
    }
}

/// Whether nothing is at a path any more. What cannot be looked at may well be there.
fn is_gone(path: &Path) -> bool {
    let seen = path.symlink_metadata();
    seen.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Whether a name can be a container's id. Every engine and runtime wants a letter or a digit
/// first. Then letters, digits, `_`, `.`, `+` and `-` may follow.
fn is_id(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte);
    name.as_bytes()
        .first()
        .is_some_and(u8::is_ascii_alphanumeric)
        && name.bytes().all(is_inner)
}

/// A file that gVisor keeps in the directory of states.
enum Companion<'a> {
    State(&'a str),
    /// A lock, or a socket.
    Other,
}

/// Says what a file of gVisor is, by its name. `None` means that the name is not one of gVisor's.
fn runsc_id(name: &str) -> Option<Companion<'_>> {
    if name
        .strip_suffix(".sock")
        .is_some_and(|stem| stem.starts_with("runsc-"))
    {
        return Some(Companion::Other);
    }
    let (stem, kind) = name.rsplit_once('.')?;
    let (sandbox, rest) = stem.split_once("_sandbox:")?;
    let id = rest.strip_prefix("pod_").unwrap_or(rest);
    match kind {
        "state" if is_id(id) && !sandbox.is_empty() => Some(Companion::State(id)),
        "lock" => Some(Companion::Other),
        _ => None,
    }
}
