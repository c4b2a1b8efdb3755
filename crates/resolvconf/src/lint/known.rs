//! The meaning of each option.

/// The meaning of an option in words, as glibc defines it.
pub(crate) fn known_option(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"ndots" => "a name with at least this many dots is tried as it is first",
        b"timeout" => "seconds to wait for an answer before the next server is asked",
        b"attempts" => "how often all servers are asked before giving up",
        b"debug" => "print debugging messages, where built in",
        b"rotate" => "spread queries over the nameservers in turn",
        b"edns0" => "announce larger answers by EDNS (RFC 2671)",
        b"single-request" => "ask for IPv4 and IPv6 one after the other",
        b"single-request-reopen" => "use a new socket for the second of two queries",
        b"no-tld-query" | b"no_tld_query" => "do not try names without a dot as top-level names",
        b"no-reload" => "do not look for changes of this file (glibc 2.26)",
        b"use-vc" => "ask over TCP",
        b"trust-ad" => "believe the server that an answer was validated (glibc 2.31)",
        b"no-aaaa" => "do not ask for IPv6 addresses (glibc 2.36)",
        b"strict-error" => "report a partly failed look-up as failed",
        b"no-check-names" => "once switched off the checking of names; today without effect",
        b"inet6" => "once mapped IPv4 answers to IPv6; today without effect",
        b"ip6-bytestring" | b"ip6-dotint" | b"no-ip6-dotint" => "gone since glibc 2.25",
        _ => return None,
    })
}
