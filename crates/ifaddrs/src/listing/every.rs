//! The addresses of all links: by link, or flat in the kernel's order.

use std::collections::BTreeMap;

use nix::libc;

use super::exchange::{End, Expects, Part};
use super::proof;
use super::query::{ALL_GROUPS, Query};
use super::refusal::{refused, torn};
use crate::error::Error;
use crate::facts::{Address, AllAddrs, Link, LinkAddrs};
use crate::log::debug;
use crate::socket::{ADDRESSES, Transport};
use crate::wire::{self, Which};

/// All links, as requests name them.
const ALL: Which<'_> = Which::Index(0);

/// The loopback link. Every namespace has it, and a question about it costs little.
const LOOPBACK: Which<'_> = Which::Index(1);

/// All links and their addresses, by number.
pub(super) async fn by_link<T: Transport>(query: &mut Query<T>) -> Result<Vec<LinkAddrs>, Error> {
    query.exchange.guard(&ALL_GROUPS, None);
    query.exchange.restart(None);
    let mut rounds = Vec::new();
    let mut links = None;
    for _ in 0..query.exchange.limits.attempts {
        query.exchange.guard(&ALL_GROUPS, None);
        if query.begin_again_if_lost(&mut rounds, None).await || links.is_none() {
            links = all_links(query).await?;
        }
        let round = query.dump(None, ALL, rounds.len()).await?;
        rounds.extend(round);
        // The kernel answers after a change that is just being made. So the event of that change
        // has arrived when the answer is here.
        query.link(LOOPBACK).await?;
        let settled = if links.is_some() {
            query.settled(&mut rounds)
        } else {
            None
        };
        if let (Some(addrs), Some(links)) = (settled, links.take()) {
            if let Some(all) = join(query.exchange.window.links_now(links), addrs) {
                return Ok(all);
            }
        }
        query.pause_if_blind().await;
    }
    if !query.exchange.limits.accept_torn || rounds.is_empty() {
        return Err(torn("RTM_GETADDR", ALL));
    }
    let mut addrs = proof::torn(&mut rounds, &query.exchange.window);
    let links = query.exchange.window.links_now(links.unwrap_or_default());
    debug!(links = links.len(), "gave a torn listing of all links");
    addrs.retain(|address| links.contains_key(&address.ifindex));
    let all = join(links, addrs).unwrap_or_default();
    Ok(all.into_iter().map(LinkAddrs::torn).collect())
}

/// All addresses in the kernel's order. Links are not asked about.
///
/// On a host with few addresses the kernel sends one datagram for each family. A single datagram
/// cannot be torn. Otherwise the dump is repeated with the groups joined, until it is proved.
pub(super) async fn flat<T: Transport>(query: &mut Query<T>) -> Result<AllAddrs, Error> {
    let mut rounds = Vec::new();
    for attempt in 0..query.exchange.limits.attempts {
        if attempt > 0 || query.always_guarded {
            query.exchange.guard(&ADDRESSES, None);
        }
        query.begin_again_if_lost(&mut rounds, None).await;
        let Some(round) = query.dump(None, ALL, rounds.len()).await? else {
            continue;
        };
        if round.is_seamless() && !round.interrupted {
            let addrs = round.into_distinct();
            return Ok(AllAddrs { addrs, whole: true });
        }
        // This dump came before the groups were joined, so no events can prove it.
        if attempt == 0 && !query.exchange.is_guarded() {
            continue;
        }
        rounds.push(round);
        query.link(LOOPBACK).await?;
        if let Some(addrs) = query.settled(&mut rounds) {
            return Ok(AllAddrs { addrs, whole: true });
        }
        query.pause_if_blind().await;
    }
    if !query.exchange.limits.accept_torn || rounds.is_empty() {
        return Err(torn("RTM_GETADDR", ALL));
    }
    let addrs = proof::torn(&mut rounds, &query.exchange.window);
    debug!(
        addresses = addrs.len(),
        "gave a torn listing of all addresses"
    );
    Ok(AllAddrs {
        addrs,
        whole: false,
    })
}

/// Puts the addresses to their links. `None` means that an address belongs to a link that is not in
/// the list.
fn join(links: BTreeMap<u32, Link>, addrs: Vec<Address>) -> Option<Vec<LinkAddrs>> {
    let mut all: BTreeMap<u32, LinkAddrs> = links
        .into_iter()
        .map(|(index, link)| (index, LinkAddrs::new(link, Vec::new())))
        .collect();
    for address in addrs {
        // The link is newer than the list of links, so the caller asks again.
        all.get_mut(&address.ifindex)?.addrs.push(address);
    }
    Some(all.into_values().collect())
}

/// The links by number; `None` when the dump was disturbed.
async fn all_links<T: Transport>(
    query: &mut Query<T>,
) -> Result<Option<BTreeMap<u32, Link>>, Error> {
    let mut links = BTreeMap::new();
    let mut disturbed = false;
    let take = |part: Part<'_>| {
        match part {
            Part::Message(frame) if frame.kind == wire::RTM_NEWLINK => {
                let link = wire::link(frame.payload)?;
                links.extend(link.map(|link| (link.ifindex, link)));
            }
            Part::Disturbed => disturbed = true,
            _ => {}
        }
        Ok(())
    };
    let asked = query.exchange.ask(Expects::Dump, wire::dump_links, take);
    match asked.await? {
        End::Complete if !disturbed => Ok(Some(links)),
        End::Complete | End::Overrun => Ok(None),
        // EBUSY: an earlier dump on this socket has not ended. Neither lasts, so ask again.
        End::Refused(libc::EINTR | libc::EBUSY, _) => Ok(None),
        End::Refused(errno, words) => Err(refused("RTM_GETLINK", ALL, errno, words)),
    }
}
