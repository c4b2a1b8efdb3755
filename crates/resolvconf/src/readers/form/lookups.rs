//! How a reader looks up a name.

/// How a reader looks up a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookups {
    /// When the search list is tried.
    pub order: Order,
    /// How the servers are asked, and how long a look-up takes if none answers.
    pub waiting: Waiting,
}

/// When the search list is tried for a name without a final dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// With fewer dots than `ndots`: first the list, then the name. Else: first the name, then the
    /// list.
    Both,
    /// With fewer dots than `ndots`: first the list, then the name. Else: only the name.
    FewDotsOnly,
    /// Only for a name without a dot. Such a name is never asked for as it is.
    SingleLabel,
    /// For a name without a dot: only the list, or the name if there is no list. Else: only the
    /// name.
    ListOrName,
    /// Never.
    Never,
}

/// How the servers are asked, and how long a look-up takes if none answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// One after the other. The first waits `timeout`. For each later one the time is doubled once
    /// more, and then divided by the number of servers.
    Doubling,
    /// One after the other, each for `timeout`. All of this is done `attempts` times.
    InTurn,
    /// All at once. The look-up takes `timeout` in total.
    AllAtOnce,
    /// This was not measured.
    Unknown,
}
