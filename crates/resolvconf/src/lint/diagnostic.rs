//! What is odd about a document, each with its line.

use std::fmt;

/// One finding about a document. `Display` gives it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagnostic<'a> {
    pub(crate) line: usize,
    pub(crate) kind: DiagnosticKind,
    /// The word or line it is about.
    pub(crate) subject: &'a [u8],
    /// A limit, a count or another line, as the kind has it.
    pub(crate) number: usize,
    /// Whose limit it is.
    pub(crate) reader: &'static str,
}

/// How much a [`Diagnostic`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// Some reader understands the line in another way, or not at all.
    Warning,
    /// The line does not do what it is there for.
    Error,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident;)*) => {
        /// What a [`Diagnostic`] is about. The names of [`as_str`](DiagnosticKind::as_str) are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum DiagnosticKind {
            $($(#[$doc])* $variant,)*
        }

        impl DiagnosticKind {
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
    /// No `nameserver` line holds an address (line 0).
    NoNameservers = "no-nameservers", Warning;
    /// The file starts with a byte order mark.
    ByteOrderMark = "byte-order-mark", Warning;
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
    /// White space other than blank and tab after a directive or between words.
    OddBlank = "odd-blank", Warning;
    /// The first word is no directive.
    UnknownDirective = "unknown-directive", Note;
    /// The first word is a directive but for its case.
    KeywordCase = "keyword-case", Error;
    /// A directive without a value.
    MissingValue = "missing-value", Warning;
    /// The word after `nameserver` is no address.
    InvalidNameserver = "invalid-nameserver", Error;
    /// An IPv4 address in a form that only glibc reads.
    ShortAddress = "short-address", Error;
    /// An IPv6 address with an empty zone, which only glibc reads.
    EmptyZone = "empty-zone", Error;
    /// A comma in a value.
    Comma = "comma", Error;
    /// Text after the address of a `nameserver` line.
    TrailingText = "trailing-text", Note;
    /// A comment mark inside a value.
    CommentInValue = "comment-in-value", Warning;
    /// The nameserver is `0.0.0.0` or `::`.
    UnspecifiedNameserver = "unspecified-nameserver", Warning;
    /// An IPv6 link-local nameserver without a zone.
    ZoneMissing = "zone-missing", Error;
    /// One of the servers that are used is listed again.
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
    /// A search domain that no DNS name can end in.
    InvalidSearchDomain = "invalid-search-domain", Error;
    /// An option glibc does not know.
    UnknownOption = "unknown-option", Note;
    /// An option whose value is no number from 0 up.
    InvalidOptionValue = "invalid-option-value", Error;
    /// An option above the largest value some reader takes.
    OptionAboveLimit = "option-above-limit", Warning;
    /// An option that a later one of the same name replaces.
    OptionReplaced = "option-replaced", Note;
    /// A `sortlist` with a byte that glibc's reader never gets past.
    SortlistHang = "sortlist-hang", Error;
    /// A word of `sortlist` that is no `address` or `address/netmask`, or beyond the tenth.
    InvalidSortlist = "invalid-sortlist", Warning;
}

impl<'a> Diagnostic<'a> {
    /// The line, from 1; 0 is the file as a whole.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What it is about.
    pub fn kind(&self) -> DiagnosticKind {
        self.kind
    }

    /// The word or line it is about; empty when the line as such is meant.
    pub fn subject(&self) -> &'a [u8] {
        self.subject
    }
}

impl fmt::Display for DiagnosticKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Diagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use DiagnosticKind as K;
        let (number, reader) = (self.number, self.reader);
        let word = Shortened(self.subject);
        match self.kind {
            K::MissingFile => f.write_str("the file does not exist; it reads as empty"),
            K::NoNameservers => {
                f.write_str("no nameserver is listed; the C libraries then ask 127.0.0.1")
            }
            K::ByteOrderMark => {
                f.write_str("byte order mark; to the C libraries it is part of the first word")
            }
            K::NulByte => f.write_str("NUL byte; to the C libraries the line ends there"),
            K::InvalidUtf8 => f.write_str("not UTF-8; the bytes are passed on as they are"),
            K::CarriageReturn => {
                f.write_str("ends in CR LF; to glibc the CR is part of the last word")
            }
            K::LongLine => write!(f, "{number} bytes; {reader} does not read so long a line"),
            K::IndentedDirective => f.write_str("white space first; glibc and musl skip the line"),
            K::IndentedComment => {
                f.write_str("a comment starts in the first column; passed on as it is")
            }
            K::OddBlank => {
                f.write_str("white space other than blank and tab; glibc does not split there")
            }
            K::UnknownDirective => {
                write!(
                    f,
                    "unknown directive {word}; resolvers skip it, it is passed on"
                )
            }
            K::KeywordCase => write!(f, "{word} must be in lower case; resolvers skip the line"),
            K::MissingValue if self.subject == b"search" || self.subject == b"domain" => write!(
                f,
                "{word} without a value; no effect, but musl forgets the list before it"
            ),
            K::MissingValue => write!(f, "{word} without a value; the line has no effect"),
            K::InvalidNameserver => write!(f, "{word} is no address; the line has no effect"),
            K::ShortAddress => write!(
                f,
                "{word} is not four decimal numbers; left out here, while glibc asks {}",
                std::net::Ipv4Addr::from(u32::try_from(number).unwrap_or(0))
            ),
            K::EmptyZone => {
                write!(
                    f,
                    "{word} ends in an empty zone; left out here, while glibc asks it"
                )
            }
            K::Comma => write!(f, "comma in {word}; words are separated by blanks"),
            K::TrailingText => write!(f, "{word} and what follows is ignored"),
            K::CommentInValue => {
                write!(
                    f,
                    "{word} starts no comment here; it and what follows count as words"
                )
            }
            K::UnspecifiedNameserver => write!(f, "{word} means this host"),
            K::ZoneMissing => write!(
                f,
                "{word} is link-local and needs a zone, as in {word}%eth0"
            ),
            K::DuplicateNameserver => write!(f, "{word} is listed on line {number} already"),
            K::TooManyNameservers => {
                write!(f, "{word} is not asked: {reader} uses {number} nameservers")
            }
            K::SearchReplaced => write!(f, "replaced by the search list on line {number}"),
            K::DomainExtraWords => {
                write!(f, "glibc takes one word after domain and ignores {word}")
            }
            K::TooManySearchDomains => {
                write!(f, "{word} is not searched: {reader} uses {number} domains")
            }
            K::SearchTooLong => write!(f, "search list too long: {reader} takes {number} bytes"),
            K::InvalidSearchDomain => write!(f, "{word} cannot be the end of a DNS name"),
            K::UnknownOption => write!(f, "glibc does not know option {word}; it is passed on"),
            K::InvalidOptionValue => write!(f, "{word} needs a number from 0 up"),
            K::OptionAboveLimit => write!(f, "{word} is taken as {number} by {reader}"),
            K::OptionReplaced if number == self.line => write!(
                f,
                "{word} is replaced by a later word; musl takes the first on a line"
            ),
            K::OptionReplaced => write!(f, "{word} is replaced on line {number}"),
            K::SortlistHang => {
                f.write_str("glibc loops for ever at a byte of this list: programs hang")
            }
            K::InvalidSortlist => {
                write!(
                    f,
                    "{word} is not used: glibc takes ten words, each address/netmask"
                )
            }
        }
    }
}

/// A word in quotes, cut when it is very long.
struct Shortened<'a>(&'a [u8]);

/// What of a word is shown, in bytes.
const SHOWN: usize = 64;

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(SHOWN)];
        let text = String::from_utf8_lossy(shown);
        let more = if shown.len() < self.0.len() {
            "…"
        } else {
            ""
        };
        write!(f, "\"{}{more}\"", text.escape_debug())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Diagnostic<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Diagnostic", 3)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("kind", self.kind.as_str())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}
