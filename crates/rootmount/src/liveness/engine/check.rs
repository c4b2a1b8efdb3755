//! Looks for an engine. It reads pid files, their processes, and the list of sockets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::bounded::read_regular;
use crate::limit::{ANSWER_LIMIT, within};
use crate::liveness::engine::facts::{Clock, Process, is_gone};
use crate::liveness::engine::pid_file::{Recorded, judge};
use crate::liveness::engine::sockets::listened;
use crate::liveness::engine::verdict::RunningEngine;
use crate::path_text::shown;

/// A pid file holds one number and an end of line.
const PID_FILE_LIMIT: u64 = 64;
/// A hundred thousand sockets take ten megabytes.
const SOCKETS_LIMIT: u64 = 256 << 20;

/// Says whether an engine other than the caller runs with this exec root. One runs if the
/// process of a pid file lives, or if somebody listens on a socket. `proc` is where procfs is
/// mounted.
///
/// A running engine may start a container at any moment. So what looks dead may be a container
/// that is just being made. If something cannot be looked at within five seconds, or not at
/// all, the answer is [`RunningEngine::Unknown`].
///
/// A pid file lies in the exec root, or beside it: `/run/docker` and `/run/docker.pid`. The
/// process that it names counts as the engine. It does not count if it started clearly after
/// the file was written: then it is another process with the same pid.
pub fn running_engine(exec_root: &Path, proc: &Path) -> RunningEngine {
    let (root, procfs) = (exec_root.to_path_buf(), proc.to_path_buf());
    let checked = within(ANSWER_LIMIT, move || {
        // Both: an engine may write no pid file, and one that is starting may not listen yet.
        by_pid_files(&root, &procfs).or(by_sockets(&root, &procfs))
    });
    checked.unwrap_or_else(|| RunningEngine::Unknown {
        why: format!("{} did not answer in 5 s", shown(exec_root)),
    })
}

fn by_pid_files(exec_root: &Path, proc: &Path) -> RunningEngine {
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

fn by_pid_file(path: &Path, proc: &Path, clock: &Clock) -> RunningEngine {
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
            judge(&Recorded { path, pid, written }, &process, clock)
        }
        _ => RunningEngine::Unknown {
            why: format!("{} does not hold a process id", shown(path)),
        },
    }
}

fn by_sockets(exec_root: &Path, proc: &Path) -> RunningEngine {
    // A procfs that shows processes alone has the list of each process's network namespace.
    let read = |name: &str| read_regular(&proc.join(name), SOCKETS_LIMIT);
    let list = match read("net/unix") {
        Err(e) if is_gone(&e) => read("thread-self/net/unix"),
        list => list,
    };
    match list {
        Ok(list) => match listened(&list.bytes, exec_root) {
            Some(path) => RunningEngine::Yes {
                by: format!("{} is listened on", shown(path)),
            },
            None => RunningEngine::No,
        },
        Err(error) => cannot("read", &proc.join("net/unix"), &error),
    }
}

fn cannot(call: &str, path: &Path, error: &io::Error) -> RunningEngine {
    RunningEngine::Unknown {
        why: format!("{call}({:?}): {error}", shown(path)),
    }
}

#[cfg(test)]
mod tests;
