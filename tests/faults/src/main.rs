//! The driver as a program; see the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
fn main() -> ExitCode {
    faults::main()
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
#[expect(clippy::print_stderr, reason = "what a driver prints is its report")]
fn main() -> ExitCode {
    eprintln!("faults: SKIPPED: registers are read and written on x86_64 Linux with glibc only");
    ExitCode::from(77)
}
