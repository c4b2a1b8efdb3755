//! Running the command.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::namespace::output;
use support::space::Space;

/// Mounts of a test's own. Also for root in a user namespace: nothing here may need more.
pub(crate) const SPACE: Space = Space::MOUNTS.in_new_user_namespace();

/// What a run gave back.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daemon-host"));
    command.args(args).stdin(Stdio::null());
    command
}

pub(crate) fn run(args: &[&str]) -> Ran {
    Ran::new(&command(args).output().unwrap())
}

/// Runs with this on standard input.
pub(crate) fn run_with(args: &[&str], input: &[u8]) -> Ran {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Ran::new(&child.wait_with_output().unwrap())
}

/// Runs a script in user and mount namespaces of its own, with `$D` as the command and `$T` an
/// empty directory. `None` where namespaces are refused.
pub(crate) fn in_own_mounts(script: &str) -> Option<Ran> {
    of_script(Command::new("bash"), script)
}

/// Takes away every procfs of before, as a container's mount namespace has none. It is for a new
/// pid namespace: only so it is sure that nobody outside of it has these mounts.
pub(crate) const WITHOUT_PROCFS: &str = r#"
    for p in $(tac /proc/self/mountinfo | grep " - proc " | cut -d" " -f5); do
        umount -l "$p" 2>/dev/null || true; done
    "#;

/// The same in a pid namespace, too: the command sees the daemons of the script and no others, and
/// no other test sees them.
pub(crate) fn in_own_pids(script: &str) -> Option<Ran> {
    let mut command = Command::new("unshare");
    command.args(["-m", "-p", "-f", "--kill-child", "bash"]);
    let procfs = "mount -t proc proc /proc;";
    of_script(command, &format!("{WITHOUT_PROCFS}{procfs}{script}"))
}

fn of_script(mut command: Command, script: &str) -> Option<Ran> {
    let directory = tempfile::tempdir().unwrap();
    command
        .args(["-c", script])
        .env("D", env!("CARGO_BIN_EXE_daemon-host"))
        .env("T", directory.path().canonicalize().unwrap());
    output(SPACE, &mut command).map(|output| Ran::new(&output))
}
