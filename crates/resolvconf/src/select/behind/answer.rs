//! The answer: what the stub does for its clients, as far as it can be seen.

use std::fmt;

use crate::select::behind::settings::{Scope, is_on};

/// What systemd-resolved does for the clients of its stub. A container that asks the servers
/// directly goes without it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Behind {
    /// Whether it asks a server through DNS over TLS.
    pub dns_over_tls: InUse,
    /// Whether it asks other servers for some domains (split DNS).
    pub split_dns: InUse,
}

named! {
    /// Whether the stub uses something.
    #[derive(Default)]
    pub enum InUse {
        /// It does.
        Yes = "yes",
        /// All places were read, and it does not.
        No = "no",
        /// Some places could not be read, or were not looked at.
        #[default]
        Unknown = "unknown",
    }
}

impl Behind {
    /// Decides from the settings that were read. `whole` says whether all of them could be read.
    pub(super) fn of(common: &Scope, links: &[Scope], whole: bool) -> Self {
        let scopes = || {
            std::iter::once(common)
                .chain(links)
                .filter(|s| !s.servers.is_empty())
        };
        // The servers must come from somewhere. If no place has them, some place was not seen.
        let whole = whole && scopes().next().is_some();
        let own = |scope: &Scope| scope.dns_over_tls.clone().or(common.dns_over_tls.clone());
        let encrypts = |scope: &Scope| own(scope).is_some_and(|value| is_on(&value));
        // With one set of servers there is nothing to choose from.
        let splits = scopes().count() > 1 && scopes().any(|scope| !scope.domains.is_empty());
        Self {
            dns_over_tls: InUse::of(scopes().any(encrypts), whole),
            split_dns: InUse::of(splits, whole),
        }
    }
}

impl InUse {
    fn of(seen: bool, whole: bool) -> Self {
        match (seen, whole) {
            (true, _) => Self::Yes,
            (false, true) => Self::No,
            (false, false) => Self::Unknown,
        }
    }
}

impl fmt::Display for Behind {
    /// What containers lose. Empty if they lose nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both = [
            (self.dns_over_tls, "DNS over TLS"),
            (
                self.split_dns,
                "split DNS (a server of its own for some domains)",
            ),
        ];
        let of = |wanted: InUse| -> String {
            let words = both.iter().filter(|(found, _)| *found == wanted);
            words
                .map(|(_, what)| *what)
                .collect::<Vec<_>>()
                .join(" and ")
        };
        let (sure, may) = (of(InUse::Yes), of(InUse::Unknown));
        if !sure.is_empty() {
            write!(f, "the stub uses {sure}, and containers ask without")?;
        }
        if !may.is_empty() {
            let joint = if sure.is_empty() { "" } else { "; " };
            write!(
                f,
                "{joint}the stub may use {may}, and containers ask without"
            )?;
        }
        Ok(())
    }
}
