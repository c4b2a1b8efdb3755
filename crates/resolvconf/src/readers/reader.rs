//! The form of a profile: how one reader understands resolv.conf, as data.

/// One program or library that reads resolv.conf, in a range of versions.
///
/// The fields are facts. Each was seen in the real reader. [`ALL`](crate::readers::ALL) lists the
/// profiles. [`Document::effective`](crate::Document::effective) applies one to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reader {
    /// Its name for machines, such as `glibc`.
    pub name: &'static str,
    /// The versions with which the profile was compared.
    pub versions: &'static str,
    /// Which lines it sees.
    pub lines: Lines,
    /// Which servers it takes.
    pub servers: Servers,
    /// Which search domains it takes.
    pub search: Search,
    /// Which options it knows.
    pub options: Options,
    /// How it looks up a name.
    pub lookups: Lookups,
}

/// Which lines a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lines {
    /// Whether a directive may have white space before it.
    pub indent: bool,
    /// What separates words.
    pub blanks: Blanks,
    /// What ends a line.
    pub ends: LineEnds,
    /// What a NUL byte does.
    pub nul: Nul,
    /// What starts a comment.
    pub comments: Comments,
    /// The length of the longest line in bytes, and what happens to a longer line.
    pub longest: Option<(usize, TooLong)>,
    /// Whether a directive without a value counts. For example, `search` alone may clear the list.
    pub bare: bool,
    /// Whether it reacts to an indented comment or an unknown directive as to something unknown.
    pub reports_unknown: bool,
    /// Whether a directive with too few or too many words, or with a bad number, makes it refuse
    /// the whole file.
    pub strict: bool,
}

/// What separates words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blanks {
    /// Blank and tab. A carriage return is part of a word.
    SpaceTab,
    /// Blank, tab and carriage return.
    SpaceTabReturn,
    /// The white space of C, which has also vertical tab and form feed.
    C,
    /// The white space of Unicode.
    Unicode,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineEnds {
    /// A line feed.
    Feed,
    /// A line feed or a carriage return.
    FeedOrReturn,
}

/// What a NUL byte does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nul {
    /// It is a byte like any other.
    Byte,
    /// It ends the line.
    EndsLine,
    /// The reader loses this line and the next one.
    EatsNextLine,
}

/// What starts a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comments {
    /// `#` or `;` as the first byte of a line.
    FirstColumn,
    /// Also a word that begins with one of them.
    Words,
    /// Also anywhere in a word.
    Anywhere,
}

/// What happens to a line that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooLong {
    /// It is skipped.
    SkipsLine,
    /// The whole file is given up. The reader continues as with an empty file.
    LosesFile,
}

/// Which servers a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Servers {
    /// How many servers are used. Later ones are never asked.
    pub most: Option<usize>,
    /// Which words of a line are servers.
    pub words: ServerWords,
    /// Which words are addresses.
    pub form: AddressForm,
    /// What a word that is not an address does.
    pub invalid: OnInvalid,
    /// Whether a server that is listed twice is asked once.
    pub merges_repeated: bool,
    /// Whether `0.0.0.0` is left out.
    pub drops_any_ipv4: bool,
    /// Whether `::` is left out.
    pub drops_any_ipv6: bool,
    /// The addresses that it asks if no server is left. If empty, nobody is asked.
    pub fallback: &'static [&'static str],
    /// Whether a file without servers is refused.
    pub refuses_none: bool,
}

/// Which words of a `nameserver` line are servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerWords {
    /// The first word.
    First,
    /// All words.
    All,
    /// All words, which may also be separated by commas.
    AllAndCommas,
    /// All words, separated by blanks and commas, up to the first that is not an address. A tab or
    /// a carriage return inside the line is part of a word.
    UntilInvalid,
}

/// Which words are addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressForm {
    /// glibc: `inet_aton` for IPv4. A zone that is not an existing link is ignored.
    Glibc,
    /// musl: `inet_aton` for IPv4. A zone is a number or, on a link-local address, an existing
    /// link.
    Musl,
    /// Four decimal numbers, or IPv6. A zone on IPv6 is kept.
    Strict,
    /// The same, but a zone may be empty.
    StrictEmptyZone,
    /// Four decimal numbers, or IPv6. A zone on IPv6 is left out.
    StrictDropsZone,
    /// c-ares up to 1.18: `0x…` and short forms, filled with zeros at the end; no zone; `#53`.
    Cares118,
    /// c-ares of 1.34: short decimal forms, ports after `:`, brackets, zones of links that exist.
    Cares134,
    /// systemd-resolved: ports, `#name`, zones.
    Resolved,
    /// busybox nslookup: `inet_aton` for IPv4, and ports.
    Aton,
    /// dig and host: `inet_aton` for IPv4. A zone must be an existing link, on a link-local
    /// address.
    Isc,
    /// HAProxy: `inet_aton` for IPv4, and IPv6 without a zone, with or without brackets.
    Haproxy,
}

/// What a word that is not an address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnInvalid {
    /// It is skipped.
    Skips,
    /// The whole file is refused.
    RefusesFile,
    /// Reading stops. The servers before it are kept.
    Stops,
}

/// Which search domains a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Search {
    /// Which lines make the list.
    pub rule: SearchRule,
    /// Whether `domain` takes all its words. Else it takes only the first.
    pub domain_takes_all: bool,
    /// Whether `search` or `domain` without a word empties the list.
    pub empty_clears: bool,
    /// What `.` does.
    pub root: Root,
    /// The effect of a domain that cannot be the end of any name.
    pub invalid: OnInvalidDomain,
    /// How many domains are used; `None` without a limit.
    pub most: Option<usize>,
    /// How many bytes of the value of a line are allowed. A longer value is not read.
    pub bytes: Option<usize>,
    /// Whether a comma separates domains.
    pub commas: bool,
    /// Whether the domain of the host's own name becomes the list if the file gives none.
    pub host_domain: bool,
}

/// Which lines make the search list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchRule {
    /// The last `search` or `domain`.
    Last,
    /// The last `search`. `domain` counts only if there is no `search`.
    SearchBeforeDomain,
    /// The first `search`. `domain` counts only if there is no `search`.
    FirstSearch,
    /// All of them together.
    Merged,
    /// No line makes a list. The reader never searches.
    Never,
}

/// What the search domain `.` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Root {
    /// At its place in the list, names are tried as they are. That asks nothing new.
    Harmless,
    /// It is left out. The domain of the host's name may take its place.
    LeftOut,
    /// The look-up fails.
    FailsLookup,
}

/// The effect of a search domain that cannot be the end of any DNS name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnInvalidDomain {
    /// It is not in the list.
    Skips,
    /// It is in the list, but each look-up skips it.
    Unused,
    /// The list ends before it.
    EndsList,
    /// The list ends before it. A look-up that gets there fails.
    EndsLookup,
    /// The look-up fails when it gets to this domain.
    FailsLookup,
    /// The whole file is refused.
    RefusesFile,
}

/// Which options a reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How a word is compared with the name of an option.
    pub matching: Matching,
    /// Which one counts if an option is given several times.
    pub repeated: Repeated,
    /// How numbers are read.
    pub numbers: Numbers,
    /// `ndots`; `None` if the reader does not know it.
    pub ndots: Option<Number>,
    /// `timeout`, in seconds; `None` if the reader does not know it.
    pub timeout: Option<Number>,
    /// `attempts`; `None` if the reader does not know it.
    pub attempts: Option<Number>,
    /// The names that the reader knows for the option `timeout`.
    pub timeout_names: &'static [&'static str],
    /// The names that the reader knows for the option `attempts`.
    pub attempts_names: &'static [&'static str],
    /// Milliseconds in one unit of the time.
    pub timeout_unit: u32,
    /// The options without a value that it knows.
    pub flags: &'static [&'static str],
}

/// How a word is compared with the name of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Matching {
    /// The word is the name, with `:` and the value if the option takes one.
    Word,
    /// The word begins with the name, so `rotated` is `rotate`.
    Prefix,
    /// The line holds the name somewhere.
    Anywhere,
}

/// Which one counts if an option is given several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeated {
    /// The last.
    Last,
    /// The first of the file.
    First,
    /// The first one on the last line that has this option.
    FirstOfLastLine,
}

/// How numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Numbers {
    /// `atoi`: a blank may come first, text after the digits is ignored, no digit gives 0, and the
    /// number wraps at 32 bits.
    Atoi,
    /// `strtoul` if the first byte is a digit. Anything else leaves the default.
    Digit,
    /// Digits at the start, at most 16 777 215. No digit gives 0.
    Dtoi,
    /// A whole decimal number, with or without a sign. Anything else gives 0.
    Integer,
    /// A whole decimal number, with or without a sign. Anything else leaves the default.
    IntegerOrDefault,
    /// A whole decimal number of 32 bits without a minus. Anything else leaves the default.
    Unsigned,
    /// Only digits; an empty text gives 0. Anything else leaves the default.
    Digits,
    /// `strtol`, with the sign bit cut off.
    Masked,
}

/// A numeric option: its default and its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Number {
    /// The value without the option.
    pub default: u32,
    /// The largest value that is taken. A larger one counts as this one.
    pub most: u32,
    /// What happens to a value below [`least`](Number::least).
    pub below: Below,
    /// The smallest value with which the reader works.
    pub least: u32,
}

/// What happens to a value below the least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Below {
    /// It counts as the least value.
    Least,
    /// It counts as the default.
    Default,
    /// It is taken, and with it nobody is asked.
    AsksNobody,
    /// It is taken, and with it the program ends.
    EndsProgram,
}

/// How a reader looks up a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookups {
    /// When the search list is tried.
    pub order: Order,
    /// How the servers are asked, and how long a look-up takes if none answers.
    pub waiting: Waiting,
}

/// When the search list is tried for a name without a final dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// With fewer dots than `ndots`: first the list, then the name. Else: first the name, then the
    /// list.
    Both,
    /// With fewer dots than `ndots`: first the list, then the name. Else: only the name.
    FewDotsOnly,
    /// Only for a name without a dot.
    SingleLabel,
    /// Never.
    Never,
}

/// How the servers are asked, and how long a look-up takes if none answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// One after the other. The first waits `timeout`. For each later one the time is doubled once
    /// more, and then divided by the number of servers.
    Doubling,
    /// One after the other, each for `timeout`. All of this is done `attempts` times.
    InTurn,
    /// All at once. The look-up takes `timeout` in total.
    AllAtOnce,
    /// This was not measured.
    Unknown,
}
