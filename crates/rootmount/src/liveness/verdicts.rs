//! The judgement over many mounts: those of one container stand or fall together. Pure.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};

use crate::liveness::container_key::ContainerKey;
use crate::liveness::judge::{Judge, Verdict};
use crate::mount::MountRef;

/// A mount whose container is judged.
pub(crate) struct Judged<'m> {
    pub(crate) container: ContainerKey,
    pub(crate) mount: &'m MountRef,
    /// Whether unmounting it may reach mount namespaces whose processes are not seen.
    pub(crate) spreads: bool,
}

impl<'m> Judged<'m> {
    pub(crate) fn new(container: ContainerKey, mount: &'m MountRef, spreads: bool) -> Self {
        Self {
            container,
            mount,
            spreads,
        }
    }
}

/// The verdict for each container.
///
/// A mount whose namespace is not known may belong to a container of this id in any namespace. So
/// it is judged with all of them, and each of them with it.
pub(crate) fn verdicts(judge: &Judge<'_>, mounts: &[Judged<'_>]) -> HashMap<ContainerKey, Verdict> {
    let mut by_id: HashMap<&OsStr, Vec<&Judged<'_>>> = HashMap::new();
    for judged in mounts {
        by_id.entry(&judged.container.id).or_default().push(judged);
    }
    let mut verdicts = HashMap::new();
    for (id, of_id) in by_id {
        let namespaces: HashSet<&Option<OsString>> =
            of_id.iter().map(|it| &it.container.namespace).collect();
        for namespace in namespaces {
            let container = ContainerKey {
                namespace: namespace.clone(),
                id: id.to_owned(),
            };
            let of_it = |it: &&&Judged<'_>| {
                let theirs = it.container.namespace.as_deref();
                container.may_be_in(theirs)
            };
            let its: Vec<&&Judged<'_>> = of_id.iter().filter(of_it).collect();
            let its_mounts: Vec<&MountRef> = its.iter().map(|it| it.mount).collect();
            let spreads = its.iter().any(|it| it.spreads);
            let verdict = judge.verdict(&container, &its_mounts, spreads);
            verdicts.insert(container, verdict);
        }
    }
    verdicts
}
