//! Judges whether a directory can be removed. Pure.

use std::sync::Arc;

use daemon_host::mountscan::{
    DetachedMount, DirectoryMount, DirectoryMounts, DirectoryUse, DirectoryUsers, HolderProcess,
    KernelUse, Survey,
};

use super::reason::{Kind, Reason};
use crate::mounts::holders::uses_words;
use crate::mounts::remote::is_remote;
use crate::mounts::sight::{Unseen, kernel_unread, things, unplaced};
use crate::output::shown;

/// Everything that was found out about a directory.
pub(super) struct Facts {
    pub(super) survey: Arc<Survey>,
    /// How many processes could not be looked into.
    pub(super) unreadable: usize,
    /// Whether root asks. Root cannot be told to ask again as a user who sees more.
    pub(super) is_root: bool,
    pub(super) mounts: DirectoryMounts,
    pub(super) users: DirectoryUsers,
    /// Mounts that no table has, or why they could not be looked for.
    pub(super) detached: Result<Vec<DetachedMount>, String>,
}

/// The reasons against it, the worst first.
pub(super) fn judge(facts: &Facts) -> Vec<Reason> {
    let mounts = facts.mounts.mounts.iter();
    let mut reasons: Vec<Reason> = mounts.map(|m| mount(m, facts)).collect();
    reasons.extend(facts.users.processes.iter().map(process));
    reasons.extend(facts.users.kernel.iter().map(kernel));
    match &facts.detached {
        Ok(found) => {
            let is_last = |m: &&DetachedMount| m.is_file_system_mounted != Some(true);
            reasons.extend(found.iter().filter(is_last).map(detached));
        }
        Err(why) => reasons.push(Reason::new(
            Kind::Unseen,
            format!("detached mounts could not be looked for: {why}"),
        )),
    }
    if !facts.mounts.is_place_known {
        let what = "the own mount namespace could not be read, so no mount could be compared";
        reasons.push(Reason::new(Kind::Unseen, what.to_owned()));
    }
    for overlay in &facts.mounts.unplaced {
        reasons.push(Reason::new(Kind::Unseen, unplaced(overlay)));
    }
    for path in &facts.users.kernel_unread {
        reasons.push(Reason::new(Kind::Unseen, kernel_unread(path)));
    }
    for Unseen { what, is_privilege } in things(facts.survey.namespaces(), facts.unreadable) {
        let remedy = match (is_privilege, facts.is_root) {
            (true, false) => "; ask again as root",
            (true, true) => {
                "; root may not look there: it lacks CAP_SYS_PTRACE, is root of a user namespace only, \
                 or something lies over that process in /proc"
            }
            (false, _) => "; ask again on the host",
        };
        reasons.push(Reason::new(Kind::Unseen, format!("{what}{remedy}")));
    }
    reasons.sort_by_key(|reason| reason.kind);
    reasons
}

fn mount(found: &DirectoryMount, facts: &Facts) -> Reason {
    let mount = &found.mount;
    let fs_type = mount.fs_type.to_string_lossy();
    let source = mount.source.to_string_lossy();
    let is_part = mount.root.as_os_str() != "/";
    let own = facts
        .survey
        .namespaces()
        .namespaces
        .iter()
        .find(|n| n.is_own);
    let is_twice = own.is_some_and(|own| {
        let same = own.table.rows().filter(|row| row.device() == mount.device);
        same.count() > 1
    });
    let (kind, what) = match &found.how {
        DirectoryUse::Below if !found.is_own => (Kind::Copy, format!("{fs_type} mounted there")),
        DirectoryUse::Below if is_remote(&mount.fs_type) => {
            (Kind::Remote, format!("{fs_type} from {source}"))
        }
        DirectoryUse::Below if is_part => {
            let root = shown(&mount.root);
            (Kind::Bind, format!("bind of {root} of {fs_type} {source}"))
        }
        DirectoryUse::Below if is_twice => {
            let what = format!("{fs_type} {source}, mounted elsewhere, too");
            (Kind::Bind, what)
        }
        DirectoryUse::Below => (Kind::Mount, format!("{fs_type} {source}")),
        DirectoryUse::Layer(layer) => {
            let what = format!("an overlay has {} as a layer", shown(layer));
            (Kind::Layer, what)
        }
        _ => (Kind::Shown, "shows it or a part of it".to_owned()),
    };
    Reason {
        path: Some(mount.mount_point.clone()),
        namespace: Some(found.namespace).filter(|_| !found.is_own),
        ..Reason::new(kind, what)
    }
}

fn process(process: &HolderProcess) -> Reason {
    let comm = process.comm.to_string_lossy();
    let what = format!("{comm}: {}", uses_words(process));
    Reason {
        pid: Some(process.pid),
        ..Reason::new(Kind::Process, what)
    }
}

fn kernel(what: &KernelUse) -> Reason {
    let (what, file) = match what {
        KernelUse::Loop { device, file } => {
            (format!("{device} is a loop device of it"), Some(file))
        }
        KernelUse::Swap { file } => ("memory is swapped to it".to_owned(), Some(file)),
        _ => ("the kernel has a file open".to_owned(), None),
    };
    Reason {
        path: file.cloned(),
        ..Reason::new(Kind::Kernel, what)
    }
}

fn mount_name(mount: &DetachedMount) -> String {
    match mount.mount_id {
        Some(id) => format!("mount {id}"),
        None => "a file system".to_owned(),
    }
}

fn detached(mount: &DetachedMount) -> Reason {
    let first = mount.kept_by.first();
    let comm = first.map(|process| process.comm.to_string_lossy().into_owned());
    let device = mount
        .device
        .map(|d| format!(" on device {}:{}", d.major, d.minor));
    let what = format!(
        "{}{} is in no table and alive, kept by {}; its data may be there",
        mount_name(mount),
        device.unwrap_or_default(),
        comm.unwrap_or_default(),
    );
    Reason {
        pid: first.map(|process| process.pid),
        ..Reason::new(Kind::Detached, what)
    }
}
