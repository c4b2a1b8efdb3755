//! Collects the change events that arrive while a listing is taken.

use std::collections::{BTreeMap, HashMap};

use crate::facts::{Address, Key, Link};
use crate::wire::{Body, Frame, Malformed, body};

/// The change events since the listing began.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The latest state of each address that had an event; `None` is removed.
    pub(super) touched: HashMap<Key, Option<Address>>,
    /// How many removals there were, of addresses and of links.
    pub(super) removals: u64,
    /// Events were lost.
    pub(crate) lost: bool,
    /// The latest state of each link that had an event.
    links: BTreeMap<u32, Option<Link>>,
    /// Events of other links are passed over.
    only: Option<u32>,
}

impl Window {
    pub(super) fn new(only: Option<u32>) -> Self {
        Self {
            only,
            ..Self::default()
        }
    }

    /// Takes note of an event.
    pub(super) fn note_frame(&mut self, frame: Frame<'_>) -> Result<(), Malformed> {
        self.note(body(&frame)?);
        Ok(())
    }

    pub(super) fn note(&mut self, event: Body) {
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

    /// Whether no event arrived.
    pub(super) fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.links.is_empty() && !self.lost
    }

    /// The links as they are now, from a list and the events since.
    pub(super) fn links_now(&self, mut links: BTreeMap<u32, Link>) -> BTreeMap<u32, Link> {
        for (&index, state) in &self.links {
            match state {
                Some(link) => links.insert(index, link.clone()),
                None => links.remove(&index),
            };
        }
        links
    }

    pub(super) fn is_untouched(&self, address: &Address) -> bool {
        self.touched.is_empty() || !self.touched.contains_key(&address.key())
    }
}
