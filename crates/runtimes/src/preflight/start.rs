//! The one question: can this program, or this shim, start here and now?

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::fault::PreflightFault;
use super::image;
use super::locate::{Search, locate_in};
use crate::answering::SlowMounts;

/// Finds a program, and checks that the kernel would run it: the file, its mount, its
/// format and machine, its interpreter.
///
/// The program is not run. What it would say itself is not known. Where a mount on the way may wait
/// for a server, a child process looks first. All looks together take five seconds at most.
///
/// # Errors
///
/// Why the program would not start, and which one is probably meant instead.
pub fn can_start(program: &Path, search_path: &OsStr) -> Result<PathBuf, PreflightFault> {
    let slow = SlowMounts::now();
    program_can_start(program, Search::new(search_path, &slow))
}

/// As [`can_start`].
pub(super) fn program_can_start(
    program: &Path,
    search: Search<'_>,
) -> Result<PathBuf, PreflightFault> {
    match locate_in(program, search) {
        Ok(path) => image::check(&path, search).map(|()| path),
        Err(why @ (PreflightFault::Missing | PreflightFault::NotInPath)) => {
            Err(slip(program, search).unwrap_or(why))
        }
        Err(why @ PreflightFault::Relative) => Err(slip(program, search).unwrap_or(why)),
        Err(why) => Err(why),
    }
}

/// Finds the program of a containerd shim, by its type or its path.
///
/// # Errors
///
/// The reason why it would not start.
pub(super) fn shim_can_start(shim: &str, search: Search<'_>) -> Result<PathBuf, PreflightFault> {
    if shim.starts_with('/') {
        return program_can_start(Path::new(shim), search);
    }
    // containerd's rule: of "io.containerd.kata.v2" the last two words count.
    let mut words = shim.rsplit('.');
    let (Some(version), Some(name)) = (words.next(), words.next()) else {
        return Err(PreflightFault::NoShim {
            program: shim.to_owned(),
        });
    };
    let program = format!("containerd-shim-{name}-{version}");
    program_can_start(Path::new(&program), search).map_err(|why| match why {
        PreflightFault::NotInPath => PreflightFault::NoShim { program },
        why => why,
    })
}

/// What was probably meant by a path that leads nowhere.
fn slip(program: &Path, search: Search<'_>) -> Option<PreflightFault> {
    let bytes = program.as_os_str().as_bytes();
    let leads = |bytes: &[u8]| {
        let path = PathBuf::from(OsString::from(OsStr::from_bytes(bytes)));
        match path.is_absolute() {
            true => search.executable(&path).is_ok(),
            false => locate_in(&path, search).is_ok(),
        }
    };
    let trimmed = bytes.trim_ascii();
    if trimmed.len() < bytes.len() && leads(trimmed) {
        return Some(match bytes.starts_with(&trimmed[..1]) {
            true => PreflightFault::TrailingBlank,
            false => PreflightFault::LeadingBlank,
        });
    }
    if bytes.starts_with(b"~") {
        return Some(PreflightFault::Tilde);
    }
    let mut words = trimmed.split(u8::is_ascii_whitespace);
    let first = words.next().filter(|first| !first.is_empty())?;
    (words.next().is_some() && leads(first)).then_some(PreflightFault::GluedArguments)
}
