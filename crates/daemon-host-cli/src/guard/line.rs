//! Two pipes between the processes: one lets the worker begin, one tells how its work ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::unistd::{close, pipe2};

/// The ends of the process that waits.
pub(super) struct Line {
    begin: File,
    code: File,
}

/// The ends of the worker, before it runs. They stay open when a program is started.
pub(super) struct Ends {
    begin: OwnedFd,
    code: OwnedFd,
}

/// The end by which the worker tells its exit code.
pub(crate) struct Told(File);

pub(super) fn open() -> io::Result<(Line, Ends)> {
    let flags = OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let (begins, begin) = pipe2(flags)?;
    let (code, tells) = pipe2(flags)?;
    for end in [&begins, &tells] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::empty()))?;
    }
    let line = Line {
        begin: begin.into(),
        code: code.into(),
    };
    let ends = Ends {
        begin: begins,
        code: tells,
    };
    Ok((line, ends))
}

impl Line {
    /// Lets the worker begin.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.begin.write_all(b"!")
    }

    /// The exit code, if the worker has told it. That is the last thing that it does.
    pub(super) fn code(&mut self) -> Option<u8> {
        let mut code = [0];
        self.code.read_exact(&mut code).ok().map(|()| code[0])
    }
}

impl Ends {
    /// Names them for the worker.
    pub(super) fn name(&self) -> String {
        format!("{},{}", self.begin.as_raw_fd(), self.code.as_raw_fd())
    }
}

impl Told {
    /// Opens the ends that are so named, and waits until the worker is to begin. Nothing may be
    /// done if this fails: the process that waits is gone.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        let (begin, code) = name.split_once(',').ok_or(io::ErrorKind::InvalidInput)?;
        // Opened anew they wait, and no program gets them that the worker starts.
        let mut begin_file = File::open(path(begin))?;
        let told = OpenOptions::new().write(true).open(path(code))?;
        for number in [begin, code] {
            let number: i32 = number.parse().map_err(io::Error::other)?;
            close(number)?;
        }
        begin_file.read_exact(&mut [0])?;
        Ok(Self(told))
    }

    /// The descriptor by which the code is told.
    pub(super) fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Tells the exit code.
    pub(crate) fn tell(mut self, code: u8) {
        // If it fails, the other process is gone.
        let _ = self.0.write_all(&[code]);
    }
}

fn path(number: &str) -> String {
    format!("/proc/self/fd/{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_begins_when_it_may_and_tells_its_code() {
        let (mut line, ends) = open().unwrap();
        line.begin().unwrap();
        assert_eq!(line.code(), None);
        // `open` closes what it was given.
        let name = ends.name();
        std::mem::forget(ends);
        let told = Told::open(&name).unwrap();
        assert_eq!(line.code(), None);
        told.tell(1);
        assert_eq!(line.code(), Some(1));
        assert_eq!(line.code(), None);
    }

    #[test]
    fn a_worker_that_is_alone_does_not_begin() {
        let (line, ends) = open().unwrap();
        drop(line);
        let name = ends.name();
        std::mem::forget(ends);
        assert!(Told::open(&name).is_err());
        assert!(Told::open("x").is_err());
    }
}
