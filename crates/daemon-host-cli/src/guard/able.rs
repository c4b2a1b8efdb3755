//! Decides whether a second process can be to the caller as one.

use std::fs;
use std::io::ErrorKind;
use std::process;

use nix::sys::signal::{SigSet, Signal};

/// The signals that are passed on.
const SIGNALS: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// The signals that reach this process: neither ignored nor blocked by the caller.
///
/// An error says why no second process is to be made. One process is always right then: it may
/// wait for a server, as any other program does.
pub(super) fn signals() -> Result<SigSet, &'static str> {
    is_at_home()?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = reaching(&status).ok_or("procfs does not tell which signals are ignored")?;
    match set.contains(Signal::SIGCHLD) {
        true => Ok(set),
        // The kernel keeps no exit code then.
        false => Err("the caller has the ends of processes ignored"),
    }
}

/// Whether a number of a process means the same here, in procfs and in a new process.
fn is_at_home() -> Result<(), &'static str> {
    let own = fs::read_link("/proc/self");
    if !own.is_ok_and(|own| own.as_os_str() == process::id().to_string().as_str()) {
        return Err("/proc belongs to another pid namespace");
    }
    let children = fs::read_link("/proc/self/ns/pid_for_children");
    let is_same = match &children {
        Ok(children) => fs::read_link("/proc/self/ns/pid").is_ok_and(|own| own == *children),
        // A namespace that has no process yet cannot be read, but its file is there. Linux before
        // 4.12 has no such file.
        Err(error) => {
            error.kind() == ErrorKind::NotFound
                && fs::symlink_metadata("/proc/self/ns/pid_for_children").is_err()
        }
    };
    match is_same {
        true => Ok(()),
        false => Err("a new process would be in another pid namespace"),
    }
}

/// Those of the signals that a process with this `status` in procfs neither ignores nor blocks;
/// with SIGCHLD if its children's ends are kept for it.
fn reaching(status: &str) -> Option<SigSet> {
    let (ignored, blocked) = (mask(status, "SigIgn:")?, mask(status, "SigBlk:")?);
    let is_in = |mask: u64, signal: Signal| mask >> (signal as u32 - 1) & 1 == 1;
    let reaches = |signal: &Signal| !is_in(ignored | blocked, *signal);
    let mut set: SigSet = SIGNALS.into_iter().filter(reaches).collect();
    // A blocked one is still told by a descriptor.
    if !is_in(ignored, Signal::SIGCHLD) {
        set.add(Signal::SIGCHLD);
    }
    Some(set)
}

/// Whether the process with this `status` in procfs blocks a signal.
pub(super) fn blocks(status: &str, signal: i32) -> bool {
    let number = u32::try_from(signal - 1).unwrap_or(u32::MAX);
    mask(status, "SigBlk:").is_some_and(|mask| mask.checked_shr(number).unwrap_or(0) & 1 == 1)
}

fn mask(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    // MIPS has 128 signals. The first 64 are in the last digits.
    let digits = line.trim();
    let last = digits.get(digits.len().saturating_sub(16)..)?;
    u64::from_str_radix(last, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(ignored: &str, blocked: &str) -> String {
        format!("Name:\tx\nSigPnd:\t0\nSigBlk:\t{blocked}\nSigIgn:\t{ignored}\n")
    }

    const NONE: &str = "0000000000000000";

    #[test]
    fn what_the_caller_ignores_or_blocks_does_not_reach() {
        let all = reaching(&status(NONE, NONE)).unwrap();
        assert_eq!(all.iter().count(), SIGNALS.len() + 1);
        for one in SIGNALS {
            let bit = format!("{:016x}", 1_u64 << (one as u32 - 1));
            for text in [status(&bit, NONE), status(NONE, &bit)] {
                let set = reaching(&text).unwrap();
                assert!(
                    !set.contains(one) && set.iter().count() == SIGNALS.len(),
                    "{one}"
                );
            }
        }
        let child = "0000000000010000";
        assert!(
            !reaching(&status(child, NONE))
                .unwrap()
                .contains(Signal::SIGCHLD)
        );
        assert!(
            reaching(&status(NONE, child))
                .unwrap()
                .contains(Signal::SIGCHLD)
        );
    }

    #[test]
    fn a_status_that_does_not_tell_is_no_permission() {
        assert_eq!(reaching("Name:\tx\n"), None);
        assert_eq!(reaching(&status("?", NONE)), None);
        assert_eq!(reaching(&status("", NONE)), None);
    }

    #[test]
    fn a_long_mask_is_read_from_its_end() {
        let long = format!("{NONE}0000000000010001");
        assert!(blocks(&status(NONE, &long), 1));
        assert!(blocks(&status(NONE, &long), 17));
        assert!(!blocks(&status(NONE, &long), 2));
        assert!(!blocks(&status(NONE, &long), 0));
        assert!(!blocks(&status(NONE, &long), 900));
    }
}
