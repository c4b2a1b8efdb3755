//! Engines that live in another mount namespace. What they leave is in the table of there.

use daemon_host::engines::Detection;
use serde::Serialize;

/// One such engine, by the first process of it that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Elsewhere {
    engine_name: String,
    name: String,
    pid: u32,
    mount_namespace: u64,
}

/// All engines in other mount namespaces.
pub(crate) fn elsewhere(detection: &Detection) -> Vec<Elsewhere> {
    let engines = detection.engines.iter();
    let found = engines.filter_map(|found| {
        let daemon = found.daemons.first()?;
        Some(Elsewhere {
            engine_name: found.engine.name.clone(),
            name: daemon.name.clone(),
            pid: daemon.pid,
            mount_namespace: found.namespace?,
        })
    });
    found.collect()
}

impl Elsewhere {
    /// What it is and where.
    pub(crate) fn what(&self) -> String {
        let Self { name, pid, .. } = self;
        let namespace = self.mount_namespace;
        format!("{name}, pid {pid}, is in a mount namespace of its own (mnt:[{namespace}])")
    }

    /// How to look at what it has left.
    pub(crate) fn remedy(&self) -> String {
        let pid = self.pid;
        format!(
            "look there with: daemon-host root status --pid {pid}; clean up with: daemon-host \
             root cleanup --pid {pid}"
        )
    }

    /// Both in one line.
    pub(crate) fn line(&self) -> String {
        format!("{}: use --pid {}", self.what(), self.pid)
    }
}
