//! Decides what is drawn: one hub with spokes for each group. Pure.

use daemon_host::rootmount::short_ids;

use super::graph::{Graph, Place, Way};
use super::reach::Reach;

/// One hub with its spokes.
pub(super) struct Wheel {
    pub(super) hub: Vec<String>,
    pub(super) spokes: Vec<Spoke>,
}

/// What hangs on a hub.
pub(super) struct Spoke {
    pub(super) lines: Vec<String>,
    pub(super) link: Link,
    /// The word at the link.
    pub(super) word: String,
}

/// How a spoke and its hub are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Events go both ways.
    Both,
    /// Events go from the hub to the spoke.
    Out,
    /// Events go from the spoke to the hub.
    In,
    /// No event gets there.
    Cut,
}

/// How many spokes of a hub are drawn. More are only counted.
const SHOWN: usize = 40;

/// A mount, with all mounts that its unmounting reaches or does not reach.
pub(super) fn of_mount(reach: &Reach<'_>) -> Vec<Wheel> {
    let reached = reach
        .reached
        .iter()
        .map(|(place, way)| spoke(place, *way, "goes too"));
    let kept = reach.kept.iter().map(|(place, why)| Spoke {
        lines: lines(place),
        link: Link::Cut,
        word: format!("stays: {why}"),
    });
    let mut hub = lines(&reach.target);
    hub.push("unmounted here".into());
    vec![wheel(hub, kept.chain(reached).collect())]
}

/// Every group that has more than one mount.
pub(super) fn of_groups(graph: &Graph<'_>) -> Vec<Wheel> {
    let groups = graph.groups.iter();
    let groups = groups.filter(|(_, group)| group.members.len() + group.slaves.len() > 1);
    let wheels = groups.map(|(number, group)| {
        let masters = group.masters.iter().map(|master| Spoke {
            lines: vec![format!("peer group {master}")],
            link: Link::In,
            word: "master".into(),
        });
        let members = group
            .members
            .iter()
            .map(|place| spoke(place, Way::Peer, "peer"));
        let slaves = group
            .slaves
            .iter()
            .map(|place| spoke(place, Way::Slave, "slave"));
        let spokes = masters.chain(members).chain(slaves).collect();
        wheel(vec![format!("peer group {number}")], spokes)
    });
    wheels.collect()
}

fn wheel(hub: Vec<String>, mut spokes: Vec<Spoke>) -> Wheel {
    if spokes.len() > SHOWN {
        let more = spokes.len() - SHOWN;
        spokes.truncate(SHOWN);
        spokes.push(Spoke {
            lines: vec![format!("and {more} more")],
            link: Link::Out,
            word: String::new(),
        });
    }
    Wheel { hub, spokes }
}

fn spoke(place: &Place<'_>, way: Way, word: &str) -> Spoke {
    Spoke {
        lines: lines(place),
        link: match way {
            Way::Peer => Link::Both,
            Way::Slave => Link::Out,
        },
        word: word.into(),
    }
}

/// Where a mount is, and who lives there.
fn lines(place: &Place<'_>) -> Vec<String> {
    let point = short_ids(&place.mount.mount_point.to_string_lossy());
    let fs_type = place.mount.fs_type.to_string_lossy();
    vec![
        format!("{} ({fs_type})", point.escape_debug()),
        format!("{}, {}", space_words(place), who(place)),
    ]
}

pub(super) fn space_words(place: &Place<'_>) -> String {
    match place.space.is_own {
        true => "this namespace".into(),
        false => format!("mnt:[{}]", place.space.inode),
    }
}

/// The first process of the namespace. A person recognises the namespace by it.
pub(super) fn who(place: &Place<'_>) -> String {
    let processes = &place.space.processes;
    match processes.as_slice() {
        [] => "no process".into(),
        [one] => format!("pid {} {}", one.pid, one.comm.to_string_lossy()),
        [first, others @ ..] => {
            let comm = first.comm.to_string_lossy();
            format!("pid {} {comm} and {} more", first.pid, others.len())
        }
    }
}

/// A text as a picture shows it. `markup` gives what stands for a character with a meaning in the
/// picture's language. Control characters are escaped.
pub(super) fn shown(text: &str, markup: impl Fn(char) -> Option<String>) -> String {
    let mut shown = String::new();
    for char in text.chars() {
        match markup(char) {
            Some(safe) => shown.push_str(&safe),
            None if char.is_control() => shown.extend(char.escape_default()),
            None => shown.push(char),
        }
    }
    shown
}
