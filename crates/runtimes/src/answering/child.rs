//! A child process that looks at a file, and that may never come back.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::scripts::SHELL;
use crate::sys::spawn_apart;

/// How long a file system may take to answer. A local disk answers in milliseconds.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// The longest pause between two looks at the child.
const TICK: Duration = Duration::from_millis(20);

/// Looks at the kind, the rights and the first bytes of the file `$1`. The code says how it ended.
///
/// A second process waits for the end of its input, which this process holds. So a look that can
/// be ended does not outlive this process, in whatever way that ends. It is waited for: a daemon
/// that is the first process of its container would get a zombie of each look.
const LOOK: &str = r#"exec 3<&0 </dev/null
{ read -r line <&3; kill -s KILL -- -$$; } &
exec 3<&-
[ -f "$1" ] && [ -x "$1" ] && head -c 512 "$1"
came=$?
kill -s KILL $!
wait $!
exit $came"#;

/// From this exit code on, a shell tells that a signal ended a program.
const SIGNALLED: i32 = 128;

/// A look that has begun.
#[derive(Debug)]
struct Look {
    child: Child,
    since: Instant,
}

/// The looks that have not come back, by path. There is one for each path at most, however often
/// it is asked about.
static OPEN: Mutex<BTreeMap<OsString, Look>> = Mutex::new(BTreeMap::new());

/// Whether a child that looks at this path comes back within the limit. Waits no longer.
pub(super) fn answers(path: &Path, limit: Duration) -> bool {
    let path = path.as_os_str();
    let end = Instant::now().checked_add(limit);
    let mut pause = Duration::from_micros(200);
    let mut turn = first_turn(path);
    loop {
        if let Some(answer) = turn {
            return answer;
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            return false;
        }
        thread::sleep(pause);
        pause = TICK.min(pause * 2);
        turn = next_turn(path);
    }
}

/// Begins a look, unless one is open already.
fn first_turn(path: &OsStr) -> Option<bool> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(look) = open.get_mut(path) {
        let answer = look.answer();
        if !look.has_ended() {
            return answer;
        }
        // It came back long after it was given up, or was killed. Nobody knows about now. It stays
        // until there is another: who waits for it takes a look that is gone for an answer.
    }
    match start(path) {
        Ok(child) => {
            let since = Instant::now();
            open.insert(path.to_owned(), Look { child, since });
            None
        }
        // Without a shell nobody can look before. The caller has a limit of its own.
        Err(error) => Some(error.kind() == io::ErrorKind::NotFound),
    }
}

fn next_turn(path: &OsStr) -> Option<bool> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Another thread that asked about the same path has seen the answer.
    let Some(look) = open.get_mut(path) else {
        return Some(true);
    };
    let answer = look.answer();
    if answer == Some(true) {
        open.remove(path);
    }
    answer
}

impl Look {
    /// `None` as long as the look may still come back in time.
    fn answer(&mut self) -> Option<bool> {
        match self.child.try_wait() {
            Ok(None) => (self.since.elapsed() >= LIMIT).then_some(false),
            // Whoever was killed has not seen the file. The system may have been out of memory.
            Ok(Some(status)) => Some(status.code().is_some_and(|code| code < SIGNALLED)),
            // The caller ignores SIGCHLD, and the kernel tells only that it has ended.
            Err(_) => Some(true),
        }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

/// The child has nothing of this process: no directory, no output, no terminal's group, and no
/// descriptor.
fn start(path: &OsStr) -> io::Result<Child> {
    let mut shell = Command::new(SHELL);
    shell.args(["-c", LOOK, "sh"]).arg(path);
    shell
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    shell.current_dir("/").process_group(0);
    shell
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    spawn_apart(&mut shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_all_kinds_answer() {
        let temp = tempfile::tempdir().unwrap();
        let fifo = temp.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let own = std::env::current_exe().unwrap();
        let begin = Instant::now();
        for path in [
            Path::new(SHELL),
            &own,
            &fifo,
            temp.path(),
            Path::new("/nope"),
        ] {
            assert!(answers(path, LIMIT), "{path:?}");
        }
        assert!(begin.elapsed() < LIMIT, "{:?}", begin.elapsed());
        let open = OPEN.lock().unwrap();
        assert!(!open.contains_key(own.as_os_str()));
    }

    fn open_look(path: &OsStr, script: &str) {
        let mut child = Command::new(SHELL);
        let child = child.args(["-c", script]).stdin(Stdio::piped()).spawn();
        let (child, since) = (child.unwrap(), Instant::now());
        let look = Look { child, since };
        OPEN.lock().unwrap().insert(path.to_owned(), look);
    }

    /// The shell, or the program that it started, was killed.
    #[test]
    fn a_look_that_was_killed_is_no_answer() {
        for (path, script) in [("/nope/1", "kill -s KILL $$"), ("/nope/2", "exit 137")] {
            open_look(path.as_ref(), script);
            let ended = || {
                OPEN.lock()
                    .unwrap()
                    .get_mut(OsStr::new(path))
                    .unwrap()
                    .has_ended()
            };
            while !ended() {
                thread::sleep(TICK);
            }
            // Whoever waits for it, however many they are.
            assert_eq!(next_turn(path.as_ref()), Some(false), "{script}");
            assert_eq!(next_turn(path.as_ref()), Some(false), "{script}");
            // Whoever asks again gets another look.
            assert!(answers(Path::new(path), LIMIT), "{script}");
        }
    }

    /// Set where a copy of this program runs the test below alone.
    const ALONE: &str = "RUNTIMES_TEST_LOOK_ALONE";

    #[test]
    fn a_look_leaves_nobody_behind() {
        if std::env::var_os(ALONE).is_none() {
            let name = "answering::child::tests::a_look_leaves_nobody_behind";
            let mut copy = Command::new(std::env::current_exe().unwrap());
            copy.args(["--exact", name]).env(ALONE, "1");
            let output = copy.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && text.contains("1 passed"),
                "{text}"
            );
            return;
        }
        nix::sys::prctl::set_child_subreaper(true).unwrap();
        for _ in 0..20 {
            let mut child = start(OsStr::new(SHELL)).unwrap();
            // A wait closes its input first, and that kills it.
            let status = loop {
                match child.try_wait().unwrap() {
                    Some(status) => break status,
                    None => thread::sleep(Duration::from_millis(1)),
                }
            };
            assert_eq!(status.code(), Some(0));
            // Whatever it had left would be a child of this process now.
            let left = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
            assert_eq!(left, Err(nix::errno::Errno::ECHILD));
        }
    }

    #[test]
    fn a_look_that_does_not_come_back_is_the_only_one_of_its_path() {
        let mut child = Command::new(SHELL);
        child.args(["-c", "read -r line"]).stdin(Stdio::piped());
        let child = child.spawn().unwrap();
        let pid = child.id();
        let path = OsStr::new("/a/path/of/this/test");
        let since = Instant::now().checked_sub(LIMIT).unwrap();
        OPEN.lock()
            .unwrap()
            .insert(path.to_owned(), Look { child, since });
        for _ in 0..3 {
            let begin = Instant::now();
            assert!(!answers(Path::new(path), LIMIT));
            assert!(begin.elapsed() < LIMIT / 2);
            assert_eq!(OPEN.lock().unwrap()[path].child.id(), pid);
        }
        // Its answer comes: from then on the path is looked at anew.
        drop(
            OPEN.lock()
                .unwrap()
                .get_mut(path)
                .unwrap()
                .child
                .stdin
                .take(),
        );
        let begin = Instant::now();
        while !answers(Path::new(path), LIMIT) {
            assert!(begin.elapsed() < LIMIT * 4);
            thread::sleep(TICK);
        }
        assert!(!OPEN.lock().unwrap().contains_key(path));
    }
}
