//! Reads what a call is about out of the tracee, for the report.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

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

/// The call with its paths and files, as far as they can be read.
pub(super) fn describe(pid: Pid, name: &str, arguments: &[u64; 6]) -> String {
    let shown: Vec<String> = calls::shown(name)
        .iter()
        .filter_map(|argument| match *argument {
            Argument::Path(at) => Some(format!("{:?}", path(pid, arguments[at]))),
            Argument::Descriptor(at) => descriptor(pid, arguments[at]),
        })
        .collect();
    format!("{name}({})", shown.join(", "))
}

/// No Linux filesystem answers an error to the close of a directory, and the
/// standard library's directory reader panics at one.
pub(super) fn is_close_of_directory(pid: Pid, name: &str, arguments: &[u64; 6]) -> bool {
    name == "close"
        && fs::metadata(format!("/proc/{pid}/fd/{}", arguments[0])).is_ok_and(|file| file.is_dir())
}

/// What a descriptor is open on; nothing for the working directory.
fn descriptor(pid: Pid, value: u64) -> Option<String> {
    // The upper half of the register is not part of an `int`.
    let number = i32::try_from(value & 0xffff_ffff).ok()?;
    let target = fs::read_link(format!("/proc/{pid}/fd/{number}")).ok();
    Some(target.map_or_else(
        || format!("{number}"),
        |target| format!("<{}>", target.display()),
    ))
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
