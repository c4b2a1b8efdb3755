//! Writes the answer as JSON. Pure.

use daemon_host::mountscan::{MountNamespace, Namespaces};
use serde::Serialize;

use super::graph::{Graph, Place};
use super::reach::Reach;
use crate::mounts::mount_json::MountJson;
use crate::mounts::sight::unseen;
use crate::output::Bytes;

#[derive(Serialize)]
pub(super) struct AnswerJson<'n> {
    mount: Option<MountJson<'n>>,
    reached: Vec<PlaceJson<'n>>,
    kept: Vec<PlaceJson<'n>>,
    appears: Vec<PlaceJson<'n>>,
    groups: Vec<GroupJson<'n>>,
    namespaces: Vec<SpaceJson<'n>>,
    unreadable: usize,
    unseen: Vec<String>,
}

#[derive(Serialize)]
struct GroupJson<'n> {
    group: u32,
    masters: Vec<u32>,
    members: Vec<PlaceJson<'n>>,
    slaves: Vec<PlaceJson<'n>>,
}

#[derive(Serialize)]
struct PlaceJson<'n> {
    namespace: u64,
    way: &'n str,
    mount: MountJson<'n>,
}

#[derive(Serialize)]
struct SpaceJson<'n> {
    inode: u64,
    own: bool,
    processes: usize,
    pid: Option<u32>,
    #[serde(flatten)]
    comm: Option<Bytes<'n>>,
}

pub(super) fn answer<'n>(
    namespaces: &'n Namespaces,
    graph: &'n Graph<'n>,
    reach: Option<&'n Reach<'n>>,
) -> AnswerJson<'n> {
    let ways = |list: &'n [(Place<'n>, super::graph::Way)]| {
        list.iter().map(|(p, way)| place(p, way.as_str())).collect()
    };
    let groups = graph.groups.iter().filter(|_| reach.is_none());
    let groups = groups.filter(|(_, group)| group.members.len() + group.slaves.len() > 1);
    AnswerJson {
        mount: reach.map(|reach| MountJson::new(&reach.target.mount)),
        reached: reach.map_or_else(Vec::new, |reach| ways(&reach.reached)),
        kept: reach.map_or_else(Vec::new, |reach| {
            reach.kept.iter().map(|(p, why)| place(p, why)).collect()
        }),
        appears: reach.map_or_else(Vec::new, |reach| ways(&reach.below)),
        groups: groups
            .map(|(number, group)| GroupJson {
                group: *number,
                masters: group.masters.iter().copied().collect(),
                members: group.members.iter().map(|p| place(p, "peer")).collect(),
                slaves: group.slaves.iter().map(|p| place(p, "slave")).collect(),
            })
            .collect(),
        namespaces: namespaces.namespaces.iter().map(space).collect(),
        unreadable: namespaces.unreadable,
        unseen: unseen(namespaces, namespaces.unreadable),
    }
}

fn place<'n>(place: &'n Place<'n>, way: &'n str) -> PlaceJson<'n> {
    PlaceJson {
        namespace: place.space.inode,
        way,
        mount: MountJson::new(&place.mount),
    }
}

fn space(space: &MountNamespace) -> SpaceJson<'_> {
    let first = space.processes.first();
    SpaceJson {
        inode: space.inode,
        own: space.is_own,
        processes: space.processes.len(),
        pid: first.map(|process| process.pid),
        comm: first.map(|process| Bytes::text("comm", &process.comm)),
    }
}
