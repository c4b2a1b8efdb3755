//! Servers that take their upstream servers from the file, and tools.
//!
//! Each fact was seen in the real reader. Beside it stands the case of the matrix that shows it.

use crate::readers::form::*;
use crate::readers::profiles::languages::{DNSPYTHON, JAVA};
use crate::readers::profiles::libc::{C_SEARCH, GLIBC};

const NO_OPTIONS: Options = JAVA.options;
const NEVER: Lookups = JAVA.lookups;

/// systemd-resolved, when it reads a file that it did not write.
pub const RESOLVED: Reader = Reader {
    name: "resolved",
    versions: "252, 262",
    lines: Lines {
        indent: true, // C4
        blanks: Blanks::C,
        ends: LineEnds::FeedOrReturn, // C5d
        nul: Nul::EndsLine,           // C19d
        comments: Comments::FirstColumn,
        longest: None,
        bare: false,
        visible: false,
        reports_unknown: false,
        strict: false,
    },
    servers: Servers {
        most: Some(256),
        words: ServerWords::All,     // C3g
        form: AddressForm::Resolved, // C1b, C2
        invalid: OnInvalid::Skips,
        merges_repeated: true, // C7b
        drops_any_ipv4: true,  // C16
        drops_any_ipv6: true,
        fallback: &[], // C15
        refuses_none: false,
    },
    search: Search {
        rule: SearchRule::Merged,        // C9
        domain_takes_all: true,          // C9d
        empty_clears: false,             // C13b
        root: Root::LeftOut,             // C13a
        invalid: OnInvalidDomain::Skips, // C13g
        most: Some(256),
        bytes: None,
        commas: false,
        blanks_only: false,
        domain_to_comma: false,
        too_long: OnTooLong::FailsLookup, // N5
        host_domain: false,               // C9e
    },
    options: NO_OPTIONS,
    lookups: Lookups {
        order: Order::SingleLabel,
        waiting: Waiting::Unknown,
        addresses: Addresses::Strict, // N1
        names: Names::Any,
    },
};

/// systemd-resolved of systemd 262, which takes more domains.
pub const RESOLVED_NEW: Reader = Reader {
    versions: "262",
    search: Search {
        most: Some(1024),
        ..RESOLVED.search
    },
    ..RESOLVED
};

/// libunbound, `ub_ctx_resolvconf`.
pub const UNBOUND: Reader = Reader {
    name: "unbound",
    versions: "1.17.1",
    lines: Lines {
        comments: Comments::Anywhere, // C1
        ends: LineEnds::Feed,
        nul: Nul::EndsLine, // C19d
        ..DNSPYTHON.lines
    },
    servers: Servers {
        most: None,
        form: AddressForm::StrictDropsZone, // C14
        invalid: OnInvalid::Stops,
        fallback: &["127.0.0.1"], // C15a
        ..GLIBC.servers
    },
    search: Search {
        rule: SearchRule::Never,
        host_domain: false,
        ..C_SEARCH
    },
    options: NO_OPTIONS,
    lookups: NEVER,
};

/// dnsmasq, which asks the servers on behalf of other hosts.
pub const DNSMASQ: Reader = Reader {
    name: "dnsmasq",
    versions: "2.90, 2.93",
    lines: Lines {
        indent: true, // C4
        blanks: Blanks::C,
        ends: LineEnds::Feed,
        nul: Nul::EndsLine,
        ..GLIBC.lines
    },
    servers: Servers {
        most: Some(30),
        form: AddressForm::Strict,
        drops_any_ipv4: true, // C16
        fallback: &[],        // C15
        ..GLIBC.servers
    },
    search: UNBOUND.search,
    options: NO_OPTIONS,
    lookups: NEVER,
};

/// busybox `nslookup`. Other applets use the C library.
pub const BUSYBOX: Reader = Reader {
    name: "busybox",
    versions: "1.35, 1.38 (nslookup)",
    lines: Lines {
        indent: true,
        blanks: Blanks::C,
        ends: LineEnds::Feed,
        nul: Nul::EndsLine,
        ..GLIBC.lines
    },
    servers: Servers {
        most: None,
        form: AddressForm::Aton,         // C2, C3
        invalid: OnInvalid::RefusesFile, // C1b
        ..GLIBC.servers
    },
    search: Search {
        rule: SearchRule::SearchBeforeDomain, // C9b
        domain_takes_all: true,               // C9d
        invalid: OnInvalidDomain::Skips,
        too_long: OnTooLong::FailsLookup, // N5
        ..C_SEARCH
    },
    options: NO_OPTIONS,
    lookups: Lookups {
        order: Order::ListOrName,
        waiting: Waiting::Unknown,
        addresses: Addresses::Unknown,
        names: Names::Any,
    },
};

/// dig and host of BIND. dig uses the search list only with `+search`.
pub const DIG: Reader = Reader {
    name: "dig",
    versions: "9.18.49 (dig +search, host)",
    lines: Lines {
        comments: Comments::Words, // C1d
        bare: true,
        visible: false,
        strict: true, // C3g, C5a, C9d, C11, C13b
        ..BUSYBOX.lines
    },
    servers: Servers {
        // No more are kept by `irs_resconf` of this version.
        most: Some(3),
        form: AddressForm::Isc,          // C3, C14
        invalid: OnInvalid::RefusesFile, // C1b, C2
        fallback: &["::1"],              // C15
        ..GLIBC.servers
    },
    search: Search {
        most: Some(8),                         // C8
        invalid: OnInvalidDomain::FailsLookup, // C13g, C13i
        host_domain: false,                    // C9e
        ..C_SEARCH
    },
    options: Options {
        matching: Matching::Word,
        ndots: Some(Number {
            default: 1,
            most: u32::MAX,
            below: Below::Least,
            least: 0,
        }),
        timeout: None,
        attempts: None,
        flags: &[],
        numbers: Numbers::Unsigned, // C11
        ..NO_OPTIONS
    },
    lookups: Lookups {
        order: Order::FewDotsOnly,
        waiting: Waiting::Unknown,
        addresses: Addresses::Unknown,
        names: Names::Any,
    },
};

/// HAProxy with `parse-resolv-conf`. It takes the servers alone.
pub const HAPROXY: Reader = Reader {
    name: "haproxy",
    versions: "2.6.12",
    lines: Lines {
        indent: false, // C4
        ..DNSMASQ.lines
    },
    servers: Servers {
        most: None,                 // C7
        form: AddressForm::Haproxy, // C2, C3, C14
        merges_repeated: true,      // C7b
        drops_any_ipv4: false,      // C16
        ..DNSMASQ.servers
    },
    ..DNSMASQ
};
