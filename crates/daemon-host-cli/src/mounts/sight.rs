//! Says in words what could not be seen of the machine. Pure.

use daemon_host::mountscan::Namespaces;

use crate::output::count;

/// One line for each thing. No line if everything was seen.
pub(super) fn unseen(all: &Namespaces) -> Vec<String> {
    let mut unseen = Vec::new();
    if all.unreadable > 0 {
        let who = count(all.unreadable, "process", "processes");
        unseen.push(format!("{who} could not be looked into"));
    }
    if all.hides {
        unseen.push("/proc hides the processes of other users (hidepid)".to_owned());
    }
    if all.is_initial != Some(true) {
        let said =
            "/proc does not show the processes of the whole machine: this is a pid namespace";
        unseen.push(said.to_owned());
    }
    if all.closed > 0 {
        let what = "mount namespace could not be read";
        let many = "mount namespaces could not be read";
        unseen.push(count(all.closed, what, many));
    }
    unseen
}
