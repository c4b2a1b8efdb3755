//! Writes the answer as JSON. Pure.

use daemon_host::mountscan::{
    DetachedMount, HolderNamespace, HolderProcess, Holders, KernelUse, MountInfo, MountUser,
    MountedUse,
};
use serde::Serialize;

use super::answer::{Answer, Place};
use super::kernel_word::KernelWord;
use super::words::{keeper_words, use_words};
use crate::mounts::mount_json::MountJson;
use crate::output::Bytes;

#[derive(Serialize)]
pub(super) struct AnswerJson<'h> {
    #[serde(flatten)]
    mount_point: Bytes<'h>,
    is_mount_point: bool,
    mount_id: Option<u32>,
    used: Option<bool>,
    kernel_says: Option<&'h str>,
    on: Option<MountJson<'h>>,
    below: Vec<MountJson<'h>>,
    namespaces: Vec<NamespaceJson<'h>>,
    elsewhere: Vec<ProcessJson<'h>>,
    kernel: Vec<KernelJson<'h>>,
    detached: Option<Vec<DetachedJson<'h>>>,
    unreadable: usize,
    unseen: &'h [String],
}

#[derive(Serialize)]
struct NamespaceJson<'h> {
    inode: u64,
    namespace_id: Option<u64>,
    own: bool,
    mounts: Vec<MountJson<'h>>,
    users: Vec<UserJson<'h>>,
    processes: Vec<ProcessJson<'h>>,
    kept_by: Vec<String>,
}

#[derive(Serialize)]
struct UserJson<'h> {
    how: &'static str,
    #[serde(flatten)]
    layer: Option<Bytes<'h>>,
    mount: MountJson<'h>,
}

#[derive(Serialize)]
pub(in crate::mounts) struct ProcessJson<'h> {
    pid: u32,
    thread: Option<u32>,
    #[serde(flatten)]
    comm: Bytes<'h>,
    uses: Vec<String>,
    unread: bool,
}

#[derive(Serialize)]
struct KernelJson<'h> {
    kind: &'static str,
    device: Option<&'h str>,
    #[serde(flatten)]
    file: Option<Bytes<'h>>,
}

#[derive(Serialize)]
pub(in crate::mounts) struct DetachedJson<'h> {
    mount_id: Option<u32>,
    major: Option<u32>,
    minor: Option<u32>,
    file_system_mounted: Option<bool>,
    kept_by: Vec<ProcessJson<'h>>,
}

pub(super) fn answer(answer: &Answer) -> AnswerJson<'_> {
    let (is_mount_point, on, below) = match &answer.place {
        Place::MountPoint => (true, None, Vec::new()),
        Place::Other { on, below } => (false, on.as_deref(), below.iter().collect()),
    };
    let found = || answer.held.iter().map(|(_, found)| found);
    let id = |(mount, _): &(MountInfo, Holders)| mount.mount_id.0;
    AnswerJson {
        mount_point: Bytes::path("mount_point", &answer.path),
        is_mount_point,
        mount_id: answer.held.first().filter(|_| is_mount_point).map(id),
        used: answer.is_used(),
        kernel_says: answer.kernel_word.as_ref().map(|word| match word {
            KernelWord::Busy => "busy",
            KernelWord::NotBusy => "not busy",
            KernelWord::Unknown(_) => "unknown",
        }),
        on: on.map(MountJson::new),
        below: below.into_iter().map(MountJson::new).collect(),
        namespaces: found().flat_map(|f| &f.namespaces).map(namespace).collect(),
        elsewhere: found()
            .flat_map(|f| &f.elsewhere)
            .map(ProcessJson::new)
            .collect(),
        kernel: found().flat_map(|f| &f.kernel).map(kernel).collect(),
        detached: answer
            .detached
            .as_ref()
            .map(|all| all.iter().map(DetachedJson::new).collect()),
        unreadable: answer.unreadable,
        unseen: &answer.unseen,
    }
}

fn namespace(namespace: &HolderNamespace) -> NamespaceJson<'_> {
    NamespaceJson {
        inode: namespace.inode,
        namespace_id: namespace.namespace_id,
        own: namespace.is_own,
        mounts: namespace.mounts.iter().map(MountJson::new).collect(),
        users: namespace.users.iter().map(user).collect(),
        processes: namespace.processes.iter().map(ProcessJson::new).collect(),
        kept_by: namespace.kept_by.iter().map(keeper_words).collect(),
    }
}

fn user(user: &MountUser) -> UserJson<'_> {
    let (how, layer) = match &user.how {
        MountedUse::Nested => ("nested", None),
        MountedUse::Layer(layer) => ("layer", Some(Bytes::path("layer", layer))),
        _ => ("other", None),
    };
    UserJson {
        how,
        layer,
        mount: MountJson::new(&user.mount),
    }
}

fn kernel(what: &KernelUse) -> KernelJson<'_> {
    let (kind, device, file) = match what {
        KernelUse::Loop { device, file } => ("loop", Some(device.as_str()), Some(file)),
        KernelUse::Swap { file } => ("swap", None, Some(file)),
        _ => ("other", None, None),
    };
    KernelJson {
        kind,
        device,
        file: file.map(|file| Bytes::path("file", file)),
    }
}

impl<'h> ProcessJson<'h> {
    pub(in crate::mounts) fn new(process: &'h HolderProcess) -> Self {
        Self {
            pid: process.pid,
            thread: process.thread,
            comm: Bytes::text("comm", &process.comm),
            uses: process.uses.iter().map(use_words).collect(),
            unread: process.is_unread,
        }
    }
}

impl<'h> DetachedJson<'h> {
    pub(in crate::mounts) fn new(mount: &'h DetachedMount) -> Self {
        Self {
            mount_id: mount.mount_id.map(|id| id.0),
            major: mount.device.map(|device| device.major),
            minor: mount.device.map(|device| device.minor),
            file_system_mounted: mount.is_file_system_mounted,
            kept_by: mount.kept_by.iter().map(ProcessJson::new).collect(),
        }
    }
}
