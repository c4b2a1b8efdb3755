//! Gathers evidence from every source.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use engines::Containers;
use rootmount::{Evidence, LayerMap, Look, MountTable, Statement, Witness, docker_layers};
use runtimes::containers;

use super::options::LivenessOptions;
use super::sources::{is_known, with_engines};
use super::statement::of_states;

/// The graph root of podman when it runs as root. Containers that need not survive a reboot are
/// listed below its run root.
const PODMAN_ROOT: &str = "/var/lib/containers/storage";
const PODMAN_RUN_ROOT: &str = "/run/containers/storage";

/// Gathers everything that can be known about the containers below a data root: the states of
/// their runtimes, the bundles of their shims, the witnesses, and at last all processes.
///
/// It reads the states that the options name. It also reads the states of the engine that has
/// this root by the [catalogue](engines::Catalogue): podman's for `/var/lib/containers/storage`
/// and for every other store of containers/storage, containerd's for `/run/containerd`.
///
/// `table` must have been read before. It never fails: what could not be read is part of
/// the evidence.
pub fn evidence(root: &Path, table: &MountTable, options: &LivenessOptions) -> Evidence {
    // One procfs for all questions. If it cannot be opened, each reader says so itself.
    let mut options = options.clone();
    options.proc = options.proc.held().unwrap_or(options.proc);
    options.states.proc = options.states.proc.held().unwrap_or(options.states.proc);
    let options = &options;
    // States before processes: a container that starts in between has its process in the later
    // look.
    let (states, mut unread) = with_engines(root, &stored(root), &options.states);
    let (statement, unread_states) = of_states(&containers(&states), &states);
    unread.extend(unread_states);
    let states = Spoken(statement);
    let mut witnesses: Vec<&dyn Witness> = vec![&states];
    witnesses.extend(
        options
            .witnesses
            .iter()
            .map(|witness| &**witness as &dyn Witness),
    );
    let claim = options.claim.clone();
    let mut evidence = Evidence::gather(root, table, &witnesses, claim, &options.proc);
    evidence.complaints.extend(unread);
    // The states of an engine that is known by this root are that engine's own.
    let doubt = options.doubt.as_ref();
    let doubt = doubt.filter(|_| !is_known(root, &stored(root)));
    evidence.complaints.extend(doubt.cloned());
    evidence
}

/// Gathers evidence again at the moment of acting, with the mount table of that moment.
pub fn look(root: &Path, options: &LivenessOptions) -> Look {
    let (root, options) = (root.to_owned(), options.clone());
    Look::new(move || match rootmount::live_table() {
        Ok(table) => evidence(&root, &table, &options),
        Err(error) => unseen(&error, &options),
    })
}

/// Does the same as [`look`], and begins with the table of the plan. That table is brought up to
/// date and not read again; see [`update_live_table`](rootmount::update_live_table).
pub fn look_from(root: &Path, table: MountTable, options: &LivenessOptions) -> Look {
    let (root, options, table) = (root.to_owned(), options.clone(), Mutex::new(table));
    Look::new(move || {
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        match rootmount::update_live_table(&mut table) {
            Ok(()) => evidence(&root, &table, &options),
            Err(error) => unseen(&error, &options),
        }
    })
}

/// The evidence if the mount table could not be read.
fn unseen(error: &rootmount::Error, options: &LivenessOptions) -> Evidence {
    let mut none = Evidence::none(options.claim.clone());
    none.complaints.push(error.to_string());
    none
}

/// Finds which layers belong to which container, by the stores of engines below a data root:
/// Docker's layer store, and containers/storage.
pub fn layers(root: &Path) -> LayerMap {
    let mut map = docker_layers(root);
    let stored = stored(root);
    for container in &stored.list {
        map.add(&container.id, &container.id);
        for layer in &container.layers {
            map.add(&container.id, layer);
        }
    }
    for unread in &stored.unread {
        map.unread(unread.to_string());
    }
    map
}

/// Whether engines that have no daemon, such as podman, keep containers below a root, as far as can
/// be read. They start containers at any time, and no running engine is seen before.
pub(crate) fn has_store_without_daemon(root: &Path) -> bool {
    let stored = stored(root);
    !(stored.list.is_empty() && stored.unread.is_empty())
}

/// What containers/storage lists below a root.
fn stored(root: &Path) -> Containers {
    let run_root = (root == Path::new(PODMAN_ROOT)).then_some(Path::new(PODMAN_RUN_ROOT));
    Containers::of_storage(root, run_root)
}

/// A witness for a statement that was made before.
struct Spoken(Statement);

impl Witness for Spoken {
    fn name(&self) -> String {
        "the states of runtimes".to_owned()
    }

    fn testify(&self, _root: &Path) -> Result<Statement, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.clone())
    }
}
