//! Signals, as a process gets them.

use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use daemon_host::service::forward_signals;

/// Set in the copy of this test that gets the signal.
const INSIDE: &str = "DAEMON_HOST_TEST_SIGNALLED";

/// A process whose main thread never comes to its events ends by its limit.
#[test]
fn a_process_that_hangs_ends_by_its_limit() {
    if std::env::var_os(INSIDE).is_some() {
        forward_signals(Duration::from_secs(1), |_| {}).unwrap();
        let pid = std::process::id().to_string();
        Command::new("kill")
            .args(["-s", "TERM", &pid])
            .status()
            .unwrap();
        thread::sleep(Duration::from_secs(60));
        return;
    }
    let begin = Instant::now();
    let status: ExitStatus = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "service::a_process_that_hangs_ends_by_its_limit"])
        .env(INSIDE, "yes")
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took < Duration::from_secs(30), "{took:?}");
}
