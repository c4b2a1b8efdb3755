//! The profiles: what was seen in each real reader. This room is data.

mod all;
mod languages;
mod libc;
mod resolvers;

pub use all::{ALL, DEFAULT, find};
pub use languages::{C_ARES, C_ARES_OLD, DNSPYTHON, GO, GO_OLD, HICKORY, JAVA, NODE};
pub use libc::{GLIBC, GLIBC_NEW, MUSL, MUSL_OLD};
pub use resolvers::{BUSYBOX, DIG, DNSMASQ, HAPROXY, RESOLVED, RESOLVED_NEW, UNBOUND};
