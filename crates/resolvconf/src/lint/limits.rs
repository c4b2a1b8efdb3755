//! What the readers of resolv.conf can hold, and which options they know.

/// How much of a file one reader uses.
///
/// Sources: resolv.conf(5) and `resolv/res_init.c` of glibc, `src/network/resolvconf.c` of musl,
/// `src/resolve` of systemd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Who reads.
    pub reader: &'static str,
    /// Nameservers used; later ones are ignored.
    pub nameservers: usize,
    /// Search domains used; `None` without limit.
    pub search_domains: Option<usize>,
    /// Bytes of the search list, blanks between the domains included.
    pub search_bytes: Option<usize>,
    /// Bytes of a line without its terminator; a longer one is skipped.
    pub line_bytes: Option<usize>,
    /// Largest `ndots`.
    pub ndots: u32,
    /// Largest `timeout`, in seconds.
    pub timeout: u32,
    /// Largest `attempts`.
    pub attempts: u32,
}

impl Limits {
    /// glibc 2.26 and later.
    pub const GLIBC: Self = Self {
        reader: "glibc",
        nameservers: 3,
        search_domains: None,
        search_bytes: None,
        line_bytes: None,
        ndots: 15,
        timeout: 30,
        attempts: 5,
    };

    /// glibc up to 2.25.
    pub const OLD_GLIBC: Self = Self {
        reader: "glibc before 2.26",
        search_domains: Some(6),
        search_bytes: Some(256),
        ..Self::GLIBC
    };

    /// musl 1.1.13 and later: a whole line must fit its buffer, a search list its store.
    pub const MUSL: Self = Self {
        reader: "musl",
        nameservers: 3,
        search_domains: None,
        search_bytes: Some(255),
        line_bytes: Some(254),
        ndots: 15,
        timeout: 60,
        attempts: 10,
    };

    /// systemd-resolved, when `/etc/resolv.conf` is a file of someone else. It reads no options.
    pub const SYSTEMD: Self = Self {
        reader: "systemd-resolved",
        nameservers: 256,
        search_domains: Some(256),
        search_bytes: None,
        line_bytes: None,
        ndots: u32::MAX,
        timeout: u32::MAX,
        attempts: u32::MAX,
    };

    /// All of the above, the most common reader first.
    pub const ALL: [Self; 4] = [Self::GLIBC, Self::MUSL, Self::OLD_GLIBC, Self::SYSTEMD];

    /// The largest value of a numeric option; `None` when the option has none.
    pub fn largest(&self, option: &[u8]) -> Option<u32> {
        match option {
            b"ndots" => Some(self.ndots),
            b"timeout" => Some(self.timeout),
            b"attempts" => Some(self.attempts),
            _ => None,
        }
    }

    /// How many search domains of these lengths fit.
    pub(crate) fn search_fit(&self, lengths: impl Iterator<Item = usize>) -> usize {
        let most = self.search_domains.unwrap_or(usize::MAX);
        let room = self.search_bytes.unwrap_or(usize::MAX);
        // Each domain takes its length and a blank, but for the first.
        let ends = lengths.scan(0, |end: &mut usize, length| {
            *end += length + usize::from(*end > 0);
            Some(*end)
        });
        ends.take(most).take_while(|end| *end <= room).count()
    }
}

/// What an option is to glibc, with its meaning in words.
pub(crate) fn known_option(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"ndots" => "a name with at least this many dots is tried as it is first",
        b"timeout" => "seconds to wait for an answer before the next server is asked",
        b"attempts" => "how often all servers are asked before giving up",
        b"debug" => "print debugging messages, where built in",
        b"rotate" => "spread queries over the nameservers in turn",
        b"edns0" => "announce larger answers by EDNS (RFC 2671)",
        b"single-request" => "ask for IPv4 and IPv6 one after the other",
        b"single-request-reopen" => "use a new socket for the second of two queries",
        b"no-tld-query" | b"no_tld_query" => "do not try names without a dot as top-level names",
        b"no-reload" => "do not look for changes of this file (glibc 2.26)",
        b"use-vc" => "ask over TCP",
        b"trust-ad" => "believe the server that an answer was validated (glibc 2.31)",
        b"no-aaaa" => "do not ask for IPv6 addresses (glibc 2.36)",
        b"strict-error" => "report a partly failed look-up as failed",
        b"no-check-names" => "once switched off the checking of names; today without effect",
        b"inet6" => "once mapped IPv4 answers to IPv6; today without effect",
        b"ip6-bytestring" | b"ip6-dotint" | b"no-ip6-dotint" => "gone since glibc 2.25",
        _ => return None,
    })
}
