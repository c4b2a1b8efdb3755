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
    /// Bytes that split lines or words, but only for some readers.
    pub(crate) const SPLITS: Self = Self::NUL.or(Self::ODD);
    /// Bytes that are blanks, but only for some readers.
    pub(crate) const ODD: Self = Self::RETURN.or(Self::ODD_BLANK).or(Self::BEYOND_ASCII);

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

const LOOKS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0x80;
    while byte < 256 {
        table[byte] = Look::BEYOND_ASCII.0;
        byte += 1;
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
