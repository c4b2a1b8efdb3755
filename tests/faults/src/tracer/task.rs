//! What is known of one traced thread or child.

use crate::calls;
use crate::fault::Point;

pub(super) struct Task {
    /// Order of birth.
    pub(super) ordinal: usize,
    /// Calls so far, of those that matter.
    seen: usize,
    begun: bool,
    /// The call it is in.
    pub(super) entered: Option<Entered>,
}

/// What is to happen to a call that was entered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entered {
    /// The kernel is not to perform it.
    pub(super) skip: bool,
    /// The error that it is to answer.
    pub(super) answer: Option<i32>,
    pub(super) kill_now: bool,
    /// Kill once it has been performed.
    pub(super) kill_then: bool,
}

impl Entered {
    pub(super) fn failing(number: i64, errno: i32) -> Entered {
        Entered {
            skip: !calls::acts_when_failing(number),
            answer: Some(errno),
            ..Entered::default()
        }
    }
}

impl Task {
    pub(super) fn new(ordinal: usize) -> Task {
        Task {
            ordinal,
            seen: 0,
            begun: false,
            entered: None,
        }
    }

    /// True the first time.
    pub(super) fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    pub(super) fn next_point(&mut self, name: String) -> Point {
        let point = Point {
            thread: Some(self.ordinal),
            index: self.seen,
            name,
        };
        self.seen += 1;
        point
    }
}
