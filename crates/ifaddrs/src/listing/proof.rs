//! Whether a dump that came in several datagrams is whole.
//!
//! Between two datagrams of a dump the kernel keeps its place as a *count* of entries. If an entry
//! before that place is removed meanwhile, the next datagram begins one entry too late. Then an
//! entry is missing that existed all the time. If an entry is added, another one comes twice.
//! Within a datagram nothing is missed: it is a run of neighbours in the list. A filtered dump
//! never says that it was disturbed, so it is compared with the change events of the same time:
//!
//! * Where nothing was removed, the dump is whole.
//! * Otherwise every seam between two runs must be bridged. An untouched entry that is in both
//!   runs bridges it. A run of another dump bridges it, too, if it holds an untouched entry of the
//!   first run and, later, one of the second run.
//!
//! "Untouched" entries had no event: they were there all the time, in the same order.

use std::collections::{HashMap, HashSet};

use super::round::Round;
use super::window::Window;
use crate::facts::{Address, Key};

/// The whole list, if these dumps and events prove one.
///
/// `rounds` is not empty; it is emptied when the answer is some.
pub(super) fn settle(rounds: &mut Vec<Round>, window: &Window) -> Option<Vec<Address>> {
    let latest = rounds.last()?;
    let quiet = latest.removals_before == window.removals && !latest.interrupted;
    if !quiet && !all_bridged(latest, &rounds[..rounds.len() - 1], window) {
        return None;
    }
    Some(merge(std::mem::take(rounds), window))
}

/// Whether each seam of `latest` that may hide a gap is bridged.
fn all_bridged(latest: &Round, others: &[Round], window: &Window) -> bool {
    let runs: Vec<_> = latest.slices().collect();
    let mut bridged: Vec<bool> = runs.iter().map(|(_, ended)| *ended).collect();
    let mut home: HashMap<Key, usize> = HashMap::new();
    for (n, (run, _)) in runs.iter().enumerate() {
        for address in run.iter().filter(|address| window.is_untouched(address)) {
            // In two neighbouring runs: the list moved up, nothing was left out.
            if home.insert(address.key(), n) == n.checked_sub(1) && n > 0 {
                bridged[n - 1] = true;
            }
        }
    }
    for other in others {
        let last = other.runs.len().saturating_sub(1);
        for (n, (run, ended)) in other.slices().enumerate() {
            let mut met = vec![false; runs.len()];
            for address in run.iter().filter(|address| window.is_untouched(address)) {
                let Some(&at) = home.get(&address.key()) else {
                    continue;
                };
                if at > 0 && met[at - 1] {
                    bridged[at - 1] = true;
                }
                met[at] = true;
            }
            // A run that reaches the list's end bridges the seam after the last run.
            match (bridged.last_mut(), met.last()) {
                (Some(bridge), Some(true)) if n == last && ended => *bridge = true,
                _ => {}
            }
        }
    }
    bridged.into_iter().all(|bridge| bridge)
}

/// All untouched entries of all rounds in the kernel's order, and the latest state of the touched
/// ones.
fn merge(mut rounds: Vec<Round>, window: &Window) -> Vec<Address> {
    let latest = rounds.pop().unwrap_or_default();
    if rounds.is_empty() && window.is_empty() {
        // An entry comes twice only when another is added meanwhile.
        return latest.addresses;
    }
    let mut addresses = latest.into_distinct();
    let mut present: HashSet<Key> = match rounds.is_empty() {
        true => HashSet::new(),
        false => addresses.iter().map(Address::key).collect(),
    };
    for round in rounds {
        let mut before = None;
        for address in round.addresses {
            let key = address.key();
            if present.insert(key) {
                // Few are missing: those at a seam.
                let at = before.and_then(|key| addresses.iter().position(|have| have.key() == key));
                addresses.insert(at.map_or(0, |at| at + 1), address);
            }
            before = Some(key);
        }
    }
    if window.touched.is_empty() {
        return addresses;
    }
    let mut pending = window.touched.clone();
    addresses.retain_mut(|address| match pending.remove(&address.key()) {
        None => true,
        Some(None) => false,
        Some(Some(newer)) => {
            *address = newer;
            true
        }
    });
    addresses.extend(pending.into_values().flatten());
    addresses.sort_by_key(|address| address.address.is_ipv6());
    addresses
}

/// Proves a list without events: two dumps in a row are undisturbed and equal.
pub(super) fn two_equal(rounds: &mut Vec<Round>) -> Option<Vec<Address>> {
    let [.., before, latest] = &rounds[..] else {
        return None;
    };
    let keys = |round: &Round| round.addresses.iter().map(Address::key).collect::<Vec<_>>();
    if before.interrupted || latest.interrupted || keys(before) != keys(latest) {
        return None;
    }
    std::mem::take(rounds).pop().map(Round::into_distinct)
}

/// The best answer when nothing is proved: all that any dump saw and no event took away.
pub(super) fn torn(rounds: &mut Vec<Round>, window: &Window) -> Vec<Address> {
    merge(std::mem::take(rounds), window)
}

#[cfg(test)]
mod tests;
