//! Decides from evidence whether a container is alive, dead or unknown. Pure.
//!
//! All mounts of one container stand or fall together. Evidence of life wins over everything.
//! Death must be proved, and the proof has two parts: a source that knows containers does not
//! say that this one lives, and no process lives there. Without proof it is unknown, unless the
//! caller claims to know.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use mountscan::{Device, ProcessView, Resident, ResidentUse};

use crate::liveness::container_key::ContainerKey;
use crate::liveness::contradiction::Contradiction;
use crate::liveness::evidence::{Claim, Evidence, Processes, Says, Testimony};
use crate::liveness::layer_map::LayerMap;
use crate::mount::MountRef;
use crate::path_text::shown;
use crate::plan::rules::is_full_id;

/// The judgement over a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody lives there.
    Dead,
    /// It lives, by this evidence.
    Lives { by: String },
    /// It cannot be told.
    Unknown { why: String },
    /// It is not known, for a reason that concerns all containers.
    Contradiction(Contradiction),
}

/// Evidence, ordered for questions.
pub(crate) struct Judge<'e> {
    evidence: &'e Evidence,
    layers: &'e LayerMap,
    testimonies: HashMap<&'e OsStr, Vec<&'e Testimony>>,
    residents: HashMap<Device, Vec<&'e Resident>>,
}

impl<'e> Judge<'e> {
    pub(crate) fn new(evidence: &'e Evidence, layers: &'e LayerMap) -> Self {
        let mut testimonies: HashMap<&OsStr, Vec<&Testimony>> = HashMap::new();
        for testimony in &evidence.testimonies {
            let of_it = testimonies.entry(&testimony.id).or_default();
            of_it.push(testimony);
        }
        let mut residents: HashMap<Device, Vec<&Resident>> = HashMap::new();
        if let Processes::Seen(seen) = &evidence.processes {
            for resident in &seen.residents {
                residents.entry(resident.device).or_default().push(resident);
            }
        }
        Self {
            evidence,
            layers,
            testimonies,
            residents,
        }
    }

    /// The container that a mount belongs to. If its rule names the id in the path, it is that
    /// one, or the owner of the layer with that id. A source that knows of life at the path itself,
    /// or cannot tell, counts before.
    pub(crate) fn container_of(
        &self,
        relative: &Path,
        named: Option<&ContainerKey>,
    ) -> ContainerKey {
        let by_path = self.testimonies.get(relative.as_os_str());
        if by_path.is_some_and(|all| all.iter().any(|t| t.says != Says::Dead)) {
            return ContainerKey::of(relative.as_os_str());
        }
        let Some(named) = named else {
            return ContainerKey::of(self.by_component(relative));
        };
        // An id that somebody chose may end in `-init` as well. Only a full id is that of a layer.
        let bare = without_init(&named.id);
        let id = match self.layers.container_of(bare) {
            Some(owner) => owner,
            None if is_full_id(bare.as_bytes()) => bare,
            None => &named.id,
        };
        ContainerKey {
            namespace: named.namespace.clone(),
            id: id.to_owned(),
        }
    }

    /// The container by the path below the root. First choice is a component that is known as a
    /// container or as a layer of one. Second is a component that has the form of an id.
    /// Otherwise it is the path itself.
    fn by_component(&self, relative: &Path) -> OsString {
        let names = || {
            relative
                .components()
                .filter_map(|component| match component {
                    Component::Normal(name) => Some(name),
                    _ => None,
                })
        };
        let known = |name: &'_ OsStr| -> Option<OsString> {
            let owner = self.layers.container_of(name).map(OsStr::to_os_string);
            let itself = || {
                self.testimonies
                    .contains_key(name)
                    .then(|| name.to_os_string())
            };
            owner.or_else(itself)
        };
        let bare = || names().map(without_init);
        let by_form = || bare().find(|name| is_full_id(name.as_bytes()));
        // As it is written first: an id that somebody chose may end in `-init`.
        let found = names().find_map(|name| known(name).or_else(|| known(without_init(name))));
        found.unwrap_or_else(|| by_form().unwrap_or(relative.as_os_str()).to_os_string())
    }

    /// The judgement over a container with these mounts. `spreads` says that unmounting
    /// them may reach mount namespaces whose processes are not seen.
    pub(crate) fn verdict(
        &self,
        container: &ContainerKey,
        mounts: &[&MountRef],
        spreads: bool,
    ) -> Verdict {
        // First: a process on the mount proves life, whatever a state file or the caller says.
        if let Some(by) = mounts.iter().find_map(|mount| self.life_on(mount)) {
            return Verdict::Lives { by };
        }
        let testimonies = self.testimonies.get(&*container.id);
        let says = |says| {
            let all = testimonies.into_iter().flatten();
            let mut of_it = all.filter(|t| container.may_be_in(t.namespace.as_deref()));
            of_it.find(|t| t.says == says)
        };
        if let Some(testimony) = says(Says::Lives) {
            let by = testimony.by.clone();
            return Verdict::Lives { by };
        }
        match &self.evidence.claim {
            Claim::All(live) if live.contains(&container.id) => {
                let by = "the caller says that it lives".to_owned();
                return Verdict::Lives { by };
            }
            Claim::All(_) | Claim::NoneLive => return Verdict::Dead,
            Claim::Nothing => {}
        }
        if let Some(testimony) = says(Says::Unknown) {
            let why = testimony.by.clone();
            return Verdict::Unknown { why };
        }
        self.unproved(&container.id, says(Says::Dead).is_some(), spreads)
    }

    /// The words for a process that lives on the mount's file system.
    fn life_on(&self, mount: &MountRef) -> Option<String> {
        let there = self.residents.get(&mount.device)?;
        let lives_there = |resident: &&&Resident| {
            let root = resident.root.as_ref();
            // Without a root only the device is known, and may be that of this mount.
            root.is_none_or(|root| root.starts_with(&mount.root))
        };
        there
            .iter()
            .find(lives_there)
            .map(|resident| words(resident))
    }

    /// Decides whether a container is dead if no evidence says that it lives.
    fn unproved(&self, container: &OsStr, is_known_dead: bool, spreads: bool) -> Verdict {
        let view = match &self.evidence.processes {
            Processes::Seen(seen) => &seen.view,
            Processes::Unseen(why) => {
                let why = why.clone();
                return Verdict::Contradiction(Contradiction::ProcessesUnseen { why });
            }
        };
        // Both are asked even if a source says that it is dead: a process of it may be left on its
        // mounts, also on one that is not known to be its own.
        let outsiders = || self.evidence.outsiders.clone();
        if let Some(why) = unseen(view).or_else(outsiders) {
            return Verdict::Contradiction(Contradiction::ProcessesUnseen { why });
        }
        if let Some(what) = self.unread_layers(container) {
            return Verdict::Contradiction(Contradiction::Unread { what });
        }
        if is_known_dead {
            return Verdict::Dead;
        }
        if let Some(what) = self.evidence.complaints.first() {
            let what = what.clone();
            return Verdict::Contradiction(Contradiction::Unread { what });
        }
        if self.evidence.looked.is_empty() {
            let missing = self.evidence.missing.clone();
            return Verdict::Contradiction(Contradiction::NoSource { missing });
        }
        // In the initial pid namespace every process has a pid, so none was overlooked.
        match view.is_initial {
            Some(true) => Verdict::Dead,
            _ => self.in_one_pid_namespace(spreads),
        }
    }

    /// What could not be read of the stores of layers, if it matters for this container. The part
    /// that is missing may name this layer as one of a container that lives, or may give this
    /// container a root file system on which somebody lives.
    fn unread_layers(&self, container: &OsStr) -> Option<String> {
        let unread = self.layers.unread_stores().first();
        unread.filter(|_| !self.layers.is_whole(container)).cloned()
    }

    /// Decides where no source knows the container and processes of other pid namespaces are
    /// not seen. It is dead if this pid namespace is closed in itself and its engine is in it.
    fn in_one_pid_namespace(&self, spreads: bool) -> Verdict {
        let is_unknown = |t: &&Testimony| t.says == Says::Unknown;
        let doubt = self.evidence.testimonies.iter().find(is_unknown);
        let why = match doubt {
            Some(other) => format!("a container of the same sources is not clear: {}", other.by),
            None if spreads => "it is shared with other mount namespaces, and no process of \
                other pid namespaces is seen; if you know that no container lives, say so \
                (--none-live)"
                .to_owned(),
            None => return Verdict::Dead,
        };
        Verdict::Unknown { why }
    }
}

/// Why processes that are not seen may live on the mounts.
fn unseen(view: &ProcessView) -> Option<String> {
    if view.hides {
        return Some("/proc hides the processes of others (hidepid)".to_owned());
    }
    // Within a user namespace the processes outside of it can never be looked into. Whether one
    // of them may be on the mounts is part of the evidence.
    let counts = view.unreadable > 0 && view.is_initial_user != Some(false);
    counts.then(|| match view.unreadable {
        1 => "1 process could not be looked into".to_owned(),
        n => format!("{n} processes could not be looked into"),
    })
}

fn words(resident: &Resident) -> String {
    let comm = shown(Path::new(&resident.comm));
    let how = match resident.how {
        ResidentUse::WorkingDirectory => " (working directory)",
        ResidentUse::Executable => " (its program)",
        ResidentUse::Mapping => " (a mapped file)",
        _ => "",
    };
    format!("runs: pid {} {comm}{how}", resident.pid)
}

/// An init layer is `<layer id>-init`.
pub(crate) fn without_init(name: &OsStr) -> &OsStr {
    let bytes = name.as_bytes();
    OsStr::from_bytes(bytes.strip_suffix(b"-init").unwrap_or(bytes))
}

#[cfg(test)]
mod tests;
