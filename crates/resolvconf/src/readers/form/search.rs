//! Which search domains a reader takes.

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
    /// The effect of a domain with which the name that is looked up gets too long.
    pub too_long: OnTooLong,
    /// How many domains are used; `None` without a limit.
    pub most: Option<usize>,
    /// How many bytes of the value of a line are allowed. A longer value is not read.
    pub bytes: Option<usize>,
    /// Whether a comma separates domains.
    pub commas: bool,
    /// Whether only a blank or a comma separates domains. Other white space is a part of a domain.
    pub blanks_only: bool,
    /// Whether a comma also ends the only domain of `domain`.
    pub domain_to_comma: bool,
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
    /// It asks nothing new: names are tried as they are anyway, after the list.
    Harmless,
    /// At its place in the list, names are tried as they are, and not again after the list. One dot
    /// before another domain is skipped.
    InPlace,
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

/// The effect of a search domain with which the name that is looked up gets longer than 253 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnTooLong {
    /// It is skipped, or it was not measured.
    Skips,
    /// The list ends before it.
    EndsList,
    /// The look-up fails when it gets to this domain.
    FailsLookup,
}
