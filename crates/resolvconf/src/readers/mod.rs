//! The readers of resolv.conf as data, and what each takes from a file. This room is pure.
//!
//! A profile is a [`Reader`]. [`Document::effective`](crate::Document::effective) applies one to a
//! file. [`ALL`] lists all profiles, and [`DEFAULT`] lists the readers that containers have most
//! often.
//!
//! # How exact the profiles are
//!
//! `cargo xtask readers` runs the real readers on 100 files and compares what they ask. Every file
//! whose servers can be reached agrees for glibc, musl, Go, c-ares, Node, systemd-resolved and
//! HAProxy, in each version that is named.
//! These differ:
//!
//! * dig never asks an IPv4-mapped address (`::ffff:192.0.2.1`), and gives up at a very long word.
//! * Java, libunbound and dnsmasq never ask such an address either. Java takes a NUL as a part of
//!   the word. libunbound reports a line that it cannot read as an error, and a program that stops
//!   there asks nobody.
//! * busybox `nslookup` asks for less, or for nothing, if a search domain is odd. It cannot read a
//!   zone on an address that is not link-local, or several blanks before an address. It takes the
//!   name of a server instead of an address.
//!
//! The cases N1 to N6 look up names for which not every reader asks. They agree for glibc, musl,
//! Go, c-ares 1.34 and systemd-resolved. For the others only names that no query can hold, and
//! names that get too long, are known to send no query.
//!
//! hickory was run by hand. The test `where_the_other_profiles_differ` lists where the words of
//! these readers differ from the profile.
//!
//! With `--mixed 60` the readers also get odd mixtures of the same pieces. There 3 of 60 still
//! differ for each c-ares, 2 for Node and 22 for systemd-resolved, which keeps fewer domains and at
//! times servers in another order. Why is not known.

mod context;
mod effective;
mod form;
mod lines;
mod lookups;
mod names;
mod options;
mod profiles;
mod reading;
mod search;
mod servers;
mod words;

pub use context::Context;
pub(crate) use effective::Outcome;
pub use effective::{Effective, Server, Trouble};
pub use form::{
    AddressForm, Addresses, Below, Blanks, Comments, LineEnds, Lines, Lookups, Matching, Names,
    Nul, Number, Numbers, OnInvalid, OnInvalidDomain, OnTooLong, Options, Order, Reader, Repeated,
    Root, Search, SearchRule, ServerWords, Servers, TooLong, Waiting,
};
pub(crate) use lines::{Entry, Keyword, Row, is_visible, plain_entry, reads, sees};
pub use lookups::{Query, Times};
pub use names::NoQuery;
pub(crate) use options::{Taken, Value, may_be_numeric, one_option, option_at};
pub use profiles::{
    ALL, BUSYBOX, C_ARES, C_ARES_OLD, DEFAULT, DIG, DNSMASQ, DNSPYTHON, GLIBC, GLIBC_NEW, GO,
    GO_OLD, HAPROXY, HICKORY, JAVA, MUSL, MUSL_OLD, NODE, RESOLVED, RESOLVED_NEW, UNBOUND, find,
};
pub(crate) use reading::{Depth, Once, Reading};
pub(crate) use search::is_domain;
pub(crate) use servers::{Word, is_server};
pub(crate) use words::words;
