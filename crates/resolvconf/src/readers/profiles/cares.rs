//! c-ares, and what comes with it.
//!
//! Each fact was seen in the real reader. Beside it stands the case of the matrix that shows it.

use crate::readers::form::*;
use crate::readers::profiles::libc::{C_SEARCH, GLIBC};

/// c-ares 1.34.
pub const C_ARES: Reader = Reader {
    name: "c-ares",
    versions: "1.34.9",
    lines: Lines {
        indent: true,                 // C4
        blanks: Blanks::C,            // C5
        ends: LineEnds::Feed,         // C5d
        nul: Nul::Byte,               // C19d
        comments: Comments::Anywhere, // C1
        longest: None,                // C18
        bare: false,                  // C13b
        visible: true,                // M8, M27
        reports_unknown: false,
        strict: false,
    },
    servers: Servers {
        most: None,                       // C7
        words: ServerWords::UntilInvalid, // C3f, C3g, C5d
        form: AddressForm::Cares134,      // C2, C3, C14
        merges_repeated: true,            // C7b
        ..GLIBC.servers
    },
    search: Search {
        rule: SearchRule::SearchBeforeDomain, // C9b
        invalid: OnInvalidDomain::EndsLookup, // C13g, C13i
        bytes: Some(512),                     // C8
        commas: true,                         // C13h
        blanks_only: true,                    // M8
        domain_to_comma: true,                // M34
        too_long: OnTooLong::FailsLookup,     // N5
        ..C_SEARCH
    },
    options: Options {
        matching: Matching::Word,
        repeated: Repeated::Last, // C12c
        numbers: Numbers::Digits, // C11
        ndots: Some(Number {
            default: 1,
            most: u32::MAX,
            below: Below::Default,
            least: 0,
        }),
        timeout: Some(Number {
            default: 2,
            most: u32::MAX,
            below: Below::Default,
            least: 1,
        }),
        attempts: Some(Number {
            default: 3,
            most: u32::MAX,
            below: Below::Default,
            least: 1,
        }),
        timeout_names: &["timeout", "retrans"], // C12g
        attempts_names: &["attempts", "retry"],
        timeout_unit: 1000,
        flags: &["rotate"], // C12a, C17
    },
    lookups: Lookups {
        order: Order::Both,
        waiting: Waiting::Unknown,
        addresses: Addresses::Strict, // N1
        names: Names::Visible,        // N3, N6
    },
};

/// c-ares 1.18.
pub const C_ARES_OLD: Reader = Reader {
    name: "c-ares-1.18",
    versions: "1.18.1",
    lines: Lines {
        visible: false, // M8
        ..C_ARES.lines
    },
    servers: Servers {
        words: ServerWords::AllAndCommas,
        form: AddressForm::Cares118, // C2, C3, C14
        merges_repeated: false,      // C7b
        ..C_ARES.servers
    },
    search: Search {
        rule: SearchRule::Last,                // C9b
        root: Root::FailsLookup,               // C13a
        invalid: OnInvalidDomain::FailsLookup, // C13i
        bytes: None,                           // C8
        domain_to_comma: false,
        ..C_ARES.search
    },
    options: Options {
        matching: Matching::Prefix,
        repeated: Repeated::First, // C12c, C12d
        numbers: Numbers::Masked,  // C11
        ndots: Some(Number {
            default: 1,
            most: i32::MAX as u32,
            below: Below::Least,
            least: 0,
        }),
        // C10a, C12g: this version does not know `timeout` and `attempts`. `retry:0` sends one
        // query. With `retrans:0` all queries are sent, and the look-up fails at once.
        timeout: Some(Number {
            default: 5000,
            most: i32::MAX as u32,
            below: Below::WaitsForNone,
            least: 1,
        }),
        attempts: Some(Number {
            default: 4,
            most: i32::MAX as u32,
            below: Below::Least,
            least: 1,
        }),
        timeout_names: &["retrans"],
        attempts_names: &["retry"],
        timeout_unit: 1,
        flags: &["rotate"],
    },
    lookups: Lookups {
        addresses: Addresses::Unknown,
        names: Names::Any,
        ..C_ARES.lookups
    },
    ..C_ARES
};

/// Node's `dns.resolve`, which uses the c-ares that Node brings along. `dns.lookup` uses the C
/// library.
pub const NODE: Reader = Reader {
    name: "node",
    versions: "20.20 (c-ares 1.34.6)",
    lines: Lines {
        comments: Comments::FirstColumn, // C1b, C1c
        ..C_ARES.lines
    },
    search: Search {
        rule: SearchRule::Never,
        host_domain: false, // C9e
        ..C_ARES.search
    },
    options: Options {
        // Node sets the number of attempts itself; no option changes it.
        attempts: Some(Number {
            default: 4,
            most: u32::MAX,
            below: Below::Default,
            least: 1,
        }),
        attempts_names: &[],
        ..C_ARES.options
    },
    lookups: Lookups {
        order: Order::Never,
        waiting: Waiting::Unknown,
        addresses: Addresses::Unknown,
        names: Names::Any,
    },
    ..C_ARES
};
