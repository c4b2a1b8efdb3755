//! Which options a reader knows, and how it reads their numbers.

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
    /// It is taken, and with it no answer is waited for.
    WaitsForNone,
    /// It is taken, and with it the program ends.
    EndsProgram,
}
