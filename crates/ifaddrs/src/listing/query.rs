//! The questions, over any transport, and the steps that they share.

use std::collections::BTreeSet;
use std::time::Duration;

use nix::libc;

use super::exchange::{End, Exchange, Expects, Part};
use super::proof;
use super::refusal::{is_missing, refused, torn};
use super::round::Round;
use crate::error::Error;
use crate::facts::{Address, Link};
use crate::log::debug;
use crate::options::Limits;
use crate::socket::{ADDRESSES, LINKS, Transport};
use crate::wire::{self, Which};

/// How many links are remembered as having many addresses.
const REMEMBERED: usize = 256;
/// All groups.
pub(crate) const ALL_GROUPS: [u32; 3] = [LINKS, ADDRESSES[0], ADDRESSES[1]];

/// An exchange, and the state that is kept between questions.
pub(crate) struct Query<T> {
    pub(crate) exchange: Exchange<T>,
    /// Whether the groups are joined from the first and never left: for watching, and for a socket
    /// that serves one listing.
    pub(super) always_guarded: bool,
    /// Links whose addresses did not fit one datagram: their dumps are guarded from the start.
    pub(super) large: BTreeSet<u32>,
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

    /// One link; `None` if it does not exist.
    pub(crate) async fn link(&mut self, which: Which<'_>) -> Result<Option<Link>, Error> {
        which.check()?;
        // The kernel takes the number for a signed one, and 0 for no number.
        if matches!(which, Which::Index(index) if index == 0 || index > i32::MAX as u32) {
            return Ok(None);
        }
        for _ in 0..self.exchange.limits.attempts {
            let mut found = None;
            let take = |part: Part<'_>| {
                match part {
                    Part::Message(frame) if frame.kind == wire::RTM_NEWLINK => {
                        found = wire::link(frame.payload)?;
                    }
                    _ => {}
                }
                Ok(())
            };
            let request = |sequence| wire::get_link(which, sequence);
            match self.exchange.ask(Expects::One, request, take).await? {
                End::Complete => return Ok(found),
                End::Refused(errno, _) if is_missing(which, errno) => return Ok(None),
                End::Refused(errno, words) => {
                    return Err(refused("RTM_GETLINK", which, errno, words));
                }
                // The kernel may have dropped the answer too, so the question is asked again.
                End::Overrun => {}
            }
        }
        Err(torn("RTM_GETLINK", which))
    }

    /// One dump of addresses. `None` is to be tried again.
    ///
    /// Every second one of a series goes over a socket of its own. Its datagrams end elsewhere,
    /// since the kernel has not seen a large buffer on that socket yet.
    pub(super) async fn dump(
        &mut self,
        only: Option<u32>,
        which: Which<'_>,
        nth: usize,
    ) -> Result<Option<Round>, Error> {
        let mut round = Round {
            removals_before: self.exchange.window.removals,
            ..Round::default()
        };
        let take = |part: Part<'_>| {
            match part {
                Part::Message(frame) if frame.kind == wire::RTM_NEWADDR => {
                    match wire::address(frame.payload)? {
                        // A kernel that does not filter (before 4.20) sends the addresses of all
                        // links.
                        Some(one) if only.is_none_or(|only| only == one.ifindex) => {
                            round.addresses.push(one);
                        }
                        _ => {}
                    }
                }
                Part::Message(_) => {}
                Part::Disturbed => round.interrupted = true,
                Part::DatagramBegin(length, message) => round.begin_run(length, message),
                Part::DatagramEnd(length) => round.end_run(length),
            }
            Ok(())
        };
        let request = |sequence| wire::dump_addresses(only.unwrap_or(0), sequence);
        // The sizes of datagrams depend on the largest buffer that the kernel has seen on a socket.
        // So a new socket cuts the dump at other places.
        let end = if nth % 2 == 0 {
            self.exchange.ask(Expects::Dump, request, take).await?
        } else {
            let mut aside = self.exchange.aside()?;
            aside.ask(Expects::Dump, request, take).await?
        };
        match end {
            End::Complete => Ok(Some(round)),
            // The link went away since it was looked up; the next look-up says so.
            End::Refused(libc::ENODEV | libc::EINTR | libc::EBUSY, _) | End::Overrun => Ok(None),
            End::Refused(errno, words) => Err(refused("RTM_GETADDR", which, errno, words)),
        }
    }

    /// The whole list, if it is proved by what was seen so far.
    pub(super) fn settled(&self, rounds: &mut Vec<Round>) -> Option<Vec<Address>> {
        if !self.exchange.is_guarded() {
            return proof::two_equal(rounds);
        }
        if self.exchange.window.lost {
            None
        } else {
            proof::settle(rounds, &self.exchange.window)
        }
    }

    /// Which events and addresses concern a listing of one link: without a filter in the kernel,
    /// all.
    pub(super) fn scope(&self, index: u32) -> Option<u32> {
        self.exchange.transport.filters().then_some(index)
    }

    pub(super) fn guard_one(&mut self, index: u32) {
        let scope = self.scope(index);
        let groups = if scope.is_some() {
            &ADDRESSES[..]
        } else {
            &ALL_GROUPS[..]
        };
        self.exchange.guard(groups, scope);
    }

    /// Once events were lost, nothing that was seen before can be proved any more.
    ///
    /// The pause lets a burst of changes pass. It comes before the new window begins: a pause with
    /// events to be kept would lose more of them.
    pub(super) async fn begin_again_if_lost(
        &mut self,
        rounds: &mut Vec<Round>,
        only: Option<u32>,
    ) -> bool {
        if !self.exchange.window.lost {
            self.losses = 0;
            return false;
        }
        debug!("lost track of changes while listing, beginning again");
        self.losses += 1;
        self.pause(Duration::from_millis(1 << self.losses.min(6)))
            .await;
        self.exchange.restart(only);
        rounds.clear();
        true
    }

    /// Without events, only a quiet moment helps.
    pub(super) async fn pause_if_blind(&mut self) {
        if !self.exchange.is_guarded() {
            self.pause(Duration::from_millis(2)).await;
        }
    }

    async fn pause(&mut self, time: Duration) {
        if self.exchange.limits.may_pause {
            self.exchange.transport.pause(time).await;
        }
    }

    pub(super) fn remember_large(&mut self, index: u32) {
        if self.large.len() >= REMEMBERED {
            self.large.clear();
        }
        self.large.insert(index);
    }
}

#[cfg(test)]
mod tests;
