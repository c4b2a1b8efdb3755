//! How values are written.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};

/// Writes an address as `inet_ntop(3)` and `ip addr` do. The last four bytes are dotted in
/// IPv4-mapped addresses, and also in IPv4-compatible ones (`::192.0.2.1`).
pub(super) fn write_addr(f: &mut fmt::Formatter<'_>, addr: IpAddr) -> fmt::Result {
    match addr {
        IpAddr::V6(v6) if v6.to_bits() >> 32 == 0 && v6.to_bits() >> 16 != 0 => {
            f.write_str("::")?;
            write!(f, "{}", Ipv4Addr::from_bits(v6.to_bits() as u32))
        }
        addr => write!(f, "{addr}"),
    }
}

/// Writes words with blanks between them.
pub(super) fn write_words<'a>(
    f: &mut fmt::Formatter<'_>,
    words: impl Iterator<Item = &'a str>,
) -> fmt::Result {
    for (n, word) in words.enumerate() {
        if n > 0 {
            f.write_char(' ')?;
        }
        f.write_str(word)?;
    }
    Ok(())
}
