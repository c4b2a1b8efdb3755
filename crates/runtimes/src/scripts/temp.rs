//! Temporary names in the script directory, and files written under them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod};

use super::calls::{MODE, remove, retry};
use super::lock::DirLock;
use super::script::SHELL;
use crate::error::Error;
use crate::unmasked::spawn_unmasked;

/// How every temporary name begins; no script's does.
pub(crate) const PREFIX: &str = ".tmp-";

/// How many names are tried. A name that is taken was left by a crash.
const TRIES: u32 = 1000;

/// The number of the next temporary name in this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A temporary name of this process. Dropping it removes the file.
pub(crate) struct TempName<'a> {
    dir: BorrowedFd<'a>,
    name: String,
}

impl<'a> TempName<'a> {
    /// Finds a free name by making the file. `make` must refuse a name that is taken.
    pub(crate) fn claim(
        dir: BorrowedFd<'a>,
        path: &Path,
        mut make: impl FnMut(&str) -> nix::Result<()>,
    ) -> Result<Self, Error> {
        for _ in 0..TRIES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{PREFIX}{}-{number}", std::process::id());
            match make(&name) {
                Ok(()) => return Ok(Self { dir, name }),
                Err(Errno::EEXIST | Errno::EINTR) => {}
                Err(errno) => return Err(Error::io("create", &path.join(name), errno)),
            }
        }
        Err(Error::io("create", &path.join(PREFIX), Errno::EEXIST))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says that the name no longer exists, because the file was renamed.
    pub(crate) fn forget(mut self) {
        self.name.clear();
    }
}

impl Drop for TempName<'_> {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            // What stays is removed by the next sweep.
            let _ = remove(self.dir, &self.name);
        }
    }
}

/// Writes a whole, durable file under a temporary name.
pub(crate) fn by_us<'a>(
    dir: BorrowedFd<'a>,
    path: &Path,
    text: &[u8],
) -> Result<TempName<'a>, Error> {
    // O_EXCL follows no symlink and never opens a file that is there already.
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let mut file = None;
    let temp = TempName::claim(dir, path, |name| {
        file = Some(File::from(openat(dir, name, flags, MODE)?));
        Ok(())
    })?;
    let mut file = file.expect("a claimed name has its file");
    let error = |call, source| Error::io(call, &path.join(temp.name()), source);
    file.write_all(text)
        .map_err(|source| error("write", source))?;
    finish(&file, path, &temp)?;
    Ok(temp)
}

/// As [`by_us`], but a shell has the file open for writing, never this process.
///
/// The shell holds the directory's lock. If this process dies, no sweep runs before the shell has
/// ended, too. The next sweep removes what the shell leaves.
pub(crate) fn by_shell<'a>(
    dir: BorrowedFd<'a>,
    lock: &DirLock,
    path: &Path,
    text: &[u8],
) -> Result<TempName<'a>, Error> {
    /// One argument may have 128 KiB, all together 2 MiB with the environment.
    const WORD: usize = 64 << 10;
    const WORDS: usize = 8;
    // This process opens the file for reading only: a fork can copy no descriptor for writing.
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let mut file = None;
    let temp = TempName::claim(dir, path, |name| {
        // The shell has to open it for writing. `finish` takes that right away again.
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        file = Some(File::from(openat(dir, name, flags, mode)?));
        Ok(())
    })?;
    let file = file.expect("a claimed name has its file");
    let words: Vec<&OsStr> = text.chunks(WORD).map(OsStr::from_bytes).collect();
    let target = path.join(temp.name());
    for words in words.chunks(WORDS) {
        append(&target, lock, words)
            .map_err(|source| Error::io("write by shell", &target, source))?;
    }
    finish(&file, path, &temp)?;
    Ok(temp)
}

fn append(target: &Path, lock: &DirLock, words: &[&OsStr]) -> io::Result<()> {
    let mut shell = Command::new(SHELL);
    shell
        // Appended, because a long text comes in several calls.
        .args(["-c", r#"f=$1; shift; printf %s "$@" >>"$f""#, "sh"])
        .arg(target)
        .args(words);
    shell
        .stdin(lock.handed_on()?)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = spawn_unmasked(&mut shell)?;
    let mut complaint = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // This is only for the message. The exit status says whether it worked.
        let _ = stderr.take(4096).read_to_end(&mut complaint);
    }
    let status = child.wait()?;
    if status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&complaint);
    Err(io::Error::other(format!("{status}: {}", complaint.trim())))
}

fn finish(file: &File, path: &Path, temp: &TempName<'_>) -> Result<(), Error> {
    let error = |call, source: io::Error| Error::io(call, &path.join(temp.name()), source);
    // The umask may have taken bits away when the file was made.
    retry(|| fchmod(file, MODE)).map_err(|errno| error("fchmod", errno.into()))?;
    file.sync_all().map_err(|source| error("fsync", source))
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::PermissionsExt;
    use std::thread;
    use std::time::Duration;

    use nix::sys::signal::{SigSet, Signal};

    use super::*;
    use crate::scripts::lock::LOCK_FILE;

    #[test]
    fn both_ways_write_the_same_file() {
        let temp = tempfile::tempdir().unwrap();
        let dir = OwnedFd::from(File::open(temp.path()).unwrap());
        let lock = DirLock::share(&dir, temp.path()).unwrap();
        let mut text: Vec<u8> = (1..=255).cycle().take(700_000).collect();
        text.push(b'\n');
        let ways = [
            by_us(dir.as_fd(), temp.path(), &text),
            by_shell(dir.as_fd(), &lock, temp.path(), &text),
        ];
        for written in ways {
            let written = written.unwrap();
            let file = temp.path().join(written.name());
            assert!(std::fs::read(&file).unwrap() == text);
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o500);
            drop(written);
            assert!(!file.exists());
        }
    }

    /// The state of a process that has the file as its standard input, as procfs tells it.
    fn user_of(file: &Path) -> Option<String> {
        let mut processes = Path::new("/proc").read_dir().unwrap().flatten();
        processes.find_map(|entry| {
            let input = entry.path().join("fd/0").read_link().ok()?;
            let status = || std::fs::read_to_string(entry.path().join("status"));
            (input == file).then(status)?.ok()
        })
    }

    #[test]
    fn a_shell_that_writes_is_a_user_of_the_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = OwnedFd::from(File::open(temp.path()).unwrap());
        let lock = DirLock::share(&dir, temp.path()).unwrap();
        let fifo = temp.path().join("fifo");
        nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
        let lock_file = temp.path().join(LOCK_FILE).canonicalize().unwrap();
        thread::scope(|scope| {
            // The shell waits at the pipe until it has a reader.
            let writer = scope.spawn(|| {
                // As in all threads but one of a daemon. The standard library has a handler for it.
                SigSet::from(Signal::SIGBUS).thread_block().unwrap();
                append(&fifo, &lock, &[OsStr::new("word")])
            });
            let user = (0..1000).find_map(|_| {
                thread::sleep(Duration::from_millis(5));
                user_of(&lock_file)
            });
            assert_eq!(std::fs::read(&fifo).unwrap(), b"word");
            writer.join().unwrap().unwrap();
            let user = user.expect("a shell held the lock");
            assert!(user.contains("\nSigBlk:\t0000000000000000\n"), "{user}");
        });
    }
}
