//! The one question: can this program, or this shim, start here and now?

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::fault::PreflightFault;
use super::image;
use super::locate::{executable, locate};

/// Finds a program, and checks that the kernel would run it: the file, its mount, its
/// format and machine, its interpreter.
///
/// Nothing is run. What the program itself would say is not known.
///
/// # Errors
///
/// Why the program would not start, and which one is probably meant instead.
pub fn can_start(program: &Path, search_path: &OsStr) -> Result<PathBuf, PreflightFault> {
    match locate(program, search_path) {
        Ok(path) => image::check(&path, search_path).map(|()| path),
        Err(why @ (PreflightFault::Missing | PreflightFault::NotInPath)) => {
            Err(slip(program, search_path).unwrap_or(why))
        }
        Err(why @ PreflightFault::Relative) => Err(slip(program, search_path).unwrap_or(why)),
        Err(why) => Err(why),
    }
}

/// Finds the program of a containerd shim, by its type or its path.
///
/// # Errors
///
/// The reason why it would not start.
pub(crate) fn shim_can_start(shim: &str, search_path: &OsStr) -> Result<PathBuf, PreflightFault> {
    if shim.starts_with('/') {
        return can_start(Path::new(shim), search_path);
    }
    // containerd's rule: of "io.containerd.kata.v2" the last two words count.
    let mut words = shim.rsplit('.');
    let (Some(version), Some(name)) = (words.next(), words.next()) else {
        return Err(PreflightFault::NoShim {
            program: shim.to_owned(),
        });
    };
    let program = format!("containerd-shim-{name}-{version}");
    can_start(Path::new(&program), search_path).map_err(|why| match why {
        PreflightFault::NotInPath => PreflightFault::NoShim { program },
        why => why,
    })
}

/// What was probably meant by a path that leads nowhere.
fn slip(program: &Path, search_path: &OsStr) -> Option<PreflightFault> {
    let bytes = program.as_os_str().as_bytes();
    let leads = |bytes: &[u8]| {
        let path = PathBuf::from(OsString::from(OsStr::from_bytes(bytes)));
        match path.is_absolute() {
            true => executable(&path).is_ok(),
            false => locate(&path, search_path).is_ok(),
        }
    };
    let trimmed = bytes.trim_ascii();
    if trimmed.len() < bytes.len() && leads(trimmed) {
        return Some(PreflightFault::TrailingBlank);
    }
    if bytes.starts_with(b"~") {
        return Some(PreflightFault::Tilde);
    }
    let mut words = trimmed.split(u8::is_ascii_whitespace);
    let first = words.next().filter(|first| !first.is_empty())?;
    (words.next().is_some() && leads(first)).then_some(PreflightFault::GluedArguments)
}
