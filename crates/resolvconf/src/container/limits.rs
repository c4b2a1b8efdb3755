//! How much of a file one reader uses. A container's file can be cut to these limits.

/// How much of a file one reader uses.
///
/// Sources: resolv.conf(5) and `resolv/res_init.c` of glibc, `src/network/resolvconf.c` of musl,
/// `src/resolve` of systemd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The name of the reader.
    pub reader: &'static str,
    /// Nameservers used; later ones are ignored.
    pub nameservers: usize,
    /// Search domains used; `None` without limit.
    pub search_domains: Option<usize>,
    /// Bytes of the search list, with the blanks between the domains.
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

    /// musl 1.1.13 and later. A whole line must fit its buffer, with the word `search` and a blank.
    pub const MUSL: Self = Self {
        reader: "musl",
        nameservers: 3,
        search_domains: None,
        search_bytes: Some(247),
        line_bytes: Some(254),
        ndots: 15,
        timeout: 60,
        attempts: 10,
    };

    /// systemd-resolved, if it did not write `/etc/resolv.conf` itself. It reads no options.
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
        // Each domain takes its length and a blank, except for the first.
        let ends = lengths.scan(0, |end: &mut usize, length| {
            *end += length + usize::from(*end > 0);
            Some(*end)
        });
        ends.take(most).take_while(|end| *end <= room).count()
    }
}
