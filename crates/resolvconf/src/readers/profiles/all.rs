//! The list of profiles.

use crate::readers::form::Reader;
use crate::readers::profiles::cares::{C_ARES, C_ARES_OLD, NODE};
use crate::readers::profiles::languages::{DNSPYTHON, GO, GO_OLD, HICKORY, JAVA};
use crate::readers::profiles::libc::{GLIBC, MUSL, MUSL_OLD};
use crate::readers::profiles::resolvers::{BUSYBOX, DIG, DNSMASQ, HAPROXY, RESOLVED, UNBOUND};

/// The readers that containers have most often.
pub const DEFAULT: [Reader; 3] = [GLIBC, MUSL, GO];

/// One profile for each name, the most common reader first.
pub const ALL: [Reader; 17] = [
    GLIBC, MUSL, GO, C_ARES, NODE, JAVA, DNSPYTHON, HICKORY, RESOLVED, UNBOUND, DNSMASQ, BUSYBOX,
    DIG, HAPROXY, MUSL_OLD, GO_OLD, C_ARES_OLD,
];

/// The profile with this name, such as `musl`. `None` if no profile has it.
pub fn find(name: &str) -> Option<Reader> {
    ALL.into_iter().find(|reader| reader.name == name)
}
