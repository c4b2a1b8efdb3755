//! Every parser as a function that any bytes may be given to. A target does
//! not only parse: it holds what it got against what must be true of it.
//!
//! `cargo test -p fuzz` runs the corpus and bounded mutations of it through
//! them; `cargo xtask fuzz` runs libFuzzer.

mod targets;

/// A parser that any bytes may be given to; it panics when it breaks a promise.
pub type Target = fn(&[u8]);

/// All targets by name; the corpus of each is in `corpus/<name>`.
pub const TARGETS: &[(&str, Target)] = &[
    ("mountinfo", targets::mountinfo),
    ("plan", targets::plan),
    ("record", targets::record),
    ("resolv-conf", targets::resolv_conf),
    ("netlink", targets::netlink),
    ("daemon-json", targets::daemon_json),
    ("features", targets::features),
];
