//! Says in words what could not be seen of the machine. Pure.

use std::path::Path;

use daemon_host::mountscan::{Extent, MountInfo, MountTable, Namespaces};

use crate::output::{count, shown};

/// Something that could not be seen.
pub(super) struct Unseen {
    pub(super) what: String,
    /// Whether somebody with more privilege would see it.
    pub(super) is_privilege: bool,
}

/// One line for each thing. No line if everything was seen. `unreadable` is the number of processes
/// that could not be looked into.
pub(super) fn unseen(all: &Namespaces, unreadable: usize) -> Vec<String> {
    things(all, unreadable)
        .into_iter()
        .map(|unseen| unseen.what)
        .collect()
}

/// The line for a table that shows only a part of its namespace.
pub(super) fn part(table: &MountTable) -> Option<String> {
    let said = "only a part of this mount namespace is seen from this root directory (chroot)";
    (table.extent() == Extent::Part).then(|| said.to_owned())
}

/// The line for a file that would tell of loop devices or swap files.
pub(super) fn kernel_unread(path: &Path) -> String {
    let kind = match path.ends_with("swaps") {
        true => "swap files",
        false => "loop devices",
    };
    format!("{} could not be read, which tells of {kind}", shown(path))
}

/// The line for an overlay of which a layer could not be found.
pub(super) fn unplaced(overlay: &MountInfo) -> String {
    let point = &overlay.mount_point;
    format!(
        "not every layer of the overlay at {point:?} could be found: a path is relative, leads \
         nowhere now, or goes through a file system that may wait"
    )
}

/// The same, with whether a privilege is missing.
pub(super) fn things(all: &Namespaces, unreadable: usize) -> Vec<Unseen> {
    let privilege = |what: String| Unseen {
        what,
        is_privilege: true,
    };
    let mut unseen = Vec::new();
    if unreadable > 0 {
        let who = count(unreadable, "process", "processes");
        unseen.push(privilege(format!("{who} could not be looked into")));
    }
    if all.hides {
        let said = "/proc hides the processes of other users (hidepid)";
        unseen.push(privilege(said.to_owned()));
    }
    if all.is_initial != Some(true) {
        let said = match all.is_initial {
            None => "it is not known whether /proc shows the processes of the whole machine",
            _ => "/proc does not show the processes of the whole machine: this is a pid namespace",
        };
        unseen.push(Unseen {
            what: said.to_owned(),
            is_privilege: false,
        });
    }
    if all.closed > 0 {
        let what = "mount namespace could not be read";
        let many = "mount namespaces could not be read";
        unseen.push(privilege(count(all.closed, what, many)));
    }
    unseen
}
