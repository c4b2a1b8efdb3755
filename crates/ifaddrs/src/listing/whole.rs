//! Whether a dump that came in several datagrams is whole. Pure.
//!
//! Between two datagrams of a dump the kernel keeps its place as a *count* of entries. When an entry before
//! that place is removed meanwhile, the next datagram begins one too late and an entry that was there all
//! the time is missing; when one is added, an entry comes twice. Within a datagram nothing is missed: it is
//! a run of neighbours in the list. A filtered dump never says that it was disturbed, so the change events
//! of the same time are held against it:
//!
//! * nothing was removed: the dump is whole;
//! * else every seam between two runs must be bridged, by an untouched entry that is in both runs, or by a
//!   run of another dump that has an untouched entry of the first and, after it, one of the second.
//!
//! "Untouched" entries had no event: they were there all the time, in the same order.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::facts::{Address, Key, Link};
use crate::wire::Body;

/// One dump: its entries, and where its datagrams ended.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) addresses: Vec<Address>,
    pub(crate) runs: Vec<Run>,
    /// The kernel said that it was disturbed.
    pub(crate) interrupted: bool,
    /// [`Window::removals`] before it began.
    pub(crate) removals_before: u64,
}

/// One datagram's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// One past its last entry in [`Round::addresses`].
    pub(crate) end: usize,
    /// There was room for more, so its list (of one family) ended with it: nothing can be missing at its
    /// end.
    pub(crate) ended: bool,
}

/// Whether a datagram of this length had room for another message.
///
/// The kernel fills 32 KiB less its own overhead, or, when so much memory is not to be had at once, one page
/// but never more than 8 KiB (`NLMSG_GOODSIZE`). A length just below either is taken for full.
pub(crate) fn had_room(length: usize) -> bool {
    const MESSAGE: usize = 512;
    length <= 3584 - MESSAGE || (LARGEST_PAGE < length && length <= 32256 - MESSAGE)
}

/// The size of a page where that is certain, else the most that is ever filled of one.
const LARGEST_PAGE: usize = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) {
    4096
} else {
    8192
};

impl Round {
    pub(crate) fn end_run(&mut self, length: usize) {
        let end = self.addresses.len();
        let begin = self.runs.last().map_or(0, |run| run.end);
        if end > begin || !had_room(length) {
            self.runs.push(Run {
                end,
                ended: had_room(length),
            });
        }
    }

    /// No seam at which anything could be missing.
    pub(crate) fn is_seamless(&self) -> bool {
        self.runs.iter().all(|run| run.ended)
    }

    fn slices(&self) -> impl Iterator<Item = (&[Address], bool)> {
        let mut begin = 0;
        self.runs.iter().map(move |run| {
            let slice = &self.addresses[begin..run.end];
            begin = run.end;
            (slice, run.ended)
        })
    }

    /// The entries, each once, in order.
    pub(crate) fn into_distinct(mut self) -> Vec<Address> {
        // A repeated entry needs a seam; nearly every dump is one run and one list per family.
        if self.runs.len() > 1 {
            keep_first_of_each(&mut self.addresses);
        }
        self.addresses
    }
}

fn keep_first_of_each(addresses: &mut Vec<Address>) {
    let mut seen = HashSet::with_capacity(addresses.len());
    addresses.retain(|address| seen.insert(address.key()));
}

/// The change events since the listing began.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The latest state of each address that had an event; `None` is removed.
    touched: HashMap<Key, Option<Address>>,
    /// How many removals there were, of addresses and of links.
    pub(crate) removals: u64,
    /// Events were lost.
    pub(crate) lost: bool,
    /// The latest state of each link that had an event.
    links: BTreeMap<u32, Option<Link>>,
    /// Events of other links are passed over.
    only: Option<u32>,
}

impl Window {
    pub(crate) fn new(only: Option<u32>) -> Self {
        Self {
            only,
            ..Self::default()
        }
    }

    /// Takes note of an event.
    pub(crate) fn note(&mut self, event: Body) {
        let concerns = |index| self.only.is_none_or(|only| only == index);
        match event {
            Body::Address(address) if concerns(address.ifindex) => {
                self.touched.insert(address.key(), Some(address));
            }
            Body::AddressGone(address) if concerns(address.ifindex) => {
                self.touched.insert(address.key(), None);
                self.removals += 1;
            }
            Body::Link(link) if concerns(link.ifindex) => {
                self.links.insert(link.ifindex, Some(link));
            }
            Body::LinkGone(link) if concerns(link.ifindex) => {
                self.links.insert(link.ifindex, None);
                self.removals += 1;
            }
            _ => {}
        }
    }

    /// Nothing happened.
    fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.links.is_empty() && !self.lost
    }

    /// The links as they are now, from a list and the events since.
    pub(crate) fn links_now(&self, mut links: BTreeMap<u32, Link>) -> BTreeMap<u32, Link> {
        for (&index, state) in &self.links {
            match state {
                Some(link) => links.insert(index, link.clone()),
                None => links.remove(&index),
            };
        }
        links
    }

    fn is_untouched(&self, address: &Address) -> bool {
        self.touched.is_empty() || !self.touched.contains_key(&address.key())
    }
}

/// The whole list, if these dumps and events prove one.
///
/// `rounds` is not empty; it is emptied when the answer is some.
pub(crate) fn settle(rounds: &mut Vec<Round>, window: &Window) -> Option<Vec<Address>> {
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

/// All untouched entries of all rounds in the kernel's order, and the latest state of the touched ones.
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

/// Where no events can be had: two dumps after each other that are undisturbed and equal.
pub(crate) fn two_equal(rounds: &mut Vec<Round>) -> Option<Vec<Address>> {
    let [.., before, latest] = &rounds[..] else {
        return None;
    };
    let keys = |round: &Round| round.addresses.iter().map(Address::key).collect::<Vec<_>>();
    if before.interrupted || latest.interrupted || keys(before) != keys(latest) {
        return None;
    }
    std::mem::take(rounds).pop().map(Round::into_distinct)
}

/// The best there is when nothing is proved: all that any dump saw and no event took away.
pub(crate) fn torn(rounds: &mut Vec<Round>, window: &Window) -> Vec<Address> {
    merge(std::mem::take(rounds), window)
}

#[cfg(test)]
mod tests;
