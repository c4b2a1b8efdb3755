//! Names for which a reader sends no query.

use crate::document::{glibc_ipv4, ipv6};
use crate::readers::form::{Addresses, Names, Reader};
use crate::readers::search::is_domain;

/// Why a look-up of a name sends no query, whatever the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoQuery {
    /// It is an address. The look-up is answered without a query.
    Address,
    /// No query can hold such a name: a label is empty or longer than 63 bytes, or the name is
    /// longer than 253 bytes. The look-up fails.
    NotAName,
    /// The reader asks for no name with these bytes. The look-up fails.
    Refused,
    /// The name is not ASCII. glibc asks for its ASCII form (`xn--…`) if libidn2 is installed. Else
    /// the look-up fails.
    NotAscii,
}

impl NoQuery {
    /// A stable name for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NotAName => "not-a-name",
            Self::Refused => "refused",
            Self::NotAscii => "not-ascii",
        }
    }
}

impl Reader {
    /// Why a look-up of this name sends no query. `None` if the name is one to ask for.
    ///
    /// # Examples
    ///
    /// ```
    /// use resolvconf::readers::{GLIBC, GO, NoQuery};
    ///
    /// assert_eq!(GLIBC.no_query(b"10.1"), Some(NoQuery::Address));
    /// assert_eq!(GO.no_query(b"10.1"), Some(NoQuery::Refused));
    /// assert_eq!(GO.no_query(b"db.example.org"), None);
    /// ```
    pub fn no_query(&self, name: &[u8]) -> Option<NoQuery> {
        if is_address(name, self.lookups.addresses) {
            Some(NoQuery::Address)
        } else if name.is_empty() || !is_domain(name) {
            Some(NoQuery::NotAName)
        } else if asks_for(name, self.lookups.names) {
            None
        } else if self.lookups.names == Names::Letters && !name.is_ascii() {
            Some(NoQuery::NotAscii)
        } else {
            Some(NoQuery::Refused)
        }
    }
}

fn is_address(name: &[u8], addresses: Addresses) -> bool {
    // A zone that is not a link makes the look-up fail, and nothing is asked either.
    let host = name.split(|byte| *byte == b'%').next().unwrap_or(name);
    let v4 = || glibc_ipv4(name).is_some();
    match addresses {
        Addresses::Unknown => false,
        Addresses::Aton => ipv6(host).is_some() || v4(),
        Addresses::Strict => {
            let plain = std::str::from_utf8(name).ok();
            let plain = plain.and_then(|name| name.parse::<std::net::Ipv4Addr>().ok());
            ipv6(host).is_some() || plain.is_some()
        }
    }
}

/// Whether the reader asks for a name with these bytes.
fn asks_for(name: &[u8], names: Names) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match names {
        Names::Any => true,
        Names::Letters => name.iter().all(plain) && !name.starts_with(b"-"),
        Names::LabelsWithoutOnion if is_onion(name) => false,
        Names::Labels | Names::LabelsWithoutOnion => {
            let dash = |label: &[u8]| label.starts_with(b"-") || label.ends_with(b"-");
            let number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
            let letters = name.iter().all(plain) && !name.iter().all(number);
            name == b"." || (letters && !name.split(|b| *b == b'.').any(dash))
        }
        Names::Visible => name.iter().all(u8::is_ascii_graphic) && !is_onion(name),
        Names::NotRoot => name != b".",
    }
}

/// Whether the reader never sends a query for this name, although it looks it up.
pub(super) fn is_avoided(query: &[u8], names: Names) -> bool {
    names == Names::Labels && is_onion(query)
}

fn is_onion(name: &[u8]) -> bool {
    let bare = name.strip_suffix(b".").unwrap_or(name);
    let end = bare.len().checked_sub(b".onion".len());
    end.is_some_and(|end| bare[end..].eq_ignore_ascii_case(b".onion"))
}
