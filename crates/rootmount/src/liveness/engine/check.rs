//! Looks for an engine. It reads pid files, their processes, and the list of sockets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mountscan::{ErrorKind, Proc, ProcRoot};

use crate::bounded::read_regular;
use crate::error::in_words;
use crate::limit::{ANSWER_LIMIT, within};
use crate::liveness::engine::facts::{Clock, Process, open};
use crate::liveness::engine::pid_file::{Recorded, judge};
use crate::liveness::engine::sockets::listened;
use crate::liveness::engine::verdict::RunningEngine;
use crate::path_text::shown;

/// A pid file holds one number and an end of line.
const PID_FILE_LIMIT: u64 = 64;

/// Says whether an engine other than the caller runs with this exec root. One runs if the
/// process of a pid file lives, or if somebody listens on a socket. `proc` is the procfs to read,
/// such as the path `/proc`.
///
/// A running engine may start a container at any moment. So what looks dead may be a container
/// that is just being made. If something cannot be looked at within five seconds, or not at
/// all, the answer is [`RunningEngine::Unknown`]. So it is if `proc` is no procfs, if something
/// lies over a part of it, or if it belongs to a pid namespace that does not show the caller.
///
/// A pid file lies in the exec root, or beside it: `/run/docker` and `/run/docker.pid`. The
/// process that it names counts as the engine. It does not count if it started clearly after
/// the file was written: then it is another process with the same pid.
pub fn running_engine(exec_root: &Path, proc: impl Into<Proc>) -> RunningEngine {
    let (root, proc) = (exec_root.to_path_buf(), proc.into());
    let checked = within(ANSWER_LIMIT, move || match open(&proc) {
        // Both: an engine may write no pid file, and one that is starting may not listen yet.
        Ok(proc) => by_pid_files(&root, &proc).or(by_sockets(&root, &proc)),
        Err(error) => RunningEngine::Unknown {
            why: in_words(&error),
        },
    });
    checked.unwrap_or_else(|| RunningEngine::Unknown {
        why: format!("{} did not answer in 5 s", shown(exec_root)),
    })
}

fn by_pid_files(exec_root: &Path, proc: &ProcRoot) -> RunningEngine {
    let mut beside = exec_root.as_os_str().to_os_string();
    beside.push(".pid");
    let (inside, unread) = match pid_files_in(exec_root) {
        Ok(files) => (files, RunningEngine::No),
        Err(error) => (Vec::new(), cannot("readdir", exec_root, &error)),
    };
    let clock = Clock::read(proc);
    let files = inside.into_iter().chain([beside.into()]);
    files.fold(unread, |found, path| {
        found.or(by_pid_file(&path, proc, &clock))
    })
}

fn pid_files_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        // Neither is there a process that keeps a file there.
        Err(e) if is_gone(&e) => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let is_pid_file = |path: &PathBuf| path.extension().is_some_and(|e| e == "pid");
    paths
        .filter(|path| path.as_ref().map_or(true, is_pid_file))
        .collect()
}

fn by_pid_file(path: &Path, proc: &ProcRoot, clock: &Clock) -> RunningEngine {
    let content = match read_regular(path, PID_FILE_LIMIT) {
        Ok(content) => content,
        Err(e) if is_gone(&e) => return RunningEngine::No,
        Err(e) => return cannot("read", path, &e),
    };
    let text = String::from_utf8_lossy(&content.bytes);
    match text.trim().parse() {
        Ok(pid) if pid > 0 => {
            let written = content.written;
            let process = Process::look(proc, pid, clock);
            match judge(&Recorded { path, pid, written }, &process, clock) {
                RunningEngine::No if !clock.is_own => in_namespaces_below(path, proc, pid),
                judged => judged,
            }
        }
        _ => RunningEngine::Unknown {
            why: format!("{} does not hold a process id", shown(path)),
        },
    }
}

/// Decides about a pid that is not an engine's in this procfs. The procfs is not that of the
/// caller's own pid namespace, so the file may have been written in a namespace below.
fn in_namespaces_below(path: &Path, proc: &ProcRoot, pid: u32) -> RunningEngine {
    let nested = match proc.nested() {
        Ok(nested) => nested,
        Err(error) => {
            let why = in_words(&error);
            return RunningEngine::Unknown { why };
        }
    };
    let own = proc.own_pid().ok();
    let has_it = |(at, numbers): &&(u32, Vec<u32>)| Some(*at) != own && numbers.contains(&pid);
    match nested.iter().find(has_it) {
        None => RunningEngine::No,
        Some((at, _)) => RunningEngine::Unknown {
            why: format!(
                "pid {pid} ({}) may be pid {at}, in a pid namespace below",
                shown(path)
            ),
        },
    }
}

fn by_sockets(exec_root: &Path, proc: &ProcRoot) -> RunningEngine {
    // A procfs that shows processes alone has the list of each process's network namespace.
    let list = match proc.read("net/unix") {
        Err(e) if e.kind() == ErrorKind::NotFound => proc.read("thread-self/net/unix"),
        list => list,
    };
    match list {
        Ok(list) => match listened(&list, exec_root) {
            Some(path) => RunningEngine::Yes {
                by: format!("{} is listened on", shown(path)),
            },
            None => RunningEngine::No,
        },
        Err(error) => RunningEngine::Unknown {
            why: in_words(&error),
        },
    }
}

/// Whether the error means that there is no such file, and so no process that keeps one there.
fn is_gone(error: &io::Error) -> bool {
    let gone = [libc::ENOENT, libc::ENOTDIR];
    error
        .raw_os_error()
        .is_some_and(|errno| gone.contains(&errno))
}

fn cannot(call: &str, path: &Path, error: &io::Error) -> RunningEngine {
    RunningEngine::Unknown {
        why: format!("{call}({:?}): {error}", shown(path)),
    }
}

#[cfg(test)]
mod tests;
