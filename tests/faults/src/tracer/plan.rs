//! What is to happen to a call that was entered. Pure.

use super::Call;
use super::task::Entered;
use crate::fault::{Fault, Injection, Point};

/// The injections of a run and how far they have come to pass.
pub(super) struct Plan<'a> {
    injections: &'a [Injection],
    /// Call numbers that fail from now on, and with what.
    lasting: Vec<(i64, i32)>,
    /// How many of the injections were met.
    pub(super) reached: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(injections: &'a [Injection]) -> Plan<'a> {
        Plan {
            injections,
            lasting: Vec::new(),
            reached: 0,
        }
    }

    pub(super) fn decide(&mut self, call: &Call, number: i64) -> Entered {
        let planned = self
            .injections
            .iter()
            .find(|injection| means(&injection.point, call));
        self.reached += usize::from(planned.is_some());
        match planned.map(|injection| injection.fault) {
            Some(Fault::KillBefore) => Entered {
                skip: true,
                kill_now: true,
                ..Entered::default()
            },
            Some(Fault::KillAfter) => Entered {
                kill_then: true,
                ..Entered::default()
            },
            Some(Fault::Fail { errno, lasting }) => {
                if lasting {
                    self.lasting.push((number, errno.number));
                }
                Entered::failing(number, errno.number)
            }
            None => self.lastingly(call, number),
        }
    }

    fn lastingly(&self, call: &Call, number: i64) -> Entered {
        let failing = self
            .lasting
            .iter()
            .find(|(known, _)| *known == number && call.may_fail);
        failing.map_or_else(Entered::default, |(_, errno)| {
            Entered::failing(number, *errno)
        })
    }
}

fn means(point: &Point, call: &Call) -> bool {
    match point.thread {
        Some(_) => *point == call.point,
        None => point.name == call.point.name && point.index == call.occurrence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::ERRNOS;

    fn call(thread: usize, index: usize, occurrence: usize) -> Call {
        Call {
            point: Point {
                thread: Some(thread),
                index,
                name: "openat".to_owned(),
            },
            text: String::new(),
            files: Vec::new(),
            changes: false,
            may_fail: true,
            occurrence,
        }
    }

    #[test]
    fn a_lasting_error_begins_at_its_point() {
        let point = Point {
            thread: None,
            index: 1,
            name: "openat".to_owned(),
        };
        let fault = Fault::Fail {
            errno: ERRNOS[1],
            lasting: true,
        };
        let injections = [Injection { point, fault }];
        let mut plan = Plan::new(&injections);
        let answers: Vec<Option<i32>> = (0..3)
            .map(|n| plan.decide(&call(n, 5, n), 257).answer)
            .collect();
        assert_eq!(answers, [None, Some(libc::EIO), Some(libc::EIO)]);
        assert_eq!(
            plan.decide(
                &Call {
                    may_fail: false,
                    ..call(0, 6, 3)
                },
                257
            )
            .answer,
            None
        );
        assert_eq!(plan.decide(&call(0, 7, 4), 3).answer, None);
        assert_eq!(plan.reached, 1);
    }
}
