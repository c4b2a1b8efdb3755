//! The C libraries.
//!
//! Each fact was seen in the real library. Beside it stands the case of the matrix that shows it.
//! The matrix is `tests/resolvconf/data/readers.json`.

use crate::readers::form::*;

/// glibc 2.26 and later.
pub const GLIBC: Reader = Reader {
    name: "glibc",
    versions: "2.36, 2.43",
    lines: Lines {
        indent: false,                   // C4
        blanks: Blanks::SpaceTab,        // C5, C20f
        ends: LineEnds::Feed,            // C5d
        nul: Nul::EndsLine,              // C19d
        comments: Comments::FirstColumn, // C1
        longest: None,                   // C18
        bare: false,                     // C13b
        visible: false,
        reports_unknown: false,
        strict: false,
    },
    servers: Servers {
        most: Some(3),             // C7
        words: ServerWords::First, // C3g
        form: AddressForm::Glibc,  // C3, C14
        invalid: OnInvalid::Skips,
        merges_repeated: false, // C7b
        drops_any_ipv4: false,
        drops_any_ipv6: false,
        fallback: &["127.0.0.1"], // C15
        refuses_none: false,
    },
    search: Search {
        rule: SearchRule::Last,             // C9
        domain_takes_all: false,            // C9d
        empty_clears: false,                // C13b
        root: Root::InPlace,                // C13a
        invalid: OnInvalidDomain::EndsList, // C13g, C13i
        most: None,                         // C8
        bytes: None,
        commas: false, // C13h
        blanks_only: false,
        domain_to_comma: false,
        too_long: OnTooLong::EndsList, // N5
        host_domain: true,             // C9e
    },
    options: Options {
        matching: Matching::Prefix,
        repeated: Repeated::Last, // C12c
        numbers: Numbers::Atoi,   // C11
        // The value has four bits, so a value below zero becomes the largest one.
        ndots: Some(Number {
            default: 1,
            most: 15,
            below: Below::Least,
            least: 0,
        }),
        // A time of zero counts as one second.
        timeout: Some(Number {
            default: 5,
            most: 30,
            below: Below::Least,
            least: 0,
        }),
        attempts: Some(Number {
            default: 2,
            most: 5,
            below: Below::AsksNobody,
            least: 1,
        }), // C11f
        timeout_names: &["timeout"],
        attempts_names: &["attempts"],
        timeout_unit: 1000,
        flags: &[
            "rotate",
            "edns0",
            "single-request-reopen",
            "single-request",
            "no_tld_query",
            "no-tld-query",
            "no-reload",
            "use-vc",
            "trust-ad",
            "no-aaaa",
        ],
    },
    lookups: Lookups {
        order: Order::Both,
        waiting: Waiting::Doubling,
        addresses: Addresses::Aton, // N1
        names: Names::Letters,      // N3, N6
    },
};

/// glibc 2.41 and later, which knows one more option.
pub const GLIBC_NEW: Reader = Reader {
    versions: "2.43",
    options: Options {
        flags: &[
            "rotate",
            "edns0",
            "single-request-reopen",
            "single-request",
            "no_tld_query",
            "no-tld-query",
            "no-reload",
            "use-vc",
            "trust-ad",
            "no-aaaa",
            "strict-error",
        ], // C17e
        ..GLIBC.options
    },
    ..GLIBC
};

/// musl 1.2.5 and later.
pub const MUSL: Reader = Reader {
    name: "musl",
    versions: "1.2.5, 1.2.6",
    lines: Lines {
        indent: false,          // C4
        blanks: Blanks::C,      // C5
        ends: LineEnds::Feed,   // C5d
        nul: Nul::EatsNextLine, // C19d
        comments: Comments::FirstColumn,
        longest: Some((254, TooLong::SkipsLine)), // C8, C18b
        bare: true,                               // C13b
        visible: false,
        reports_unknown: false,
        strict: false,
    },
    servers: Servers {
        form: AddressForm::Musl, // C3, C14
        ..GLIBC.servers
    },
    search: Search {
        domain_takes_all: true,          // C9d
        empty_clears: true,              // C13b
        invalid: OnInvalidDomain::Skips, // C13g
        host_domain: false,              // C9e
        ..C_SEARCH
    },
    options: Options {
        matching: Matching::Anywhere,
        repeated: Repeated::FirstOfLastLine, // C12c, C12d
        numbers: Numbers::Digit,             // C11
        ndots: Some(Number {
            default: 1,
            most: 15,
            below: Below::Least,
            least: 0,
        }),
        timeout: Some(Number {
            default: 5,
            most: 60,
            below: Below::AsksNobody,
            least: 1,
        }),
        attempts: Some(Number {
            default: 2,
            most: 10,
            below: Below::EndsProgram,
            least: 1,
        }),
        timeout_names: &["timeout"],
        attempts_names: &["attempts"],
        timeout_unit: 1000,
        flags: &[], // C17
    },
    lookups: Lookups {
        order: Order::FewDotsOnly,
        waiting: Waiting::AllAtOnce,
        addresses: Addresses::Aton, // N1
        names: Names::NotRoot,      // N3, N4, N6
    },
};

/// The rules of glibc for the search list, except what `.` does and a domain that is too long.
pub(super) const C_SEARCH: Search = Search {
    root: Root::Harmless,
    too_long: OnTooLong::Skips, // N5
    ..GLIBC.search
};

/// musl up to 1.2.3. A search domain that it cannot use makes the look-up fail.
pub const MUSL_OLD: Reader = Reader {
    name: "musl-1.2.3",
    versions: "1.2.3",
    search: Search {
        root: Root::FailsLookup,               // C13a, C13f
        invalid: OnInvalidDomain::FailsLookup, // C13i
        ..MUSL.search
    },
    ..MUSL
};
