//! Namespaces of a scenario's own, and what they leave behind.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// How long one scenario may take, in seconds.
const LIMIT: &str = "600";

/// util-linux's unshare makes the namespaces and kills PID 1 when it dies; coreutils'
/// timeout ends what hangs.
pub(super) fn unshare() -> Command {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", LIMIT, "unshare"]);
    let namespaces = ["-m", "-n", "-p", "-i", "-u"];
    command.args(namespaces).stdin(Stdio::null());
    command.args(["--fork", "--kill-child", "--mount-proc", "--"]);
    command
}

/// One scenario in namespaces of its own; its line for the summary.
pub(super) fn start(scenario: &str, tree: &OsStr, tool: &Path) -> Result<String> {
    let scratch = tempfile::Builder::new()
        .prefix("daemons-")
        .tempdir()
        .context("making a scratch directory")?;
    let own = std::env::current_exe().context("finding this program")?;
    let mut command = unshare();
    command.arg(own).args(["daemons", "inside", scenario]);
    command.arg(tree).arg(scratch.path()).arg(tool);
    let output = command.output().with_context(|| format!("{command:?}"))?;
    remove_groups(Path::new("/sys/fs/cgroup"), &group(scratch.path()));
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The control group of a run's containers, which no namespace hides.
pub(super) fn group(scratch: &Path) -> String {
    scratch
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Removes the groups of this name from each hierarchy; their processes are dead.
fn remove_groups(top: &Path, name: &str) {
    let hierarchies = top.read_dir().into_iter().flatten().flatten();
    let groups = hierarchies
        .map(|entry| entry.path().join(name))
        .chain([top.join(name)]);
    for group in groups.filter(|group| group.is_dir()) {
        for below in group.read_dir().into_iter().flatten().flatten() {
            // Only directories can be removed here, and only empty groups.
            let _ = std::fs::remove_dir(below.path());
        }
        let _ = std::fs::remove_dir(&group);
    }
}
