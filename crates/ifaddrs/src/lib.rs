//! ifaddrs.
