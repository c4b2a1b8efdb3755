//! The addresses of one link.

use super::proof;
use super::query::Query;
use super::refusal::{is_same, missing, torn};
use super::round::Round;
use crate::error::Error;
use crate::facts::LinkAddrs;
use crate::log::debug;
use crate::socket::Transport;
use crate::wire::Which;

/// One link and its addresses.
///
/// Most links have few addresses. Their dump fits one datagram, which cannot be torn, so it is the
/// answer. Otherwise the dump is repeated with the groups joined, until it is proved.
pub(super) async fn one<T: Transport>(
    query: &mut Query<T>,
    which: Which<'_>,
) -> Result<LinkAddrs, Error> {
    let mut rounds = Vec::new();
    let mut last_seen = None;
    for attempt in 0..query.exchange.limits.attempts {
        let Some(link) = query.link(which).await? else {
            return Ok(missing(which));
        };
        let index = link.ifindex;
        if last_seen
            .replace(index)
            .is_some_and(|before| before != index)
        {
            // Another link took the name, so what was seen before does not count.
            rounds.clear();
            query.exchange.unguard();
        }
        if attempt > 0 || query.always_guarded || query.large.contains(&index) {
            query.guard_one(index);
        }
        let scope = query.scope(index);
        query.begin_again_if_lost(&mut rounds, scope).await;
        let Some(round) = query.dump(scope, which, rounds.len()).await? else {
            continue;
        };
        if round.is_seamless() && !round.interrupted && scope.is_some() {
            query.large.remove(&index);
            return Ok(LinkAddrs::new(link, round.into_distinct()));
        }
        if attempt == 0 && scope.is_some() && !query.exchange.is_guarded() {
            query.remember_large(index);
            continue;
        }
        rounds.push(round);
        // The kernel answers after a change that is just being made. So the event of that change
        // has arrived when the answer is here.
        let now = query.link(Which::Index(index)).await?;
        if !now.is_some_and(|now| is_same(which, &now)) {
            continue;
        }
        if let Some(mut addrs) = query.settled(&mut rounds) {
            addrs.retain(|address| address.ifindex == index);
            return Ok(LinkAddrs::new(link, addrs));
        }
        query.pause_if_blind().await;
    }
    best(query, which, last_seen, rounds).await
}

/// A torn answer if that is accepted, or an error.
async fn best<T: Transport>(
    query: &mut Query<T>,
    which: Which<'_>,
    index: Option<u32>,
    mut rounds: Vec<Round>,
) -> Result<LinkAddrs, Error> {
    if !query.exchange.limits.accept_torn || rounds.is_empty() {
        return Err(torn("RTM_GETADDR", which));
    }
    let mut addrs = proof::torn(&mut rounds, &query.exchange.window);
    addrs.retain(|address| Some(address.ifindex) == index);
    debug!(addresses = addrs.len(), "gave a torn listing");
    Ok(match query.link(which).await? {
        Some(link) if Some(link.ifindex) == index => LinkAddrs::new(link, addrs).torn(),
        _ => missing(which),
    })
}
