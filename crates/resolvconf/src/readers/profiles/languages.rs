//! Readers that belong to languages and their libraries.
//!
//! Each fact was seen in the real reader. Beside it stands the case of the matrix that shows it.

use crate::readers::form::*;
use crate::readers::profiles::libc::{C_SEARCH, GLIBC};

/// Go's own resolver, 1.20 and later.
pub const GO: Reader = Reader {
    name: "go",
    versions: "1.27",
    lines: Lines {
        indent: true,                   // C4
        blanks: Blanks::SpaceTabReturn, // C5, C20f
        ends: LineEnds::Feed,
        nul: Nul::Byte,                                     // C19d
        comments: Comments::FirstColumn,                    // C1
        longest: Some((64 * 1024 - 1, TooLong::LosesFile)), // C18e, C18f
        bare: true,                                         // C13b
        visible: false,
        reports_unknown: true, // C4d, C20a
        strict: false,
    },
    servers: Servers {
        form: AddressForm::Strict,       // C3, C14
        fallback: &["127.0.0.1", "::1"], // C15
        ..GLIBC.servers
    },
    search: Search {
        empty_clears: true,               // C13b
        root: Root::LeftOut,              // C13a, C13d
        invalid: OnInvalidDomain::Unused, // C13g
        ..C_SEARCH
    },
    options: Options {
        matching: Matching::Word,
        repeated: Repeated::Last, // C12c
        numbers: Numbers::Dtoi,   // C11
        ndots: Some(Number {
            default: 1,
            most: 15,
            below: Below::Least,
            least: 0,
        }), // C10a
        timeout: Some(Number {
            default: 5,
            most: u32::MAX,
            below: Below::Least,
            least: 1,
        }),
        attempts: Some(Number {
            default: 2,
            most: u32::MAX,
            below: Below::Least,
            least: 1,
        }),
        timeout_names: &["timeout"],
        attempts_names: &["attempts"],
        timeout_unit: 1000,
        flags: &[
            "rotate",
            "single-request",
            "single-request-reopen",
            "use-vc",
            "usevc",
            "tcp",
            "trust-ad",
            "edns0",
            "no-reload",
        ], // C17
    },
    lookups: Lookups {
        order: Order::Both,
        waiting: Waiting::InTurn,
        addresses: Addresses::Strict, // N1
        names: Names::Labels,         // N3
    },
};

/// Go up to 1.19.
pub const GO_OLD: Reader = Reader {
    name: "go-1.19",
    versions: "1.19",
    servers: Servers {
        form: AddressForm::StrictEmptyZone, // C14e
        ..GO.servers
    },
    search: Search {
        root: Root::Harmless, // C13a
        ..GO.search
    },
    options: Options {
        flags: &[
            "rotate",
            "single-request",
            "single-request-reopen",
            "use-vc",
            "usevc",
            "tcp",
        ],
        ..GO.options
    },
    lookups: Lookups {
        names: Names::LabelsWithoutOnion, // N3
        ..GO.lookups
    },
    ..GO
};

/// dnspython.
pub const DNSPYTHON: Reader = Reader {
    name: "dnspython",
    versions: "2.9.2",
    lines: Lines {
        indent: true,
        blanks: Blanks::Unicode,      // C20f
        ends: LineEnds::FeedOrReturn, // C5d
        nul: Nul::Byte,
        comments: Comments::FirstColumn,
        longest: None,
        bare: false,
        visible: false,
        reports_unknown: false,
        strict: false,
    },
    servers: Servers {
        most: None,
        form: AddressForm::StrictEmptyZone, // C14e
        invalid: OnInvalid::RefusesFile,    // C1b, C2, C3
        fallback: &[],
        refuses_none: true, // C15
        ..GLIBC.servers
    },
    search: Search {
        rule: SearchRule::SearchBeforeDomain,  // C9
        invalid: OnInvalidDomain::RefusesFile, // C13g
        host_domain: true,
        ..C_SEARCH
    },
    options: Options {
        matching: Matching::Word,
        repeated: Repeated::Last,
        numbers: Numbers::IntegerOrDefault, // C11
        ndots: Some(Number {
            default: 1,
            most: u32::MAX,
            below: Below::Least,
            least: 0,
        }),
        timeout: Some(Number {
            default: 2,
            most: u32::MAX,
            below: Below::Least,
            least: 0,
        }),
        attempts: None, // C10a
        timeout_names: &["timeout"],
        attempts_names: &["attempts"],
        timeout_unit: 1000,
        flags: &["rotate"],
    },
    lookups: Lookups {
        order: Order::Never,
        waiting: Waiting::Unknown,
        addresses: Addresses::Unknown,
        names: Names::Any,
    },
};

/// hickory-resolver, which reads the file with the `resolv-conf` crate.
pub const HICKORY: Reader = Reader {
    name: "hickory",
    versions: "0.26.3 (resolv-conf 0.7.6)",
    lines: Lines {
        ends: LineEnds::Feed,         // C5d
        comments: Comments::Anywhere, // C1
        bare: true,                   // C13b
        visible: false,
        ..DNSPYTHON.lines
    },
    servers: Servers {
        form: AddressForm::StrictDropsZone, // C14
        invalid: OnInvalid::Skips,          // C6b
        ..DNSPYTHON.servers
    },
    search: Search {
        rule: SearchRule::Last,
        empty_clears: true, // C13b
        root: Root::Harmless,
        ..DNSPYTHON.search
    },
    options: Options {
        numbers: Numbers::Unsigned, // C10e, C11
        timeout: Some(Number {
            default: 5,
            most: u32::MAX,
            below: Below::Least,
            least: 0,
        }),
        attempts: Some(Number {
            default: 2,
            most: u32::MAX,
            below: Below::AsksNobody,
            least: 1,
        }),
        flags: &["edns0"], // C12a
        ..DNSPYTHON.options
    },
    lookups: Lookups {
        order: Order::Both,
        waiting: Waiting::Unknown,
        addresses: Addresses::Unknown,
        names: Names::Any,
    },
};

/// Java's own DNS client (JNDI). `InetAddress` uses the C library.
pub const JAVA: Reader = Reader {
    name: "java",
    versions: "17",
    lines: Lines {
        indent: false, // C4
        blanks: Blanks::C,
        ends: LineEnds::FeedOrReturn, // C5d
        nul: Nul::Byte,
        comments: Comments::Words, // C1d
        longest: None,
        bare: false,
        visible: false,
        reports_unknown: false,
        strict: false,
    },
    servers: Servers {
        most: Some(5), // C7c
        form: AddressForm::Strict,
        fallback: &[], // C15
        ..GLIBC.servers
    },
    search: Search {
        rule: SearchRule::FirstSearch,    // C9c
        most: Some(6),                    // C8
        invalid: OnInvalidDomain::Unused, // C13g
        ..C_SEARCH
    },
    options: Options {
        matching: Matching::Word,
        repeated: Repeated::Last,
        numbers: Numbers::Digits,
        ndots: None,
        timeout: None,
        attempts: None,
        timeout_names: &["timeout"],
        attempts_names: &["attempts"],
        timeout_unit: 1000,
        flags: &[],
    },
    lookups: Lookups {
        order: Order::Never,
        waiting: Waiting::Unknown,
        addresses: Addresses::Unknown,
        names: Names::Any,
    },
};
