//! The OCI runtimes, and how each is called without its engine.

use crate::daemons::stage::Stage;
use std::path::Path;
use std::process::Command;

/// A runtime of the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runtime {
    pub(crate) path: &'static str,
    /// What it is always called with.
    pub(crate) arguments: &'static [&'static str],
    /// Whether its containers see the host's processes and files as others do.
    pub(crate) is_sandbox: bool,
    /// Whether a dockerd that starts again takes its containers over. With youki it takes away
    /// the file system of one that runs, whether or not that was ever restarted.
    pub(crate) is_taken_over: bool,
}

pub(crate) const RUNC: Runtime = Runtime {
    path: "/usr/sbin/runc",
    arguments: &[],
    is_sandbox: false,
    is_taken_over: true,
};

pub(crate) const CRUN: Runtime = Runtime {
    path: "/usr/bin/crun",
    arguments: &[],
    is_sandbox: false,
    is_taken_over: true,
};

pub(crate) const YOUKI: Runtime = Runtime {
    path: "/usr/bin/youki",
    arguments: &[],
    is_sandbox: false,
    is_taken_over: false,
};

/// gVisor of 2022, by the platform that needs no virtual machine.
pub(crate) const RUNSC_2022: Runtime = Runtime {
    path: "/usr/bin/runsc",
    arguments: &["--platform=ptrace", "--network=none", "--ignore-cgroups"],
    is_sandbox: true,
    is_taken_over: true,
};

/// gVisor of 2024. A container that was killed does not start again with its overlay: the
/// file that it leaves in the layer is taken for another container's.
pub(crate) const RUNSC_2024: Runtime = Runtime {
    arguments: &[
        "--platform=ptrace",
        "--network=none",
        "--ignore-cgroups",
        "--overlay2=none",
    ],
    ..RUNSC_2022
};

impl Runtime {
    /// Runs a script in a container of which the runtime has its state in `states`.
    pub(crate) fn exec(&self, stage: &Stage, states: &Path, id: &str, script: &str) -> Command {
        let mut command = stage.command(self.path);
        command.args(self.arguments).arg("--root").arg(states);
        command.args(["exec", id, "/bin/sh", "-c", script]);
        command
    }
}
