//! The findings about a document, each with its line and the readers that it matters to.

use std::fmt;

use crate::lint::groups::Set;
use crate::readers::Reader;

/// One finding about a document. `Display` gives it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagnostic<'a> {
    pub(crate) line: usize,
    pub(crate) kind: DiagnosticKind,
    /// The word or line of the finding.
    pub(crate) subject: &'a [u8],
    /// A count, or the number of another line. This depends on the kind.
    pub(crate) number: usize,
    /// How many more findings of this kind are not listed.
    pub(crate) more: usize,
    /// The readers that were asked for.
    pub(crate) readers: &'a [Reader],
    /// Those of them to which it matters.
    pub(crate) affected: Set,
}

/// How much a [`Diagnostic`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// It is worth knowing, and nothing is lost.
    Note,
    /// Some reader understands the line in another way, or does not understand it.
    Warning,
    /// The line does not do what it should do.
    Error,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident;)*) => {
        /// What a [`Diagnostic`] is about. The names of [`as_str`](DiagnosticKind::as_str) are
        /// stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DiagnosticKind {
            $($(#[$doc])* $variant,)*
        }

        impl DiagnosticKind {
            /// How many kinds there are.
            pub(crate) const COUNT: usize = [$(Self::$variant),*].len();

            /// A stable name for machines, in kebab case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

kinds! {
    /// The file does not exist (line 0).
    MissingFile = "missing-file", Error;
    /// A reader takes no server from the file (line 0).
    NoNameservers = "no-nameservers", Error;
    /// A reader refuses the whole file.
    FileRefused = "file-refused", Error;
    /// A reader gives up the whole file at a line that is too long.
    FileLost = "file-lost", Error;
    /// A reader's look-ups fail as soon as they use the search list.
    SearchFails = "search-fails", Error;
    /// The check of single lines ends here, because the file is very large. What each reader takes
    /// from the whole file is still known. The subject is the part of this line that is checked; it
    /// is empty if nothing of it is.
    NotChecked = "not-checked", Warning;
    /// The file starts with a byte order mark.
    ByteOrderMark = "byte-order-mark", Error;
    /// The line holds a NUL byte.
    NulByte = "nul-byte", Error;
    /// The line is not UTF-8.
    InvalidUtf8 = "invalid-utf8", Note;
    /// The line ends in CR LF.
    CarriageReturn = "carriage-return", Warning;
    /// The line is longer than some reader takes.
    LongLine = "long-line", Warning;
    /// White space before a directive.
    IndentedDirective = "indented-directive", Warning;
    /// White space before a comment.
    IndentedComment = "indented-comment", Note;
    /// White space that is not a blank or a tab, after a directive or between words.
    OddBlank = "odd-blank", Warning;
    /// The first word is not a directive.
    UnknownDirective = "unknown-directive", Note;
    /// The first word is a directive in another case.
    KeywordCase = "keyword-case", Error;
    /// A directive without a value.
    MissingValue = "missing-value", Warning;
    /// The word after `nameserver` is not an address.
    InvalidNameserver = "invalid-nameserver", Error;
    /// An IPv4 address that is not four plain decimal numbers. Readers disagree about it.
    ShortAddress = "short-address", Error;
    /// A port, brackets or a name after `#` in a `nameserver` line. Few readers know them.
    Port = "port", Error;
    /// An IPv6 address with an empty zone.
    EmptyZone = "empty-zone", Error;
    /// A zone on an address that is not link-local.
    ZoneOnGlobal = "zone-on-global", Warning;
    /// A comma in a value.
    Comma = "comma", Error;
    /// Text after the address of a `nameserver` line.
    TrailingText = "trailing-text", Note;
    /// Another address on a `nameserver` line. Most readers ignore it.
    TrailingAddress = "trailing-address", Warning;
    /// A comment mark inside a value.
    CommentInValue = "comment-in-value", Warning;
    /// The nameserver is `0.0.0.0` or `::`.
    UnspecifiedNameserver = "unspecified-nameserver", Warning;
    /// The nameserver is a multicast or broadcast address.
    MulticastNameserver = "multicast-nameserver", Warning;
    /// An IPv6 link-local nameserver without a zone.
    ZoneMissing = "zone-missing", Error;
    /// A server that is already used is listed again.
    DuplicateNameserver = "duplicate-nameserver", Warning;
    /// More nameservers than some reader uses.
    TooManyNameservers = "too-many-nameservers", Warning;
    /// A later line replaces this search list.
    SearchReplaced = "search-replaced", Warning;
    /// More than one word after `domain`.
    DomainExtraWords = "domain-extra-words", Warning;
    /// More search domains than some reader uses.
    TooManySearchDomains = "too-many-search-domains", Warning;
    /// A search list longer than some reader takes.
    SearchTooLong = "search-too-long", Warning;
    /// A search domain that cannot be the end of any DNS name.
    InvalidSearchDomain = "invalid-search-domain", Error;
    /// The search domain `.`, which means: look up names as they are.
    RootDomain = "root-domain", Note;
    /// With `ndots:0` some reader never uses the search list.
    SearchUnused = "search-unused", Warning;
    /// An option that none of the requested readers knows.
    UnknownOption = "unknown-option", Note;
    /// A word that only begins like an option. Some reader takes it for that option.
    OptionPrefix = "option-prefix", Warning;
    /// An option whose value is not a plain number.
    InvalidOptionValue = "invalid-option-value", Error;
    /// An option above the largest value some reader takes.
    OptionAboveLimit = "option-above-limit", Warning;
    /// An option below the smallest value with which some reader works.
    OptionBelowLimit = "option-below-limit", Error;
    /// An option that is replaced by another one with the same name.
    OptionReplaced = "option-replaced", Note;
    /// A `sortlist` with a byte at which glibc loops for ever.
    SortlistHang = "sortlist-hang", Error;
    /// A word of `sortlist` that is not `address` or `address/netmask`, or that comes after the
    /// tenth word.
    InvalidSortlist = "invalid-sortlist", Warning;
}

impl<'a> Diagnostic<'a> {
    /// The line, from 1; 0 is the file as a whole.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The kind of the finding.
    pub fn kind(&self) -> DiagnosticKind {
        self.kind
    }

    /// The word or line of the finding; empty if it is about the line itself.
    pub fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// How many more findings of this kind there are for the same readers. At most 1000 of one kind
    /// are listed. The last of them has the number of those that are left out; all others have 0.
    /// Lines that are [not checked](DiagnosticKind::NotChecked) are not counted.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Those of the requested readers to which it matters.
    pub fn readers(&self) -> impl Iterator<Item = &'a Reader> + use<'a> {
        let (readers, affected) = (self.readers, self.affected);
        readers
            .iter()
            .enumerate()
            .filter(move |(at, _)| affected.has(*at))
            .map(|(_, reader)| reader)
    }
}

impl fmt::Display for DiagnosticKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Diagnostic<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let readers: Vec<&str> = self.readers().map(|reader| reader.name).collect();
        let mut fields = serializer.serialize_struct("Diagnostic", 5)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("kind", self.kind.as_str())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.serialize_field("readers", &readers)?;
        fields.serialize_field("more", &self.more)?;
        fields.end()
    }
}
