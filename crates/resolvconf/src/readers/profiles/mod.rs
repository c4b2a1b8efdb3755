//! The profiles: what was seen in each real reader. This room is data.

mod all;
mod cares;
mod languages;
mod libc;
mod resolvers;

pub use all::{ALL, DEFAULT, find};
pub use cares::{C_ARES, C_ARES_OLD, NODE};
pub use languages::{DNSPYTHON, GO, GO_OLD, HICKORY, JAVA};
pub use libc::{GLIBC, GLIBC_NEW, MUSL, MUSL_OLD};
pub use resolvers::{BUSYBOX, DIG, DNSMASQ, HAPROXY, RESOLVED, RESOLVED_NEW, UNBOUND};
