//! Reads what a call is about out of the tracee, for the report.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use libc::user_regs_struct;
use nix::unistd::Pid;

use crate::calls::{self, Argument};

/// Longest part of a path that is shown.
const LONGEST: usize = 256;

/// The six arguments in the order of the x86_64 system call convention.
pub(super) fn arguments(registers: &user_regs_struct) -> [u64; 6] {
    [
        registers.rdi,
        registers.rsi,
        registers.rdx,
        registers.r10,
        registers.r8,
        registers.r9,
    ]
}

/// What a call is about.
pub(super) struct Subject {
    /// The call with its paths and files, as far as they can be read.
    pub(super) text: String,
    /// The files that its paths and descriptors name, in order.
    pub(super) files: Vec<PathBuf>,
}

/// Reads what the arguments point at.
pub(super) fn subject(pid: Pid, name: &str, arguments: &[u64; 6]) -> Subject {
    let mut shown = Vec::new();
    let mut files = Vec::new();
    let mut directory = None;
    let kinds = calls::shown(name);
    for (order, argument) in kinds.iter().enumerate() {
        match *argument {
            Argument::Path(at) => {
                let path = path(pid, arguments[at]);
                shown.push(format!("{path:?}"));
                files.push(resolve(pid, directory.take(), &path));
            }
            Argument::Descriptor(at) => {
                let target = descriptor(pid, arguments[at]);
                shown.extend(
                    target
                        .as_ref()
                        .map(|target| format!("<{}>", target.display())),
                );
                match kinds.get(order + 1) {
                    Some(Argument::Path(_)) => directory = target,
                    _ => files.extend(target),
                }
            }
        }
    }
    let text = format!("{name}({})", shown.join(", "));
    Subject { text, files }
}

/// The file that a path names, seen from a directory.
fn resolve(pid: Pid, directory: Option<PathBuf>, path: &str) -> PathBuf {
    for own in ["/proc/thread-self/fd/", "/proc/self/fd/"] {
        let number = path
            .strip_prefix(own)
            .and_then(|number| number.parse().ok());
        if let Some(target) = number.and_then(|number: u64| descriptor(pid, number)) {
            return target;
        }
    }
    match directory {
        Some(directory) if path.is_empty() => directory,
        Some(directory) => directory.join(path),
        None => PathBuf::from(path),
    }
}

/// No Linux filesystem answers an error to the close of a directory, and the
/// standard library's directory reader panics at one. What cannot be looked at is
/// the directory of a process that is gone.
pub(super) fn is_close_of_directory(pid: Pid, name: &str, arguments: &[u64; 6]) -> bool {
    let file = || fs::metadata(format!("/proc/{pid}/fd/{}", arguments[0]));
    name == "close" && file().map_or(true, |file| file.is_dir())
}

/// What a descriptor is open on; nothing for the working directory.
fn descriptor(pid: Pid, value: u64) -> Option<PathBuf> {
    // The upper half of the register is not part of an `int`.
    let number = i32::try_from(value & 0xffff_ffff).ok()?;
    fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()
}

fn path(pid: Pid, address: u64) -> String {
    let mut bytes = [0u8; LONGEST];
    let read = File::open(format!("/proc/{pid}/mem"))
        .and_then(|memory| memory.read_at(&mut bytes, address));
    let bytes = &bytes[..read.unwrap_or(0)];
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
