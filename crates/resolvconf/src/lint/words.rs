//! Puts diagnostics into words: the cause, and the effect on each reader that it matters to.

use std::fmt;

use crate::document::split_option;
use crate::lint::diagnostic::{Diagnostic, DiagnosticKind as K};
use crate::lint::effects;
use crate::lint::groups::grouped;
use crate::readers::{Nul, OnInvalidDomain, Reader, Repeated, may_be_numeric};

impl fmt::Display for Diagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause(f)?;
        match self.more {
            0 => Ok(()),
            more => write!(
                f,
                "; and {more} more findings of this kind, which are not listed"
            ),
        }
    }
}

/// The last kind of each group, in the order of the enum.
const SEARCH_FAILS: u8 = K::SearchFails as u8;
const MISSING_VALUE: u8 = K::MissingValue as u8;
const TOO_MANY_NAMESERVERS: u8 = K::TooManyNameservers as u8;
const SEARCH_UNUSED: u8 = K::SearchUnused as u8;

impl Diagnostic<'_> {
    fn cause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind as u8;
        if kind <= SEARCH_FAILS {
            self.whole_file(f)
        } else if kind <= MISSING_VALUE {
            self.line_words(f)
        } else if kind <= TOO_MANY_NAMESERVERS {
            self.server_words(f)
        } else if kind <= SEARCH_UNUSED {
            self.search_words(f)
        } else {
            self.option_words(f)
        }
    }

    /// The names of the readers to which it matters.
    fn names(&self) -> String {
        let names: Vec<&str> = self.readers().map(|reader| reader.name).collect();
        names.join(", ")
    }

    fn each(&self, effect: impl Fn(&Reader) -> String) -> String {
        let readers: Vec<Reader> = self.readers().copied().collect();
        match &readers[..] {
            [reader] => format!("{}: {}", reader.name, effect(reader)),
            readers => grouped(readers, effect),
        }
    }

    fn word(&self) -> Shortened<'_> {
        Shortened(self.subject)
    }

    fn whole_file(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names();
        match self.kind {
            K::MissingFile => write!(
                f,
                "the file does not exist; {}",
                self.each(effects::without_servers)
            ),
            K::NoNameservers => write!(
                f,
                "no server of the file is used; {}",
                self.each(effects::without_servers)
            ),
            K::FileRefused => write!(f, "refused by {names}: no name resolves"),
            K::FileLost => write!(f, "so long that {names} gives up the whole file"),
            _ => write!(f, "look-ups that come to the search list fail in {names}"),
        }
    }

    fn not_checked(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, number) = (self.subject, self.number);
        let to_its_end = if part.is_empty() { "" } else { " to its end" };
        write!(
            f,
            "the file is very large: this line is not checked{to_its_end}, and {number} lines \
             after it are not checked; what readers take from them is known all the same"
        )
    }

    fn line_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, word, number) = (self.names(), self.word(), self.number);
        match self.kind {
            K::NotChecked => self.not_checked(f),
            K::ByteOrderMark => {
                write!(f, "byte order mark; the line is not read by {names}")
            }
            K::NulByte => write!(
                f,
                "NUL byte; {}",
                self.each(|reader| match reader.lines.nul {
                    Nul::EndsLine => "the line ends there".into(),
                    Nul::EatsNextLine => "this line and the next one are not read".into(),
                    _ => "it is part of a word".into(),
                })
            ),
            K::InvalidUtf8 => f.write_str("not UTF-8; the bytes are passed on as they are"),
            K::CarriageReturn if self.affected.is_empty() => f.write_str("ends in CR LF"),
            K::CarriageReturn if self.number > 0 => write!(
                f,
                "ends in CR LF; the CR is part of the address for {names}, so the server is lost"
            ),
            K::CarriageReturn => {
                write!(
                    f,
                    "ends in CR LF; the CR is part of the last word for {names}"
                )
            }
            K::LongLine => write!(f, "{number} bytes; the line is not read by {names}"),
            K::IndentedDirective if self.affected.is_empty() => f.write_str("white space first"),
            K::IndentedDirective => {
                write!(f, "white space first; the line is not read by {names}")
            }
            K::IndentedComment if self.affected.is_empty() => {
                f.write_str("a comment starts in the first column; passed on as it is")
            }
            K::IndentedComment => write!(
                f,
                "a comment starts in the first column; {names} takes this for a line it does not know"
            ),
            K::OddBlank if self.affected.is_empty() => {
                f.write_str("white space other than blank and tab")
            }
            K::OddBlank => write!(
                f,
                "white space other than blank and tab, which does not separate words for {names}"
            ),
            K::UnknownDirective => write!(
                f,
                "unknown directive {word}; resolvers skip it, it is passed on"
            ),
            K::KeywordCase => write!(f, "{word} must be in lower case; resolvers skip the line"),
            _ if !self.affected.is_empty() => {
                write!(
                    f,
                    "{word} without a value; {names} forgets the list before it"
                )
            }
            _ => write!(f, "{word} without a value; the line has no effect"),
        }
    }

    fn server_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, word, number) = (self.names(), self.word(), self.number);
        let servers = || match self.affected.is_empty() {
            true => "no effect".to_owned(),
            false => self.each(|reader| effects::server(self.subject, reader)),
        };
        match self.kind {
            K::InvalidNameserver => write!(f, "{word} is not an address; {}", servers()),
            K::ShortAddress => {
                write!(f, "{word} is not four plain decimal numbers; {}", servers())
            }
            K::Port => write!(
                f,
                "{word}: the line has no place for a port or a name; {}",
                servers()
            ),
            K::EmptyZone => write!(f, "{word} ends in an empty zone; {}", servers()),
            K::ZoneOnGlobal => write!(f, "{word} has a zone but is not link-local; {}", servers()),
            K::Comma => write!(f, "comma in {word}; words are separated by blanks"),
            K::TrailingText => write!(f, "{word} and what follows it are ignored by {names}"),
            K::TrailingAddress => write!(
                f,
                "{word} is not the first word; {names} takes one server of a line and ignores this one"
            ),
            K::CommentInValue => write!(
                f,
                "{word} does not start a comment here; it and what follows are words for {names}"
            ),
            K::UnspecifiedNameserver => write!(f, "{word} means this host"),
            K::MulticastNameserver => {
                write!(
                    f,
                    "{word} is a multicast or broadcast address: no server answers there"
                )
            }
            K::ZoneMissing => write!(
                f,
                "{word} is link-local and needs a zone, as in \"{}%eth0\"",
                String::from_utf8_lossy(self.subject).escape_debug()
            ),
            K::DuplicateNameserver => write!(f, "{word} is listed on line {number} already"),
            _ => write!(
                f,
                "{word} is not asked by {names}: {}",
                self.each(|reader| format!(
                    "{} servers are enough",
                    reader.servers.most.unwrap_or(usize::MAX)
                ))
            ),
        }
    }

    fn search_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, word, number) = (self.names(), self.word(), self.number);
        match self.kind {
            K::SearchReplaced => {
                write!(
                    f,
                    "replaced by the search list on line {number} for {names}"
                )
            }
            K::DomainExtraWords => {
                write!(f, "{word} is ignored: {names} takes one word after domain")
            }
            K::TooManySearchDomains => write!(
                f,
                "{word} is not searched: {}",
                self.each(|reader| format!("{} domains", reader.search.most.unwrap_or(0)))
            ),
            K::SearchTooLong => write!(
                f,
                "search list of {number} bytes; {}",
                self.each(|reader| format!("{} at most", reader.search.bytes.unwrap_or(0)))
            ),
            K::InvalidSearchDomain => write!(
                f,
                "{word} cannot be the end of a DNS name; {}",
                self.each(|reader| match reader.search.invalid {
                    OnInvalidDomain::Skips | OnInvalidDomain::Unused => "it is skipped",
                    OnInvalidDomain::EndsList => "the list ends before it",
                    OnInvalidDomain::FailsLookup | OnInvalidDomain::EndsLookup => {
                        "the look-up fails there"
                    }
                    OnInvalidDomain::RefusesFile => "the file is refused",
                }
                .to_owned())
            ),
            K::RootDomain => f.write_str(
                "\".\" means names as they are; musl before 1.2.5 and c-ares 1.18 fail on it",
            ),
            _ => write!(f, "ndots is 0: {names} never uses the search list"),
        }
    }

    fn option_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, word, number) = (self.names(), self.word(), self.number);
        let values = || self.each(|reader| effects::option(self.subject, reader));
        match self.kind {
            // c-ares knows it, and what it does there decides whether it is passed on.
            K::UnknownOption if may_be_numeric(self.subject) => {
                write!(f, "{word} is not known to {names}")
            }
            K::UnknownOption => write!(f, "{word} is not known to {names}; it is passed on"),
            K::OptionPrefix => write!(f, "{word} is not an option, yet {}", values()),
            K::InvalidOptionValue if self.affected.is_empty() => {
                write!(f, "{word} needs a number; it has no effect")
            }
            K::InvalidOptionValue => write!(f, "{word} needs a number; {}", values()),
            K::OptionAboveLimit | K::OptionBelowLimit => write!(f, "{word}: {}", values()),
            K::OptionReplaced if number == self.line => write!(
                f,
                "{word} is given again on this line; {}",
                self.each(|reader| match reader.options.repeated {
                    Repeated::Last => "the last counts",
                    _ => "the first counts",
                }
                .to_owned())
            ),
            K::OptionReplaced => write!(
                f,
                "{word} is given again on line {number}; {}",
                self.each(|reader| match reader.options.repeated {
                    Repeated::First => "the first counts",
                    _ => "the last counts",
                }
                .to_owned())
            ),
            K::SortlistHang => {
                f.write_str("glibc loops for ever at a byte of this list: programs hang")
            }
            _ => {
                let (name, _) = split_option(self.subject);
                let word = Shortened(name);
                write!(
                    f,
                    "{word} is not used: glibc takes ten words, each address/netmask"
                )
            }
        }
    }
}

/// A word in quotes. A very long word is cut.
pub(crate) struct Shortened<'a>(pub(crate) &'a [u8]);

/// How many bytes of a word are shown.
const SHOWN: usize = 64;

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(SHOWN)];
        let text = String::from_utf8_lossy(shown);
        let more = match shown.len() < self.0.len() {
            true => "…",
            false => "",
        };
        write!(f, "\"{}{more}\"", text.escape_debug())
    }
}
