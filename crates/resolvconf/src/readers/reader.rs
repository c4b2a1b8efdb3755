//! The form of a profile: what one reader makes of a resolv.conf, as data.

/// One program or library that reads resolv.conf, in a range of versions.
///
/// The fields are facts, each seen in the real reader. [`ALL`](crate::readers::ALL) lists the
/// profiles; [`Document::effective`](crate::Document::effective) applies one to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reader {
    /// Its name for machines, such as `glibc`.
    pub name: &'static str,
    /// The versions the profile was compared with.
    pub versions: &'static str,
    /// Which lines it sees.
    pub lines: Lines,
    /// Which servers it takes.
    pub servers: Servers,
    /// Which search domains it takes.
    pub search: Search,
    /// Which options it knows.
    pub options: Options,
    /// How it looks a name up.
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
    /// The bytes of a line that are read, and what happens to a longer one.
    pub longest: Option<(usize, TooLong)>,
    /// Whether a directive without a value counts, as `search` alone may clear the list.
    pub bare: bool,
    /// Whether an indented comment, or an unknown directive, makes it report something unknown.
    pub reports_unknown: bool,
}

/// What separates words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blanks {
    /// Blank and tab. A carriage return is part of a word.
    SpaceTab,
    /// Blank, tab and carriage return.
    SpaceTabReturn,
    /// The white space of C: also vertical tab and form feed.
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
    /// It loses the line and the next one.
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
    /// The whole file is given up. The reader goes on as with an empty file.
    LosesFile,
}

/// Which servers a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Servers {
    /// How many are used; later ones are never asked.
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
    /// The addresses it asks when no server is left. Empty: nobody is asked.
    pub fallback: &'static [&'static str],
    /// Whether a file without servers is refused.
    pub refuses_none: bool,
}

/// Which words of a `nameserver` line are servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerWords {
    /// The first.
    First,
    /// All of them.
    All,
    /// All of them, separated by commas too.
    AllAndCommas,
    /// All of them, separated by blanks and commas, until one that is not an address. A tab or a
    /// carriage return inside the line is part of a word.
    UntilInvalid,
}

/// Which words are addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressForm {
    /// glibc: `inet_aton` for IPv4, a zone is a link that exists or is ignored.
    Glibc,
    /// musl: `inet_aton` for IPv4, a zone on link-local addresses of links that exist.
    Musl,
    /// Four decimal numbers or IPv6; a zone on IPv6 is kept.
    Strict,
    /// The same; a zone may be empty.
    StrictEmptyZone,
    /// Four decimal numbers or IPv6; a zone on IPv6 is left out.
    StrictDropsZone,
    /// c-ares up to 1.18: `0x…` and short forms, filled with zeros at the end; no zone; `#53`.
    Cares118,
    /// c-ares of 1.34: short decimal forms, ports after `:`, brackets, zones of links that exist.
    Cares134,
    /// systemd-resolved: ports, `#name`, zones.
    Resolved,
    /// busybox nslookup and dig: `inet_aton`, the former with ports.
    Aton,
}

/// What a word that is not an address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnInvalid {
    /// It is skipped.
    Skips,
    /// The whole file is refused.
    RefusesFile,
    /// Reading stops; servers before it are kept.
    Stops,
}

/// Which search domains a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Search {
    /// Which lines make the list.
    pub rule: SearchRule,
    /// Whether `domain` takes all its words, or the first.
    pub domain_takes_all: bool,
    /// Whether `search` or `domain` without a word empties the list.
    pub empty_clears: bool,
    /// What `.` does.
    pub root: Root,
    /// What a domain that no name can end in does.
    pub invalid: OnInvalidDomain,
    /// How many domains are used.
    pub most: Option<usize>,
    /// How many bytes the value of a line may have; a longer one is not read.
    pub bytes: Option<usize>,
    /// Whether a comma separates domains.
    pub commas: bool,
    /// Whether the domain of the host's own name is the list when the file gives none.
    pub host_domain: bool,
}

/// Which lines make the search list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchRule {
    /// The last `search` or `domain`.
    Last,
    /// The last `search`; `domain` only when there is none.
    SearchBeforeDomain,
    /// The first `search`; `domain` only when there is none.
    FirstSearch,
    /// All of them together.
    Merged,
    /// No line: the reader never searches.
    Never,
}

/// What the search domain `.` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Root {
    /// Names are tried as they are at its place, which asks nothing new.
    Harmless,
    /// It is left out. The domain of the host's name may take its place.
    LeftOut,
    /// The look-up fails.
    FailsLookup,
}

/// What a search domain that no DNS name can end in does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnInvalidDomain {
    /// It is not in the list.
    Skips,
    /// It is in the list, and skipped by each look-up.
    Unused,
    /// The list ends before it.
    EndsList,
    /// The list ends before it, and a look-up that comes there fails.
    EndsLookup,
    /// The look-up fails when it comes to it.
    FailsLookup,
    /// The whole file is refused.
    RefusesFile,
}

/// Which options a reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How a word is matched with an option's name.
    pub matching: Matching,
    /// Which one counts when an option is given several times.
    pub repeated: Repeated,
    /// How numbers are read.
    pub numbers: Numbers,
    /// `ndots`; `None` when it is not known.
    pub ndots: Option<Number>,
    /// `timeout`, in seconds; `None` when it is not known.
    pub timeout: Option<Number>,
    /// `attempts`; `None` when it is not known.
    pub attempts: Option<Number>,
    /// The names of the option for the time.
    pub timeout_names: &'static [&'static str],
    /// The names of the option for the number of tries.
    pub attempts_names: &'static [&'static str],
    /// Milliseconds in one unit of the time.
    pub timeout_unit: u32,
    /// The options without a value that it knows.
    pub flags: &'static [&'static str],
}

/// How a word is matched with an option's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Matching {
    /// The word is the name, with `:` and the value where it takes one.
    Word,
    /// The word begins with the name, so `rotated` is `rotate`.
    Prefix,
    /// The line holds the name somewhere.
    Anywhere,
}

/// Which one counts when an option is given several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeated {
    /// The last.
    Last,
    /// The first of the file.
    First,
    /// The first of a line, of the last line that has it.
    FirstOfLastLine,
}

/// How numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Numbers {
    /// `atoi`: a blank may come first, what follows is ignored, no digit is 0, it wraps at 32 bits.
    Atoi,
    /// `strtoul` after a digit: anything else leaves the default.
    Digit,
    /// Digits at the start, at most 16 777 215; no digit is 0.
    Dtoi,
    /// A whole decimal number with a sign; anything else is 0.
    Integer,
    /// A whole decimal number with a sign; anything else leaves the default.
    IntegerOrDefault,
    /// A whole decimal number of 32 bits without a minus; anything else leaves the default.
    Unsigned,
    /// Digits alone, empty is 0; anything else leaves the default.
    Digits,
    /// `strtol`, the sign bit cut off.
    Masked,
}

/// A numeric option: its default and what it is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Number {
    /// Without the option.
    pub default: u32,
    /// The largest value that is taken; larger ones count as this.
    pub most: u32,
    /// What a value below [`least`](Number::least) counts as.
    pub below: Below,
    /// The smallest value with which the reader works.
    pub least: u32,
}

/// What a value below the least one counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Below {
    /// The least value.
    Least,
    /// The default.
    Default,
    /// Its own value, with which nobody is asked.
    AsksNobody,
    /// Its own value, with which the program ends.
    EndsProgram,
}

/// How a reader looks a name up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookups {
    /// When the search list is tried.
    pub order: Order,
    /// How the servers are asked, and for how long when none answers.
    pub waiting: Waiting,
}

/// When the search list is tried for a name without a final dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// With fewer dots than `ndots` the list first and then the name; else the name, then the list.
    Both,
    /// With fewer dots than `ndots` the list first and then the name; else the name alone.
    FewDotsOnly,
    /// For a name without a dot alone.
    SingleLabel,
    /// Never.
    Never,
}

/// How the servers are asked, and how long a look-up takes when none answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// In turn; the first waits `timeout`, each later one twice as long, shared by all servers.
    Doubling,
    /// In turn, each for `timeout`, the whole as often as `attempts` says.
    InTurn,
    /// All at once, for `timeout` in all.
    AllAtOnce,
    /// Not measured.
    Unknown,
}
