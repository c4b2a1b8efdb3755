//! Which faults an operation gets, from the list of its system calls. Pure.

use std::collections::BTreeSet;

use crate::fault::{Errno, Fault, Injection};
use crate::tracer::Call;

/// How much is done.
#[derive(Debug, Clone)]
pub(crate) struct Depth {
    pub(crate) errnos: Vec<Errno>,
    /// Each state of the world once, the errors in rotation.
    pub(crate) quick: bool,
}

/// Errors per call in a quick run.
const QUICK_ERRNOS: usize = 1;

/// Kills, and errors, of an operation in a quick run. More are thinned out evenly.
const QUICK_MOST: usize = 150;

/// A kill before and after each call; quickly, after those that change the world.
pub(crate) fn kills(calls: &[Call], depth: &Depth) -> Vec<Injection> {
    let mut kills = Vec::new();
    for (order, call) in calls.iter().enumerate() {
        // Between two changes all kills leave the same world.
        if !depth.quick || order == 0 {
            kills.push(at(call, Fault::KillBefore));
        }
        if !depth.quick || call.changes {
            kills.push(at(call, Fault::KillAfter));
        }
    }
    thinned(kills, depth)
}

/// Each call fails with each error once; and each kind of call fails for good
/// from its first use on, as under a filter, on a full disk or an old kernel.
pub(crate) fn errors(calls: &[Call], depth: &Depth) -> Vec<Injection> {
    let mut errors = Vec::new();
    let mut kinds = BTreeSet::new();
    for (order, call) in calls.iter().filter(|call| call.may_fail).enumerate() {
        for errno in chosen(order, depth) {
            errors.push(at(
                call,
                Fault::Fail {
                    errno,
                    lasting: false,
                },
            ));
        }
        if kinds.insert(call.point.name.as_str()) {
            let lasting = depth
                .errnos
                .iter()
                .filter(|errno| errno.may_last() && is_deep(**errno, depth));
            errors.extend(lasting.map(|errno| {
                at(
                    call,
                    Fault::Fail {
                        errno: *errno,
                        lasting: true,
                    },
                )
            }));
        }
    }
    thinned(errors, depth)
}

/// Kills inside the way that an operation takes around a call that is not there.
pub(crate) fn kills_around(fallback: &Injection, calls: &[Call]) -> Vec<Vec<Injection>> {
    let after = calls
        .iter()
        .skip_while(|call| call.point != fallback.point)
        .skip(1);
    after
        .filter(|call| call.changes)
        .map(|call| vec![fallback.clone(), at(call, Fault::KillAfter)])
        .collect()
}

fn thinned(all: Vec<Injection>, depth: &Depth) -> Vec<Injection> {
    if !depth.quick || all.len() <= QUICK_MOST {
        return all;
    }
    (0..QUICK_MOST)
        .map(|nth| all[nth * all.len() / QUICK_MOST].clone())
        .collect()
}

fn chosen(order: usize, depth: &Depth) -> Vec<Errno> {
    if !depth.quick {
        return depth.errnos.clone();
    }
    let rotation = depth.errnos.iter().cycle().skip(order * QUICK_ERRNOS);
    rotation
        .take(QUICK_ERRNOS.min(depth.errnos.len()))
        .copied()
        .collect()
}

/// In a quick run only a missing call lasts.
fn is_deep(errno: Errno, depth: &Depth) -> bool {
    !depth.quick || errno.number == libc::ENOSYS
}

fn at(call: &Call, fault: Fault) -> Injection {
    Injection {
        point: call.point.clone(),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{ERRNOS, Point};

    fn calls() -> Vec<Call> {
        [
            ("openat", false),
            ("write", true),
            ("openat", true),
            ("fsync", true),
        ]
        .into_iter()
        .enumerate()
        .map(|(index, (name, changes))| Call {
            point: Point {
                thread: Some(0),
                index,
                name: name.to_owned(),
            },
            text: String::new(),
            files: Vec::new(),
            changes,
            may_fail: true,
            occurrence: 0,
        })
        .collect()
    }

    fn depth(quick: bool) -> Depth {
        Depth {
            errnos: ERRNOS.to_vec(),
            quick,
        }
    }

    #[test]
    fn all_points_are_killed_and_failed_with_everything() {
        assert_eq!(kills(&calls(), &depth(false)).len(), 4 * 2);
        // Three kinds of calls, six errors that may last.
        assert_eq!(errors(&calls(), &depth(false)).len(), 4 * 7 + 3 * 6);
    }

    #[test]
    fn a_quick_run_rotates_through_all_errors() {
        assert_eq!(kills(&calls(), &depth(true)).len(), 1 + 3);
        let twice = [calls(), calls()].concat();
        let errors = errors(&twice, &depth(true));
        let names: BTreeSet<String> = errors.iter().map(|error| error.fault.to_string()).collect();
        assert_eq!(
            names
                .iter()
                .filter(|name| !name.ends_with("-lasting"))
                .count(),
            7
        );
    }

    #[test]
    fn a_fallback_is_killed_after_each_change_that_follows() {
        let calls = calls();
        let errno = ERRNOS[4];
        let fallback = at(
            &calls[1],
            Fault::Fail {
                errno,
                lasting: true,
            },
        );
        let plans = kills_around(&fallback, &calls);
        assert_eq!(plans.len(), 2);
        assert!(
            plans
                .iter()
                .all(|plan| plan[0] == fallback && plan[1].fault == Fault::KillAfter)
        );
    }
}
