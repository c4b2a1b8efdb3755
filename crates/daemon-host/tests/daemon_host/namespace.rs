//! A namespace of its own for a test: the test binary runs itself again in one.

use std::env;
use std::process::Command;

/// Set in the copy that runs inside.
const INSIDE: &str = "DAEMON_HOST_TEST_INSIDE";

/// Runs `body` as root of a fresh user and mount namespace.
///
/// `name` is the test's full name, as libtest prints it. Where the machine forbids
/// namespaces the test fails: one that did not run must not pass.
#[track_caller]
pub(crate) fn inside(name: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let run = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "--propagation",
            "private",
            "--",
        ])
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "yes")
        .output()
        .expect("unshare(1) of util-linux is installed");
    // Its output stays out of ours, where a summary would count it again.
    let said = String::from_utf8_lossy(&run.stdout);
    let complained = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success(),
        "{name} in a namespace: {}\n{said}{complained}",
        run.status
    );
    assert!(
        said.contains("1 passed"),
        "{name} is not the test's name:\n{said}"
    );
}
