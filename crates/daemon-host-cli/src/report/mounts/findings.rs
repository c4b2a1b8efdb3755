//! Decides what in the mount table is a finding. Pure.

use super::facts::Mounts;
use super::probe::{LIMIT, Probed, State};
use crate::output::shown;
use crate::report::Finding;

/// How many faulty mounts have a finding each. If there are more, they are one finding.
const SHOWN: usize = 8;
/// A point with at least this many mounts is called a stack.
pub(super) const STACKED: usize = 10;
/// A part of a file system with at least this many mounts is called copied.
pub(super) const COPIED: usize = 100;
/// A part of a file system with at least this many mounts is listed in JSON.
pub(super) const REPEATED: usize = 5;

pub(in crate::report) fn findings(mounts: &Mounts) -> Vec<Finding> {
    let mut found = Vec::new();
    probed(mounts, &mut found);
    if let Some(max) = mounts.max.filter(|max| mounts.count as u64 >= max / 10 * 8) {
        let what = format!("{} of at most {max} mounts are in use", mounts.count);
        found.push(
            Finding::problem("mounts", what)
                .because("the kernel refuses more mounts than fs.mount-max in a namespace")
                .remedy("unmount what is left over, or raise it: sysctl fs.mount-max"),
        );
    }
    for (point, count) in &mounts.stacks {
        let what = format!("{count} mounts are stacked at {}", shown(point));
        found.push(
            Finding::warning("mounts", what)
                .because("something mounts there over and over and never unmounts")
                .remedy("find who mounts there; unmount all but one of them"),
        );
    }
    for (point, count) in &mounts.copies {
        let what = format!("{count} mounts show the same directory as {}", shown(point));
        found.push(
            Finding::warning("mounts", what)
                .because("a bind was made again and again, or copied itself through a shared mount")
                .remedy("see them with: daemon-host mounts list; and daemon-host mounts peers"),
        );
    }
    if mounts.root_is_private == Some(true) {
        found.push(
            Finding::warning("mounts", "the mount at / is private")
                .because(
                    "mounts of the host do not reach containers, nor those of containers the host",
                )
                .remedy("make it shared: mount --make-rshared /"),
        );
    }
    covered(mounts, &mut found);
    found
}

fn covered(mounts: &Mounts, found: &mut Vec<Finding>) {
    if let Some(unread) = &mounts.covered_unread {
        let what = "directories without their mounts were not all looked at";
        let finding = Finding::warning("root", what).because(format!(
            "{unread}; there may be files that a mount will cover"
        ));
        found.push(match &unread.remedy {
            Some(remedy) => finding.remedy(remedy),
            None => finding.remedy("look at what is named; then run it again"),
        });
    }
    for path in &mounts.covered_data {
        let what = format!("{} is not empty, and nothing is mounted there", shown(path));
        found.push(
            Finding::warning("root", what)
                .because("somebody wrote there while nothing was mounted; a mount will cover it")
                .remedy("look at the files and move them away; this command never removes them"),
        );
    }
}

fn probed(mounts: &Mounts, found: &mut Vec<Finding>) {
    let Some(probed) = &mounts.probed else {
        return;
    };
    let faulty: Vec<&Probed> = probed.iter().filter(|m| m.state.is_faulty()).collect();
    for mount in faulty.iter().take(SHOWN) {
        let (point, fs_type) = (shown(&mount.mount_point), &mount.fs_type);
        let finding = match &mount.state {
            State::Dead(why) => {
                Finding::problem("mounts", format!("{point} ({fs_type}) is dead")).because(why)
            }
            _ => {
                let limit = LIMIT.as_secs();
                Finding::problem("mounts", format!("{point} ({fs_type}) does not answer")).because(
                    format!("no answer in {limit} s: its server hangs or is out of reach"),
                )
            }
        };
        let named = &mount.mount_point;
        let remedy = format!("start its server again, or detach it: umount --lazy {named:?}");
        found.push(finding.remedy(remedy));
    }
    if faulty.len() > SHOWN {
        let what = format!(
            "{} more mounts are dead or do not answer",
            faulty.len() - SHOWN
        );
        found.push(Finding::problem("mounts", what).remedy("see them with --json"));
    }
}
