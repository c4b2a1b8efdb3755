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
use crate::sys::spawn_unmasked;

/// How long a file system may take to answer. A local disk answers in milliseconds.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// The longest pause between two looks at the child.
const TICK: Duration = Duration::from_millis(20);

/// Looks at the kind, the rights and the first bytes of the file `$1`.
///
/// A second process waits for the end of its input, which this process holds. So a look that can
/// be ended does not outlive this process, in whatever way that ends.
const LOOK: &str = r#"exec 3<&0 </dev/null
{ read -r line <&3; kill -s KILL -- -$$; } &
exec 3<&-
[ -f "$1" ] && [ -x "$1" ] && head -c 512 "$1"
kill -s KILL $!"#;

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
        if answer != Some(true) {
            return answer;
        }
        // It came back long after it was given up. Nobody knows about now.
        open.remove(path);
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
            _ => Some(true),
        }
    }
}

/// The child has nothing of this process: no directory, no output, no terminal's group.
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
    spawn_unmasked(&mut shell)
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
