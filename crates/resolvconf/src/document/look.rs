//! Which bytes of a line mean different things to different readers.

/// Which odd bytes a line holds. Each byte is looked at once, for all readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look(u8);

impl Look {
    pub(crate) const NUL: Self = Self(1);
    pub(crate) const RETURN: Self = Self(2);
    /// Vertical tab or form feed.
    pub(crate) const ODD_BLANK: Self = Self(4);
    pub(crate) const BEYOND_ASCII: Self = Self(8);
    /// `#` or `;`.
    pub(crate) const MARK: Self = Self(16);
    pub(crate) const COMMA: Self = Self(32);
    pub(crate) const COLON: Self = Self(64);
    /// The first byte of some white space character beyond ASCII.
    pub(crate) const WIDE_BLANK: Self = Self(128);
    /// Bytes that split lines or words, but only for some readers.
    pub(crate) const SPLITS: Self = Self::NUL.or(Self::ODD);
    /// Bytes that are blanks, but only for some readers.
    pub(crate) const ODD: Self = Self::RETURN.or(Self::ODD_BLANK).or(Self::WIDE_BLANK);

    pub(crate) fn of(text: &[u8]) -> Self {
        Self(
            text.iter()
                .fold(0, |seen, byte| seen | LOOKS[usize::from(*byte)]),
        )
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the line holds any of them.
    pub(crate) fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }
}

/// The first bytes of the white space characters beyond ASCII, in UTF-8.
const WIDE: [u8; 4] = [0xc2, 0xe1, 0xe2, 0xe3];

const LOOKS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0x80;
    while byte < 256 {
        table[byte] = Look::BEYOND_ASCII.0;
        byte += 1;
    }
    let mut at = 0;
    while at < WIDE.len() {
        table[WIDE[at] as usize] |= Look::WIDE_BLANK.0;
        at += 1;
    }
    table[0] = Look::NUL.0;
    table[b'\r' as usize] = Look::RETURN.0;
    table[0x0b] = Look::ODD_BLANK.0;
    table[0x0c] = Look::ODD_BLANK.0;
    table[b'#' as usize] = Look::MARK.0;
    table[b';' as usize] = Look::MARK.0;
    table[b',' as usize] = Look::COMMA.0;
    table[b':' as usize] = Look::COLON.0;
    table
};

#[cfg(test)]
mod tests {
    use super::Look;

    #[test]
    fn wide_blanks_are_those_that_split_words() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let look = Look::of(c.to_string().as_bytes());
            assert_eq!(look.has(Look::BEYOND_ASCII), !c.is_ascii(), "{c:?}");
            // Other characters may begin with the same byte.
            assert!(
                c.is_ascii() || !c.is_whitespace() || look.has(Look::WIDE_BLANK),
                "{c:?}"
            );
        }
        assert!(!Look::of("\u{e9}\u{fffd}\u{feff}".as_bytes()).has(Look::SPLITS));
    }
}
