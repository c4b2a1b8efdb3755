//! One line of a file: which directive it holds, and its words.

use crate::document::words::{self, Fields};

/// Where a line starts and what it is; it ends where the next one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) kind: LineKind,
}

/// Which directive a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineKind {
    /// Nothing but white space.
    Blank,
    /// `#` or `;` in the first column.
    Comment,
    /// A comment mark after white space: no directive to anyone, passed on as it is.
    IndentedComment,
    /// `nameserver`.
    Nameserver,
    /// `domain`: the old name of a search list.
    Domain,
    /// `search`.
    Search,
    /// `options`.
    Options,
    /// `sortlist`.
    Sortlist,
    /// Any other first word; passed on as it is.
    Other,
}

/// One line of a [`Document`](crate::Document).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// What it holds.
    pub kind: LineKind,
    /// Its bytes with the terminator and, on line 1, the byte order mark.
    pub raw: &'a [u8],
}

impl LineKind {
    /// Whether what follows the directive means something.
    pub(crate) fn takes_values(self) -> bool {
        matches!(
            self,
            Self::Nameserver | Self::Domain | Self::Search | Self::Options | Self::Sortlist
        )
    }
}

impl<'a> Line<'a> {
    /// The line without its terminator (`\n`, `\r\n` or none) and without a byte order mark.
    pub fn content(&self) -> &'a [u8] {
        words::content(self.raw, self.number == 1)
    }

    /// The words after the directive.
    pub fn words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.fields()
    }

    /// Whether glibc never gets past a byte of this sortlist.
    ///
    /// `res_init.c` stops at what is not ASCII or is white space, but skips blanks and tabs only.
    pub(crate) fn hangs_glibc(&self) -> bool {
        let stops = |b: &u8| !b.is_ascii() || matches!(b, b'\x0b' | b'\x0c' | b'\r');
        let mut list = self.raw.split(|&b| b == b';' || b == 0);
        self.kind == LineKind::Sortlist && list.next().unwrap_or_default().iter().any(stops)
    }

    /// The first word; empty on a blank line.
    pub(crate) fn directive(&self) -> &'a [u8] {
        words::fields(self.content()).next().unwrap_or_default()
    }

    pub(crate) fn fields(&self) -> Fields<'a> {
        let mut fields = words::fields(self.content());
        fields.next();
        fields
    }
}

/// An option's name and the text after its first colon.
pub(crate) fn split_option(option: &[u8]) -> (&[u8], &[u8]) {
    match option.iter().position(|&b| b == b':') {
        Some(colon) => (&option[..colon], &option[colon + 1..]),
        None => (option, b""),
    }
}
