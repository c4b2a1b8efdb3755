//! The label of an IPv4 address.

use std::ffi::OsStr;
use std::fmt;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;

/// The most bytes of a label: `IFNAMSIZ` less the NUL.
const LONGEST: usize = 15;

/// The label of an IPv4 address, such as `eth0:1`: at most 15 bytes.
///
/// It holds its bytes itself, so that a listing of many addresses allocates nothing for them. Use
/// it as an [`OsStr`].
///
/// # Examples
///
/// ```
/// use std::ffi::OsStr;
///
/// let label = ifaddrs::Label::new("eth0:1").unwrap();
/// assert_eq!(label, *"eth0:1");
/// assert_eq!(&*label, OsStr::new("eth0:1"));
/// assert!(ifaddrs::Label::new("longer than a name").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    bytes: [u8; LONGEST],
    length: u8,
}

impl Label {
    /// A label of these bytes; `None` if they are more than 15.
    pub fn new(text: impl AsRef<OsStr>) -> Option<Self> {
        Self::from_bytes(text.as_ref().as_bytes())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut label = Self {
            bytes: [0; LONGEST],
            length: bytes.len() as u8,
        };
        // A loop over so few bytes is faster than a call of memcpy.
        for (to, from) in label.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        Some(label)
    }

    /// The label as text of the operating system.
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(&self.bytes[..usize::from(self.length)])
    }
}

impl Deref for Label {
    type Target = OsStr;

    fn deref(&self) -> &OsStr {
        self.as_os_str()
    }
}

impl AsRef<OsStr> for Label {
    fn as_ref(&self) -> &OsStr {
        self
    }
}

impl PartialEq<str> for Label {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_os_str().fmt(f)
    }
}
