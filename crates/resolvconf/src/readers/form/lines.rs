//! Which lines a reader sees.

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
    /// Whether a directive counts only if its value is visible ASCII and blanks. A tab may stand
    /// only before and after the value.
    pub visible: bool,
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
