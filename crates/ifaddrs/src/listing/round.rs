//! One dump, with where its datagrams ended.

use std::collections::HashSet;

use crate::facts::Address;

/// One dump: its entries, and where its datagrams ended.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) addresses: Vec<Address>,
    pub(super) runs: Vec<Run>,
    /// The kernel said that it was disturbed.
    pub(super) interrupted: bool,
    /// [`Window::removals`](super::window::Window::removals) before it began.
    pub(super) removals_before: u64,
}

/// One datagram's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// One past its last entry in [`Round::addresses`].
    pub(super) end: usize,
    /// There was room for more, so its list (of one family) ended with it: nothing can be missing
    /// at its end.
    pub(super) ended: bool,
}

/// Whether a datagram of this length had room for another message.
///
/// The kernel fills 32 KiB less its own overhead. When it cannot get so much memory at once, it
/// fills one page, but never more than 8 KiB (`NLMSG_GOODSIZE`). A length just below either is
/// taken for full.
pub(super) fn had_room(length: usize) -> bool {
    /// More than any message about an address holds.
    const MESSAGE: usize = 512;
    /// A page of 4 KiB, less the kernel's bookkeeping behind the data.
    const PAGE_FILL: usize = 3584;
    /// 32 KiB, less the same.
    const FULL_FILL: usize = 32256;
    length <= PAGE_FILL - MESSAGE || (LARGEST_PAGE < length && length <= FULL_FILL - MESSAGE)
}

/// The size of a page if it is certain; otherwise the most that is ever filled of one.
const LARGEST_PAGE: usize = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) {
    4096
} else {
    8192
};

impl Round {
    /// Makes room for what a datagram of this length holds, by the length of its first message.
    pub(super) fn begin_run(&mut self, length: usize, message: usize) {
        self.addresses.reserve(length / message);
    }

    pub(super) fn end_run(&mut self, length: usize) {
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
    pub(super) fn is_seamless(&self) -> bool {
        self.runs.iter().all(|run| run.ended)
    }

    /// Each run, and whether its list ended with it.
    pub(super) fn slices(&self) -> impl Iterator<Item = (&[Address], bool)> {
        let mut begin = 0;
        self.runs.iter().map(move |run| {
            let slice = &self.addresses[begin..run.end];
            begin = run.end;
            (slice, run.ended)
        })
    }

    /// The entries, each once, in order.
    pub(super) fn into_distinct(mut self) -> Vec<Address> {
        if !self.is_a_run_per_family() {
            let mut seen = HashSet::with_capacity(self.addresses.len());
            self.addresses.retain(|address| seen.insert(address.key()));
        }
        self.addresses
    }

    /// An entry can come twice only across a seam within one family's list. Nearly every dump has
    /// one run for each family and so no such seam.
    fn is_a_run_per_family(&self) -> bool {
        let is_v6 = |address: &Address| address.address.is_ipv6();
        let mut runs = self
            .slices()
            .map(|(run, _)| run)
            .filter(|run| !run.is_empty());
        match (runs.next(), runs.next(), runs.next()) {
            (_, None, _) => true,
            (Some(first), Some(second), None) => {
                first.iter().all(|address| !is_v6(address)) && second.iter().all(is_v6)
            }
            _ => false,
        }
    }
}
