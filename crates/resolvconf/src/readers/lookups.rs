//! The queries that a look-up makes, and how long it takes when no server answers.

use std::time::Duration;

use crate::document::Text;
use crate::readers::effective::{Effective, Trouble};
use crate::readers::form::{OnTooLong, Order, Reader, Root, Waiting};
use crate::readers::names::is_avoided;
use crate::readers::search::is_domain;

/// The names of the option that keeps names without a dot from being asked for as they are.
const NO_TLD: [&str; 2] = ["no-tld-query", "no_tld_query"];

/// One name that a look-up asks for, if the names before it were not found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// The whole name, without its final dot. The root is a dot alone.
    pub name: Text,
    /// The search domain that was added; `None` for the name as it is.
    pub domain: Option<Text>,
}

/// How long a look-up of one name takes when no server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Times {
    /// This long, for each name that is asked for.
    Each(Duration),
    /// This long, for the whole look-up.
    Whole(Duration),
    /// It was not measured.
    Unknown,
}

impl Effective {
    /// The names that a look-up asks for, in order, until one is found.
    ///
    /// Empty if the reader fails before it asks anything, or waits for no answer. Also empty if it
    /// never asks for such a name ([`Reader::no_query`] says why): systemd-resolved asks for a name
    /// without a dot only with a search domain. The reader must be the one for which this value was
    /// made.
    ///
    /// # Examples
    ///
    /// ```
    /// use resolvconf::readers::{GLIBC, MUSL};
    ///
    /// let document = resolvconf::parse(b"nameserver 192.0.2.1\nsearch one.test\n");
    /// let names = |reader| {
    ///     let queries = document.effective(reader).queries(reader, b"a.zz");
    ///     queries.iter().map(|query| query.name.to_string()).collect::<Vec<_>>()
    /// };
    /// assert_eq!(names(&GLIBC), ["a.zz", "a.zz.one.test"]);
    /// assert_eq!(names(&MUSL), ["a.zz"]); // With a dot it never searches.
    /// ```
    pub fn queries(&self, reader: &Reader, name: &[u8]) -> Vec<Query> {
        let mut queries = self.tried(reader, name);
        queries.retain(|query| !is_avoided(query.name.as_bytes(), reader.lookups.names));
        queries
    }

    /// The names that a look-up tries.
    fn tried(&self, reader: &Reader, name: &[u8]) -> Vec<Query> {
        match self.trouble {
            None | Some(Trouble::SearchFails(_) | Trouble::Lost(_)) => {}
            Some(_) => return Vec::new(),
        }
        if reader.no_query(name).is_some() {
            return Vec::new();
        }
        let plain = Query {
            name: match name {
                b"." => name.into(),
                _ => name.strip_suffix(b".").unwrap_or(name).into(),
            },
            domain: None,
        };
        let dots = name.iter().filter(|&&b| b == b'.').count();
        let complete = name.ends_with(b".");
        if complete && (reader.lookups.order != Order::SingleLabel || dots > 1) {
            return vec![plain];
        }
        let few = u32::try_from(dots).is_ok_and(|dots| dots < self.ndots);
        let in_place = reader.search.root == Root::InPlace;
        let (searched, too_long) = self.searched(reader, name, in_place.then_some(&plain));
        let as_it_is = |query: &Query| query.name == plain.name;
        let fails = too_long || matches!(self.trouble, Some(Trouble::SearchFails(_)));
        // With a list, glibc then never asks for a name without a dot as it is.
        let lists_only = self.flags.iter().any(|flag| NO_TLD.contains(flag));
        match (reader.lookups.order, few) {
            (Order::Never, _) => vec![plain],
            (Order::FewDotsOnly, false) => vec![plain],
            (Order::SingleLabel, _) if complete => Vec::new(),
            (Order::SingleLabel, _) if dots == 0 => searched,
            (Order::ListOrName, _) if dots == 0 && (fails || !searched.is_empty()) => searched,
            (Order::SingleLabel | Order::ListOrName, _) => vec![plain],
            (Order::Both, true) if dots == 0 && lists_only && !searched.is_empty() => searched,
            // The look-up ends at a domain that makes it fail.
            (Order::Both | Order::FewDotsOnly, true) if fails => searched,
            (Order::Both, true) if searched.iter().any(as_it_is) => searched,
            (Order::Both, false) => std::iter::once(plain).chain(searched).collect(),
            _ => searched.into_iter().chain([plain]).collect(),
        }
    }

    /// The domains of the search list that look-ups use. Go and Java keep a domain that no name can
    /// end in, and each look-up skips it.
    pub fn used_search(&self, reader: &Reader) -> impl Iterator<Item = &Text> {
        let in_place = reader.search.root == Root::InPlace;
        let used = move |domain: &&Text| match domain.as_bytes() {
            [b'.', rest @ ..] if in_place => is_domain(rest),
            whole => is_domain(whole),
        };
        self.search.iter().filter(used)
    }

    /// The names that the list makes, and whether the look-up fails after them, because the next
    /// one is too long. `root` is what `.` makes, if that is asked for at its place.
    fn searched(&self, reader: &Reader, name: &[u8], root: Option<&Query>) -> (Vec<Query>, bool) {
        let usable = self.search.iter().take_while(|domain| {
            // Only the domains before the one at which the look-up fails are asked for.
            let bytes = domain.as_bytes();
            let fails = matches!(self.trouble, Some(Trouble::SearchFails(_)));
            !fails || (is_domain(bytes) && bytes != b".")
        });
        let mut queries = Vec::new();
        for domain in usable {
            let suffix = match domain.as_bytes() {
                b"." => {
                    queries.extend(root.cloned());
                    continue;
                }
                [b'.', rest @ ..] if root.is_some() => rest,
                other => other,
            };
            let suffix = suffix.strip_suffix(b".").unwrap_or(suffix);
            let whole = [name, b".", suffix].concat();
            if !is_domain(suffix) {
                continue;
            }
            match reader.search.too_long {
                _ if is_domain(&whole) => queries.push(Query {
                    name: whole.into(),
                    domain: Some(domain.clone()),
                }),
                OnTooLong::Skips => {}
                OnTooLong::EndsList => break,
                OnTooLong::FailsLookup => return (queries, true),
            }
        }
        (queries, false)
    }

    /// How long a look-up takes when no server answers.
    pub fn when_silent(&self, reader: &Reader) -> Times {
        let servers = u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
        match reader.lookups.waiting {
            Waiting::Unknown => Times::Unknown,
            Waiting::AllAtOnce => Times::Whole(self.timeout),
            Waiting::InTurn => {
                let tries = servers.saturating_mul(self.attempts);
                Times::Each(self.timeout.saturating_mul(tries))
            }
            Waiting::Doubling => Times::Each(self.doubling(servers)),
        }
    }

    /// Sums up the times of all tries. The first server waits the whole time. For each later server
    /// the time is doubled once more, and then divided by the number of servers. It is in whole
    /// seconds, and at least one.
    fn doubling(&self, servers: u32) -> Duration {
        let seconds = self.timeout.as_secs().max(1);
        let wait = |at: u32| match at {
            0 => seconds,
            at => ((seconds << at.min(16)) / u64::from(servers.max(1))).max(1),
        };
        let round: u64 = (0..servers.min(64)).map(wait).sum();
        Duration::from_secs(round.saturating_mul(u64::from(self.attempts)))
    }
}
