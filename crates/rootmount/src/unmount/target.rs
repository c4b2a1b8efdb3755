//! The mounts to unmount, and their order. Pure.

use std::collections::{HashMap, HashSet};

use mountscan::MountId;

use crate::mount::MountRef;

/// One mount to unmount.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) mount: MountRef,
    pub(crate) parent_id: MountId,
    /// Whether a look-up inside it may hang for ever, because its files come from a server.
    pub(crate) may_hang: bool,
    /// Whether it is detached at once, with all that is mounted on it.
    pub(crate) whole_tree: bool,
}

/// One unmount call: for a target, perhaps together with others that lie on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    /// The target, by its place in the list.
    pub(crate) target: usize,
    /// Targets on it that go with it, all at once, and are not looked up.
    pub(crate) takes: Vec<usize>,
}

/// Moves that depend on each other, in their order. A mount comes after those on it.
pub(crate) type Job = Vec<Move>;

/// Filesystem types whose files come from a server or a program.
const SERVED: [&str; 12] = [
    "fuse", "nfs", "cifs", "smb", "9p", "virtiofs", "ceph", "afs", "lustre", "gluster", "coda",
    "davfs",
];

/// Whether a look-up on such a filesystem may wait for somebody else.
pub(crate) fn is_served(fs_type: &[u8]) -> bool {
    SERVED.iter().any(|s| fs_type.starts_with(s.as_bytes()))
}

/// Splits some of the targets into jobs that do not depend on each other. Each job is a
/// mount with those on it.
pub(crate) fn jobs(targets: &[Target], chosen: impl Fn(usize) -> bool) -> Vec<Job> {
    let mut of_mount: HashMap<MountId, usize> = HashMap::with_capacity(targets.len());
    let mut jobs: Vec<Job> = Vec::new();
    // From the end, because a mount comes after those on it.
    for (index, target) in targets.iter().enumerate().rev() {
        let job = *of_mount.get(&target.parent_id).unwrap_or(&jobs.len());
        if job == jobs.len() {
            jobs.push(Job::new());
        }
        jobs[job].push(Move {
            target: index,
            takes: Vec::new(),
        });
        of_mount.insert(target.mount.mount_id, job);
    }
    let is_chosen = |job: &Job| job.first().is_some_and(|lowest| chosen(lowest.target));
    let in_order = |mut job: Job| {
        job.reverse();
        job
    };
    let chosen = jobs.into_iter().rev().filter(is_chosen);
    chosen.map(in_order).collect()
}

/// Avoids every look-up inside a mount that may hang. Such a mount goes together with
/// everything on it.
pub(crate) fn spare_look_ups(targets: &[Target], job: Job) -> Job {
    if job.len() == 1 || !job.iter().any(|m| targets[m.target].may_hang) {
        return job;
    }
    // The lowest such mount first: it takes the others on it along.
    let served = job.iter().rev().map(|m| m.target);
    let served: Vec<usize> = served.filter(|&t| targets[t].may_hang).collect();
    served
        .into_iter()
        .fold(job, |job, top| gather(targets, job, top))
}

/// The rest of a job after the move at `hung` did not answer. The mount that the target lies on
/// now goes together with everything on it. `None` if that mount is not planned to go.
pub(crate) fn from_above(targets: &[Target], job: &Job, hung: usize) -> Option<Job> {
    let rest = job[hung..].to_vec();
    let parent = targets[job[hung].target].parent_id;
    let top = rest
        .iter()
        .map(|m| m.target)
        .find(|&t| targets[t].mount.mount_id == parent)?;
    Some(gather(targets, rest, top))
}

/// The same job, but everything on `top` goes in the one move of `top`.
fn gather(targets: &[Target], job: Job, top: usize) -> Job {
    let mut inside: HashSet<MountId> = HashSet::from([targets[top].mount.mount_id]);
    let mut takes = Vec::new();
    let mut rest = Job::new();
    // From the lowest: a mount is met before those on it.
    for mut step in job.into_iter().rev() {
        let target = &targets[step.target];
        if step.target == top {
            takes.append(&mut step.takes);
            rest.push(step);
        } else if inside.contains(&target.parent_id) {
            inside.insert(target.mount.mount_id);
            takes.push(step.target);
            takes.append(&mut step.takes);
        } else {
            rest.push(step);
        }
    }
    if let Some(step) = rest.iter_mut().find(|m| m.target == top) {
        takes.sort_unstable();
        step.takes = takes;
    }
    rest.reverse();
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use mountscan::Device;
    use std::path::PathBuf;

    /// Mounts by id and parent, deepest first, some of them served.
    fn targets(rows: &[(u32, u32)], served: &[u32]) -> Vec<Target> {
        let target = |&(id, parent): &(u32, u32)| Target {
            mount: MountRef {
                mount_id: MountId(id),
                unique_id: None,
                device: Device {
                    major: 0,
                    minor: id,
                },
                root: PathBuf::from("/"),
                mount_point: PathBuf::from(format!("/r/{id}")),
            },
            parent_id: MountId(parent),
            may_hang: served.contains(&id),
            whole_tree: false,
        };
        rows.iter().map(target).collect()
    }

    /// A job as `(id, ids that go with it)`.
    fn shape(targets: &[Target], job: &Job) -> Vec<(u32, Vec<u32>)> {
        let id = |&t: &usize| targets[t].mount.mount_id.0;
        let line = |m: &Move| (id(&m.target), m.takes.iter().map(id).collect());
        job.iter().map(line).collect()
    }

    #[test]
    fn mounts_on_each_other_are_one_job_and_others_are_not() {
        let t = targets(&[(5, 4), (4, 1), (3, 2), (2, 1)], &[]);
        let jobs = jobs(&t, |_| true);
        let shapes: Vec<_> = jobs.iter().map(|j| shape(&t, j)).collect();
        let alone = |id| (id, vec![]);
        assert_eq!(shapes, [vec![alone(5), alone(4)], vec![alone(3), alone(2)]]);
    }

    #[test]
    fn nothing_is_looked_up_inside_what_may_hang() {
        // 2 holds 3 (served, holds 4 and 5, which holds 6) and 7.
        let rows = [(7, 2), (6, 5), (5, 3), (4, 3), (3, 2), (2, 1)];
        let t = targets(&rows, &[3, 5]);
        let job = jobs(&t, |_| true).remove(0);
        let spared = spare_look_ups(&t, job);
        assert_eq!(
            shape(&t, &spared),
            [(7, vec![]), (3, vec![6, 5, 4]), (2, vec![])]
        );
    }

    #[test]
    fn what_does_not_answer_goes_from_above() {
        let rows = [(7, 2), (4, 3), (3, 2), (2, 1)];
        let t = targets(&rows, &[]);
        let job = jobs(&t, |_| true).remove(0);
        let rest = from_above(&t, &job, 1).unwrap();
        assert_eq!(shape(&t, &rest), [(3, vec![4]), (2, vec![])]);
        // If 3 hangs too, the next one takes all of it.
        let rest = from_above(&t, &rest, 0).unwrap();
        assert_eq!(shape(&t, &rest), [(2, vec![4, 3])]);
        assert_eq!(from_above(&t, &rest, 0), None);
    }
}
