//! The readers of resolv.conf as data, and what each makes of a file. This room is pure.
//!
//! A profile is a [`Reader`]; [`Document::effective`](crate::Document::effective) applies one to a
//! file. [`ALL`] lists them, [`DEFAULT`] those that containers have most often.

mod all;
mod context;
mod effective;
mod languages;
mod libc;
mod lines;
mod lookups;
mod options;
mod reader;
mod resolvers;
mod search;
mod servers;

pub use all::{ALL, DEFAULT, find};
pub use context::Context;
pub use effective::{Effective, Server, Trouble};
pub use languages::{C_ARES, C_ARES_OLD, DNSPYTHON, GO, GO_OLD, HICKORY, JAVA, NODE};
pub use libc::{GLIBC, GLIBC_NEW, MUSL, MUSL_OLD};
pub(crate) use lines::sees;
pub use lookups::{Query, Times};
pub(crate) use options::{Value, one_option};
pub use reader::{
    AddressForm, Below, Blanks, Comments, LineEnds, Lines, Lookups, Matching, Nul, Number, Numbers,
    OnInvalid, OnInvalidDomain, Options, Order, Reader, Repeated, Root, Search, SearchRule,
    ServerWords, Servers, TooLong, Waiting,
};
pub use resolvers::{BUSYBOX, DNSMASQ, RESOLVED, RESOLVED_NEW, UNBOUND};
pub(crate) use search::is_domain;
