//! Writes the answer as text for people. Pure.

use daemon_host::mountscan::Namespaces;
use daemon_host::rootmount::short_ids;

use super::graph::{Graph, Place};
use super::picture::{space_words, who};
use super::reach::Reach;
use crate::output::{Cell, Ink, Table, count, paint, shown};

/// How many rows of a kind are shown. More are only counted.
const SHOWN: usize = 40;

pub(super) fn of_mount(reach: &Reach<'_>) -> String {
    let mount = &reach.target.mount;
    let point = shown(&mount.mount_point);
    let fs_type = mount.fs_type.to_string_lossy();
    let propagation = mount.propagation().to_string();
    let said = format!("{fs_type}, {propagation}");
    let mut text = format!("{}  {}\n", paint(Ink::Head, point), paint(Ink::Dim, said));
    let reached = reach.reached.iter();
    let reached: Vec<_> = reached
        .map(|(place, way)| (place, way.as_str().to_owned()))
        .collect();
    match reached.len() {
        0 => text.push_str("An unmount here reaches no other copy.\n"),
        n => {
            let copies = count(n, "other copy goes", "other copies go");
            text.push_str(&format!("When it is unmounted here, {copies} with it:\n"));
        }
    }
    text.push_str(&places(&reached, Ink::Good));
    if !reach.kept.is_empty() {
        let copies = count(
            reach.kept.len(),
            "copy stays and keeps",
            "copies stay and keep",
        );
        text.push_str(&format!("{copies} the file system alive:\n"));
        let kept: Vec<_> = reach.kept.iter().map(|(p, why)| (p, why.clone())).collect();
        text.push_str(&places(&kept, Ink::Warn));
    }
    let below = reach.below.iter();
    let below: Vec<_> = below
        .map(|(place, way)| (place, way.as_str().to_owned()))
        .collect();
    if !below.is_empty() {
        text.push_str("A mount made below it appears there, too:\n");
        text.push_str(&places(&below, Ink::Good));
    }
    text
}

fn places(places: &[(&Place<'_>, String)], ink: Ink) -> String {
    let mut table = Table::without_heads();
    for (place, word) in places.iter().take(SHOWN) {
        table.row([
            space_words(place).into(),
            short_ids(&place.mount.mount_point.to_string_lossy()).into(),
            Cell::inked(ink, word),
            Cell::inked(Ink::Dim, who(place)),
        ]);
    }
    let mut text = table.render_indented(2);
    if places.len() > SHOWN {
        text.push_str(&format!("  and {} more\n", places.len() - SHOWN));
    }
    text
}

pub(super) fn of_groups(graph: &Graph<'_>, namespaces: &Namespaces) -> String {
    let seen = count(
        namespaces.namespaces.len(),
        "mount namespace",
        "mount namespaces",
    );
    let mut text = String::new();
    let groups = graph.groups.iter();
    let groups: Vec<_> = groups
        .filter(|(_, group)| group.members.len() + group.slaves.len() > 1)
        .collect();
    let said = count(groups.len(), "peer group", "peer groups");
    text.push_str(&format!("{said} of more than one mount, in {seen}\n"));
    for (number, group) in groups {
        let masters: Vec<String> = group.masters.iter().map(u32::to_string).collect();
        let of = match masters.as_slice() {
            [] => String::new(),
            masters => format!(", slave of group {}", masters.join(", ")),
        };
        let head = format!("group {number}{of}");
        text.push_str(&format!("{}\n", paint(Ink::Head, head)));
        let members = group.members.iter().map(|place| (place, "peer".to_owned()));
        let slaves = group.slaves.iter().map(|place| (place, "slave".to_owned()));
        let all: Vec<_> = members.chain(slaves).collect();
        text.push_str(&places(&all, Ink::Good));
    }
    text
}
