//! How a running host is now.

use std::fmt;

use mountscan::Propagation;
use rootmount::{PrepareAction, Prepared, Status};

use super::outcome::{Chain, Step};
use crate::snapshot::Snapshot;

/// How a running host is now, as [`Host::health`](crate::Host::health) found it.
///
/// The default is a host without faults whose root was not looked at.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Health {
    /// How often the configuration has been replaced since the start.
    pub generation: u64,
    /// The state of the data root. It is skipped once the host is shut down.
    pub root: Step<Status>,
    /// What is not as it should be, in words. Empty if the host is in order.
    pub faults: Vec<String>,
}

impl Health {
    /// Whether nothing was found that is not as it should be.
    pub fn is_fine(&self) -> bool {
        self.faults.is_empty()
    }

    pub(crate) fn new(snapshot: &Snapshot, root: Step<Status>, started: &Step<Prepared>) -> Self {
        let mut faults = Vec::new();
        match &root {
            Step::Done(status) => of_root(status, started, &mut faults),
            Step::Failed(error) => faults.push(format!("the data root: {}", Chain(error))),
            Step::Skipped(why) => faults.push((*why).to_owned()),
        }
        of_runtimes(snapshot, &mut faults);
        of_resolv_conf(snapshot, &mut faults);
        Self {
            generation: snapshot.generation,
            root,
            faults,
        }
    }
}

/// Compares the mount at the root with what the start made of it.
fn of_root(status: &Status, started: &Step<Prepared>, faults: &mut Vec<String>) {
    let root = status.root.display();
    let Step::Done(prepared) = started else {
        faults.push(format!("{root} was not prepared at the start"));
        return;
    };
    let is_bound = matches!(
        prepared.action,
        PrepareAction::Bound | PrepareAction::KeptOurs
    );
    if is_bound && !status.ownership.is_ours() {
        let now = &status.ownership;
        faults.push(format!("the mount at {root} is not ours any more: {now}"));
    }
    if matches!(
        status.holder.propagation,
        Propagation::Private | Propagation::Unbindable
    ) {
        faults.push(format!(
            "mounts below {root} do not spread to other namespaces"
        ));
    }
}

/// The default runtime must be able to start a container. The others matter when they are used.
fn of_runtimes(snapshot: &Snapshot, faults: &mut Vec<String>) {
    let runtimes = &snapshot.runtimes;
    if let Err(error) = runtimes.preflight(runtimes.default_name()) {
        faults.push(format!("the default runtime cannot start: {error}"));
    }
}

fn of_resolv_conf(snapshot: &Snapshot, faults: &mut Vec<String>) {
    let current = snapshot.host_resolv_conf(resolvconf::NetworkKind::Default);
    if let Some(why) = current.unreadable {
        let path = current.selection.path.display();
        faults.push(format!("{path} cannot be read: {why}"));
    }
}

/// What is said of a host that is shut down.
pub(crate) const SHUT_DOWN: &str = "the host is shut down";

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_fine() {
            true => f.write_str("in order"),
            false => f.write_str(&self.faults.join("; ")),
        }
    }
}
