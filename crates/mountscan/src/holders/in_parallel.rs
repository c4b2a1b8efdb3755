//! Works on many items with a few threads.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// One thread is used for each this many items. For fewer, a thread costs more than it saves.
const WORTH_A_THREAD: usize = 32;
/// The most threads. More of them would only wait for the same locks of the kernel.
const MOST: usize = 4;

/// Works on all items and returns the results in their order.
///
/// Some items have to be worked on while no other thread of ours runs (`is_alone`). They come
/// first. A look at the own process would otherwise show the helper threads and their open files.
pub(super) fn map<T: Sync, R: Send>(
    items: &[T],
    is_alone: impl Fn(&T) -> bool,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let (alone, rest): (Vec<usize>, Vec<usize>) =
        (0..items.len()).partition(|&place| is_alone(&items[place]));
    let one = |place: usize| (place, work(&items[place]));
    let mut done: Vec<(usize, R)> = alone.into_iter().map(one).collect();
    let next = AtomicUsize::new(0);
    // The next free item and no fixed share: one process with many descriptors holds up nobody
    // else.
    let share = || {
        let places = std::iter::from_fn(|| rest.get(next.fetch_add(1, Ordering::Relaxed)));
        places.map(|&place| one(place)).collect::<Vec<_>>()
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(MOST).min(rest.len() / WORTH_A_THREAD);
    thread::scope(|scope| {
        // If the system gives no thread, this one does all the work.
        let start = |_| thread::Builder::new().spawn_scoped(scope, share).ok();
        let helpers: Vec<_> = (1..threads).filter_map(start).collect();
        done.extend(share());
        for helper in helpers {
            match helper.join() {
                Ok(results) => done.extend(results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items_and_none_is_worked_on_twice() {
        for count in [0, 1, 31, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let calls = AtomicUsize::new(0);
            let caller = thread::current().id();
            let results = map(
                &items,
                |item| item % 3 == 2,
                |&item| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    assert!(item % 3 != 2 || thread::current().id() == caller);
                    item * 2
                },
            );
            assert!(results.into_iter().eq((0..count).map(|item| item * 2)));
            assert_eq!(calls.into_inner(), count);
        }
    }
}
