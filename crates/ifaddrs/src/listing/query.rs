//! The queries, over any transport: one link, its addresses, all links.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nix::libc;

use super::exchange::{End, Exchange, Expects, Part};
use super::outcome::{is_missing, is_same, join, missing, refused, torn};
use super::whole::{self, Round};
use crate::error::Error;
use crate::facts::{Address, Link, LinkAddrs};
use crate::log::debug;
use crate::options::Limits;
use crate::socket::{ADDRESSES, LINKS, Transport};
use crate::wire::{self, Body, Which};

/// How many links are remembered as having many addresses.
const REMEMBERED: usize = 256;
/// All groups.
pub(crate) const ALL_GROUPS: [u32; 3] = [LINKS, ADDRESSES[0], ADDRESSES[1]];

/// An exchange with what is kept between queries.
pub(crate) struct Query<T> {
    pub(crate) exchange: Exchange<T>,
    /// Whether the groups are joined from the first and never left: for watching, and for a socket that
    /// serves one listing.
    always_guarded: bool,
    /// Links whose addresses did not fit one datagram: their dumps are guarded from the start.
    large: BTreeSet<u32>,
    /// How many times in a row events were lost.
    losses: u32,
}

impl<T: Transport> Query<T> {
    pub(crate) fn new(transport: T, limits: Limits, always_guarded: bool) -> Self {
        Self {
            exchange: Exchange::new(transport, limits),
            always_guarded,
            large: BTreeSet::new(),
            losses: 0,
        }
    }

    /// One link; `None` when there is none.
    pub(crate) async fn link(&mut self, which: Which<'_>) -> Result<Option<Link>, Error> {
        which.check()?;
        if matches!(which, Which::Index(index) if index == 0 || index > i32::MAX as u32) {
            return Ok(None);
        }
        for _ in 0..self.exchange.limits.attempts {
            let mut found = None;
            let take = |part| {
                if let Part::Body(Body::Link(link), _) = part {
                    found = Some(link);
                }
            };
            let request = |sequence| wire::get_link(which, sequence);
            match self.exchange.ask(Expects::One, request, take).await? {
                End::Complete => return Ok(found),
                End::Refused(errno, _) if is_missing(which, errno) => return Ok(None),
                End::Refused(errno, words) => {
                    return Err(refused("RTM_GETLINK", which, errno, words));
                }
                End::Overrun => {}
            }
        }
        Err(torn("RTM_GETLINK", which))
    }

    /// One link and its addresses.
    pub(crate) async fn addrs(&mut self, which: Which<'_>) -> Result<LinkAddrs, Error> {
        self.exchange.renew()?;
        self.leave();
        let answer = self.one(which).await;
        self.leave();
        answer
    }

    /// All links and their addresses, by number.
    pub(crate) async fn all(&mut self) -> Result<Vec<LinkAddrs>, Error> {
        self.exchange.renew()?;
        self.leave();
        let answer = self.every().await;
        self.leave();
        answer
    }

    fn leave(&mut self) {
        if !self.always_guarded {
            self.exchange.unguard();
        }
    }

    async fn one(&mut self, which: Which<'_>) -> Result<LinkAddrs, Error> {
        let mut rounds = Vec::new();
        let mut last_seen = None;
        for attempt in 0..self.exchange.limits.attempts {
            let Some(link) = self.link(which).await? else {
                return Ok(missing(which));
            };
            let index = link.ifindex;
            if last_seen
                .replace(index)
                .is_some_and(|before| before != index)
            {
                // Another link took the name: what was seen before is of no use.
                rounds.clear();
                self.exchange.unguard();
            }
            if attempt > 0 || self.always_guarded || self.large.contains(&index) {
                self.guard_one(index);
            }
            self.begin_again_if_lost(&mut rounds, self.scope(index))
                .await;
            let Some(round) = self.dump(self.scope(index), which, rounds.len()).await? else {
                continue;
            };
            let seamless = round.is_seamless() && !round.interrupted;
            if seamless && self.exchange.transport.filters() {
                self.large.remove(&index);
                return Ok(LinkAddrs::of(link, round.into_distinct(), true));
            }
            if attempt == 0 && self.exchange.transport.filters() && !self.exchange.is_guarded() {
                self.remember_large(index);
                continue;
            }
            rounds.push(round);
            // This also waits for whoever is just changing something, so that its event is here in time.
            if !self
                .link(Which::Index(index))
                .await?
                .is_some_and(|now| is_same(which, &now))
            {
                continue;
            }
            if let Some(mut addrs) = self.settled(&mut rounds) {
                addrs.retain(|address| address.ifindex == index);
                return Ok(LinkAddrs::of(link, addrs, true));
            }
            self.pause_if_blind().await;
        }
        self.best_of_one(which, last_seen, rounds).await
    }

    async fn every(&mut self) -> Result<Vec<LinkAddrs>, Error> {
        const WHICH: Which<'_> = Which::Index(0);
        self.exchange.guard(&ALL_GROUPS, None);
        self.exchange.restart(None);
        let mut rounds = Vec::new();
        let mut links = None;
        for _ in 0..self.exchange.limits.attempts {
            self.exchange.guard(&ALL_GROUPS, None);
            if self.begin_again_if_lost(&mut rounds, None).await || links.is_none() {
                links = self.links().await?;
            }
            let round = self.dump(None, WHICH, rounds.len()).await?;
            rounds.extend(round);
            // As above; the loopback link is always there to be asked for.
            self.link(Which::Index(1)).await?;
            let settled = if links.is_some() {
                self.settled(&mut rounds)
            } else {
                None
            };
            if let (Some(addrs), Some(links)) = (settled, links.take()) {
                if let Some(all) = join(self.exchange.window.links_now(links), addrs, true) {
                    return Ok(all);
                }
            }
            self.pause_if_blind().await;
        }
        if !self.exchange.limits.accept_torn || rounds.is_empty() {
            return Err(torn("RTM_GETADDR", WHICH));
        }
        let addrs = whole::torn(&mut rounds, &self.exchange.window);
        let links = self.exchange.window.links_now(links.unwrap_or_default());
        debug!(links = links.len(), "gave a torn listing of all links");
        let addrs = addrs
            .into_iter()
            .filter(|address| links.contains_key(&address.ifindex))
            .collect();
        Ok(join(links, addrs, false).unwrap_or_default())
    }

    /// Torn, or an error.
    async fn best_of_one(
        &mut self,
        which: Which<'_>,
        index: Option<u32>,
        mut rounds: Vec<Round>,
    ) -> Result<LinkAddrs, Error> {
        if !self.exchange.limits.accept_torn || rounds.is_empty() {
            return Err(torn("RTM_GETADDR", which));
        }
        let mut addrs = whole::torn(&mut rounds, &self.exchange.window);
        addrs.retain(|address| Some(address.ifindex) == index);
        debug!(addresses = addrs.len(), "gave a torn listing");
        Ok(match self.link(which).await? {
            Some(link) if Some(link.ifindex) == index => LinkAddrs::of(link, addrs, false),
            _ => missing(which),
        })
    }

    /// The links by number; `None` when the dump was disturbed.
    async fn links(&mut self) -> Result<Option<BTreeMap<u32, Link>>, Error> {
        let mut links = BTreeMap::new();
        let mut disturbed = false;
        let take = |part| {
            if let Part::Body(body, interrupted) = part {
                disturbed |= interrupted;
                if let Body::Link(link) = body {
                    links.insert(link.ifindex, link);
                }
            }
        };
        match self
            .exchange
            .ask(Expects::Dump, wire::dump_links, take)
            .await?
        {
            End::Complete if !disturbed => Ok(Some(links)),
            End::Complete | End::Overrun => Ok(None),
            End::Refused(libc::EINTR | libc::EBUSY, _) => Ok(None),
            End::Refused(errno, words) => {
                Err(refused("RTM_GETLINK", Which::Index(0), errno, words))
            }
        }
    }

    /// One dump of addresses; every second one of a series over a socket of its own, whose datagrams end
    /// elsewhere since the kernel has not seen a large buffer on it yet. `None` is to be tried again.
    async fn dump(
        &mut self,
        only: Option<u32>,
        which: Which<'_>,
        nth: usize,
    ) -> Result<Option<Round>, Error> {
        let mut round = Round {
            removals_before: self.exchange.window.removals,
            ..Round::default()
        };
        let take = |part| match part {
            Part::Body(body, interrupted) => {
                round.interrupted |= interrupted;
                match body {
                    Body::Address(address) if only.is_none_or(|only| only == address.ifindex) => {
                        round.addresses.push(address);
                    }
                    _ => {}
                }
            }
            Part::DatagramEnd(length) => round.end_run(length),
        };
        let request = |sequence| wire::dump_addresses(only.unwrap_or(0), sequence);
        let end = if nth % 2 == 0 {
            self.exchange.ask(Expects::Dump, request, take).await?
        } else {
            let mut aside = self.exchange.aside()?;
            aside.ask(Expects::Dump, request, take).await?
        };
        match end {
            End::Complete => Ok(Some(round)),
            // The link went since it was looked up; the next look-up tells.
            End::Refused(libc::ENODEV | libc::EINTR | libc::EBUSY, _) | End::Overrun => Ok(None),
            End::Refused(errno, words) => Err(refused("RTM_GETADDR", which, errno, words)),
        }
    }

    fn settled(&self, rounds: &mut Vec<Round>) -> Option<Vec<Address>> {
        if !self.exchange.is_guarded() {
            return whole::two_equal(rounds);
        }
        if self.exchange.window.lost {
            None
        } else {
            whole::settle(rounds, &self.exchange.window)
        }
    }

    /// Which events and addresses concern a listing of one link: without a filter in the kernel, all.
    fn scope(&self, index: u32) -> Option<u32> {
        self.exchange.transport.filters().then_some(index)
    }

    fn guard_one(&mut self, index: u32) {
        let scope = self.scope(index);
        let groups = if scope.is_some() {
            &ADDRESSES[..]
        } else {
            &ALL_GROUPS[..]
        };
        self.exchange.guard(groups, scope);
    }

    /// After events were lost nothing of what was seen can be proved any more. The pause lets a burst of
    /// changes pass; pausing with events still to be kept would but lose more of them.
    async fn begin_again_if_lost(&mut self, rounds: &mut Vec<Round>, only: Option<u32>) -> bool {
        if !self.exchange.window.lost {
            self.losses = 0;
            return false;
        }
        debug!("lost track of changes while listing, beginning again");
        self.losses += 1;
        self.exchange
            .transport
            .pause(Duration::from_millis(1 << self.losses.min(6)))
            .await;
        self.exchange.restart(only);
        rounds.clear();
        true
    }

    /// Without events, only a quiet moment helps.
    async fn pause_if_blind(&mut self) {
        if !self.exchange.is_guarded() {
            self.exchange
                .transport
                .pause(Duration::from_millis(2))
                .await;
        }
    }

    fn remember_large(&mut self, index: u32) {
        if self.large.len() >= REMEMBERED {
            self.large.clear();
        }
        self.large.insert(index);
    }
}

#[cfg(test)]
mod tests;
