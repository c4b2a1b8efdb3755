//! How a reader looks up a name.

/// How a reader looks up a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookups {
    /// When the search list is tried.
    pub order: Order,
    /// How the servers are asked, and how long a look-up takes if none answers.
    pub waiting: Waiting,
    /// Which names are addresses.
    pub addresses: Addresses,
    /// For which names it asks.
    pub names: Names,
}

/// Which names are addresses. A look-up of an address is answered without a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addresses {
    /// IPv6, and IPv4 in every form of `inet_aton`: `1.2` is an address.
    Aton,
    /// IPv6, and IPv4 as four decimal numbers.
    Strict,
    /// It was not measured. The name of an address counts as any other name.
    Unknown,
}

/// For which names a reader asks. No query can hold a label of more than 63 bytes, an empty label,
/// or more than 253 bytes in total, so nobody asks for such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Names {
    /// Names of letters, digits, `-`, `_` and dots. The first byte is not `-`.
    Letters,
    /// The same. No label begins or ends with `-`, and at least one byte is neither digit nor dot.
    /// A query never ends in `.onion`.
    Labels,
    /// The same, and a name that ends in `.onion` is not looked up at all.
    LabelsWithoutOnion,
    /// Names of visible ASCII. A name that ends in `.onion` is not looked up at all.
    Visible,
    /// Every name that a query can hold, except the root.
    NotRoot,
    /// Every name that a query can hold. Other limits were not measured.
    Any,
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
