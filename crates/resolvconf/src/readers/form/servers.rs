//! Which servers a reader takes.

/// Which servers a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Servers {
    /// How many servers are used. Later ones are never asked.
    pub most: Option<usize>,
    /// Which words of a line are servers.
    pub words: ServerWords,
    /// Which words are addresses.
    pub form: AddressForm,
    /// What a word that is not an address does.
    pub invalid: OnInvalid,
    /// Whether a server that is listed twice is asked once.
    pub merges_repeated: bool,
    /// Whether `0.0.0.0` is left out.
    pub drops_any_ipv4: bool,
    /// Whether `::` is left out.
    pub drops_any_ipv6: bool,
    /// The addresses that it asks if no server is left. If empty, nobody is asked.
    pub fallback: &'static [&'static str],
    /// Whether a file without servers is refused.
    pub refuses_none: bool,
}

/// Which words of a `nameserver` line are servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerWords {
    /// The first word.
    First,
    /// All words.
    All,
    /// All words, which may also be separated by commas.
    AllAndCommas,
    /// All words, separated by blanks and commas, up to the first that is not an address. A tab or
    /// a carriage return inside the line is part of a word.
    UntilInvalid,
}

/// Which words are addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressForm {
    /// glibc: `inet_aton` for IPv4. A zone that is not an existing link is ignored.
    Glibc,
    /// musl: `inet_aton` for IPv4. A zone is a number or, on a link-local address, an existing
    /// link.
    Musl,
    /// Four decimal numbers, or IPv6. A zone on IPv6 is kept.
    Strict,
    /// The same, but a zone may be empty.
    StrictEmptyZone,
    /// Four decimal numbers, or IPv6. A zone on IPv6 is left out.
    StrictDropsZone,
    /// c-ares up to 1.18: `0x…` and short forms, filled with zeros at the end; no zone; `#53`.
    Cares118,
    /// c-ares of 1.34: short decimal forms, ports after `:`, brackets, zones of links that exist.
    Cares134,
    /// systemd-resolved: ports, `#name`, zones.
    Resolved,
    /// busybox nslookup: `inet_aton` for IPv4, and ports.
    Aton,
    /// dig and host: `inet_aton` for IPv4. A zone must be an existing link, on a link-local
    /// address.
    Isc,
    /// HAProxy: `inet_aton` for IPv4, and IPv6 without a zone, with or without brackets.
    Haproxy,
}

/// What a word that is not an address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnInvalid {
    /// It is skipped.
    Skips,
    /// The whole file is refused.
    RefusesFile,
    /// Reading stops. The servers before it are kept.
    Stops,
}
