//! The child that looks at mounts, and that may hang while it does.
//!
//! It reads paths from standard input, each with a NUL at its end. It answers each with a line.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use nix::sys::statfs::statfs;

use crate::exit::Exit;

/// The first argument of the child. It is no subcommand: nobody calls it by hand.
pub(crate) const PROBER: &str = "__probe-mounts";

pub(crate) fn run() -> Exit {
    match answer_all() {
        Ok(()) => Exit::Fine,
        Err(_) => Exit::Failure,
    }
}

/// Answers until no path is left, or until nobody reads any more.
fn answer_all() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut path = Vec::new();
    while input.read_until(0, &mut path)? > 0 {
        if path.last() == Some(&0) {
            path.pop();
        }
        let line = match look(Path::new(std::ffi::OsStr::from_bytes(&path))) {
            Ok(()) => "0".to_owned(),
            // A number and no text: the parent decides which errors mean that a server is gone.
            Err(error) => error.raw_os_error().unwrap_or(-1).to_string(),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        // The parent counts the seconds until this line comes.
        out.flush()?;
        path.clear();
    }
    Ok(())
}

/// Asks for the root of the mount, and for the file system. No cache answers the second question.
fn look(path: &Path) -> io::Result<()> {
    fs::symlink_metadata(path)?;
    statfs(path)?;
    Ok(())
}
