//! Asks again, right before a mount is unmounted, whether it may go.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::unmount::outcome::Outcome;
use crate::unmount::target::Move;

/// How long an answer holds. After that the question is asked again.
const MAX_AGE: Duration = Duration::from_millis(100);

/// The targets that must stay. The outcome says why.
type Closed = HashMap<usize, Outcome>;

/// Lets a move pass, or says why not.
pub(crate) struct Gate {
    ask: Box<dyn Fn() -> Closed + Send + Sync>,
    /// The last answer, and until when it holds.
    last: Mutex<Option<(Instant, Closed)>>,
}

impl Gate {
    /// `judged_at` is when the last answer was "no target must stay".
    pub(crate) fn new(
        judged_at: Option<Instant>,
        ask: impl Fn() -> Closed + Send + Sync + 'static,
    ) -> Self {
        let until = judged_at.and_then(|then| then.checked_add(MAX_AGE));
        Self {
            ask: Box::new(ask),
            last: Mutex::new(until.map(|until| (until, Closed::new()))),
        }
    }

    /// Why a move must not be made; `None` if it may. It waits while another thread asks.
    pub(crate) fn refuses(&self, step: &Move) -> Option<Outcome> {
        // Held while the question is asked: one look at all processes serves all threads that
        // wait.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        if last.as_ref().is_none_or(|(until, _)| *until < began) {
            let closed = (self.ask)();
            // A slow answer holds for as long as it took: the steps must get on.
            let until = Instant::now() + MAX_AGE.max(began.elapsed());
            *last = Some((until, closed));
        }
        let (_, closed) = last.as_ref()?;
        // Those that go along are detached by the same call, so each of them can forbid it.
        let mut concerned = step.takes.iter().chain([&step.target]);
        concerned.find_map(|target| closed.get(target)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_answer_serves_many_moves_and_grows_old() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let gate = Gate::new(None, move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Closed::from([(7, Outcome::Alive { by: "x".into() })])
        });
        let step = |target, takes: &[usize]| Move {
            target,
            takes: takes.to_vec(),
        };
        for _ in 0..100 {
            assert_eq!(gate.refuses(&step(1, &[2])), None);
        }
        assert!(gate.refuses(&step(7, &[])).is_some());
        assert!(gate.refuses(&step(1, &[2, 7])).is_some());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        std::thread::sleep(MAX_AGE * 2);
        assert!(gate.refuses(&step(7, &[])).is_some());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_the_plan_knew_counts_as_long_as_a_look() {
        let step = Move {
            target: 7,
            takes: Vec::new(),
        };
        let refuses = |judged_at| {
            let ask = || Closed::from([(7, Outcome::Alive { by: "x".into() })]);
            Gate::new(judged_at, ask).refuses(&step).is_some()
        };
        let now = Instant::now();
        // A minute ahead: on a slow machine the tenth of a second may be over before the question.
        assert!(!refuses(now.checked_add(Duration::from_secs(60))));
        assert!(refuses(now.checked_sub(MAX_AGE)));
        assert!(refuses(None));
    }
}
