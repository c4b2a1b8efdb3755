//! PID 1 inherits every orphan: a zombie that nobody reaps looks alive to
//! whoever reads its pid file.

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait};
use std::time::{Duration, Instant};

/// How a process ended.
pub(crate) enum Ending {
    /// It exited or was killed.
    Ended(WaitStatus),
    /// The time limit came first.
    Late,
}

/// Waits for this child and reaps all others meanwhile.
pub(crate) fn wait_for(child: Pid, limit: Duration) -> Ending {
    let end = Instant::now() + limit;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == child => return Ending::Ended(status),
            Ok(Some(_)) => {}
            _ if Instant::now() > end => return Ending::Late,
            _ => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Kills and reaps every process but this one; false if some would not die.
pub(crate) fn kill_all(limit: Duration) -> bool {
    let end = Instant::now() + limit;
    loop {
        // The group of PID 1 is kill(2)'s -1: every process but the caller.
        // ESRCH says that there is none; wait tells that better.
        let _ = kill_process_group(Pid::INIT, Signal::KILL);
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Err(rustix::io::Errno::CHILD) => return true,
            _ if Instant::now() > end => return false,
            _ => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}
