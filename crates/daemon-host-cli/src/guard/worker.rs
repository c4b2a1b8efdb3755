//! How the second process begins: it lets go of what it has from the caller.

use std::ffi::OsString;
use std::fs;

use anyhow::anyhow;
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{close, getppid, setsid};

use super::line::Told;

/// The first argument of the second process. It is no subcommand: nobody calls it by hand.
pub(super) const WORKER: &str = "__work";

/// Begins as the second process, if it is one. It takes what tells that from the arguments, keeps
/// nothing that somebody might wait for, and waits until it may work.
pub(crate) fn begin(args: &mut Vec<OsString>) -> Option<Told> {
    if args.get(1).is_none_or(|first| first != WORKER) {
        return None;
    }
    let hidden: Vec<OsString> = args.drain(1..args.len().min(4)).collect();
    // The terminal's signals reach the first process, which passes them on.
    let _ = setsid();
    let _ = set_pdeathsig(Signal::SIGKILL);
    // It was started as /proc/self/exe, and would be called `exe`.
    let _ = set_name(c"daemon-host");
    // The first process may have ended before the signal was asked for.
    let above = getppid().to_string();
    let is_below = hidden.get(1).is_some_and(|pid| *pid == *above);
    let ends = hidden.get(2).and_then(|ends| ends.to_str());
    let told = match (ends, is_below) {
        (Some(ends), true) => Told::open(ends).map_err(anyhow::Error::from),
        _ => Err(anyhow!("{WORKER} is not for people")),
    };
    let told = told.unwrap_or_else(|error| {
        let error = error.context("the process that waits for this one is gone");
        crate::output::error(&error, None);
        std::process::exit(2);
    });
    if !args
        .iter()
        .any(|arg| names_descriptor(&arg.to_string_lossy()))
    {
        close_inherited(told.number());
    }
    Some(told)
}

/// Whether an argument may name a descriptor that the caller made, as a shell's `<(…)` does.
fn names_descriptor(arg: &str) -> bool {
    arg.contains("/fd/")
}

/// Whether an argument may name standard input.
pub(super) fn names_stdin(arg: &str) -> bool {
    arg == "-" || arg.ends_with("=-") || arg.contains("/dev/stdin") || names_descriptor(arg)
}

/// Closes what the caller had open: a lock, a pipe, a server's end of a FUSE mount.
fn close_inherited(kept: i32) {
    let Ok(all) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers: Vec<i32> = all
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2 && *number != kept)
        .collect();
    for number in numbers {
        // One of them was that of the directory itself, and is closed already.
        let _ = close(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_need_something_of_the_caller() {
        for arg in [
            "-",
            "--file=-",
            "/dev/stdin",
            "/dev/fd/63",
            "/proc/self/fd/5",
        ] {
            assert!(names_stdin(arg), "{arg}");
        }
        for arg in ["--json", "-v", "/var/lib/docker", "x-"] {
            assert!(!names_stdin(arg), "{arg}");
        }
    }

    #[test]
    fn who_calls_it_as_ever_is_no_worker() {
        let mut args: Vec<OsString> = ["daemon-host", "report"].map(OsString::from).into();
        assert!(begin(&mut args).is_none());
        assert_eq!(args.len(), 2);
    }
}
