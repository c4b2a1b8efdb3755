//! The options of a file, as each reader takes them.

use std::time::Duration;

use crate::readers::form::{
    Below, Lines, Matching, Number, Numbers, Options as Rules, Reader, Repeated,
};
use crate::readers::words::words;

/// What a reader takes from the options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) ndots: Value,
    pub(crate) timeout: Value,
    pub(crate) attempts: Value,
    pub(crate) flags: Vec<&'static str>,
    pub(crate) unknown: bool,
}

/// The value of a numeric option, and its line. Line 0 means that it is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) number: u32,
    pub(crate) line: usize,
    /// The effect on the reader if the value is too small to work.
    pub(crate) harm: Option<Below>,
}

impl Taken {
    pub(crate) fn defaults(rules: &Rules) -> Self {
        let default = |number: Option<Number>| Value {
            number: number.map_or(0, |number| number.default),
            ..Value::default()
        };
        Self {
            ndots: default(rules.ndots),
            timeout: default(rules.timeout),
            attempts: default(rules.attempts),
            flags: Vec::new(),
            unknown: false,
        }
    }

    pub(crate) fn duration(&self, rules: &Rules) -> Duration {
        let unit = u64::from(rules.timeout_unit);
        Duration::from_millis(u64::from(self.timeout.number) * unit)
    }

    /// Takes one `options` line.
    pub(crate) fn line(&mut self, line: usize, value: &[u8], rules: &Rules, lines: &Lines) {
        if rules.matching == Matching::Anywhere {
            return self.anywhere(line, value, rules);
        }
        for word in words(value, lines) {
            let known = self.number(line, word, value, rules) || self.flag(word, rules);
            self.unknown |= !known;
        }
    }

    /// Takes the numeric options of one `options` line, and leaves out the words without a value.
    pub(crate) fn numbers(&mut self, line: usize, value: &[u8], rules: &Rules, lines: &Lines) {
        if rules.matching == Matching::Anywhere {
            return self.anywhere(line, value, rules);
        }
        for word in words(value, lines) {
            self.number(line, word, value, rules);
        }
    }

    /// The same, with these words of the line alone. They are all that may be numeric options.
    pub(crate) fn listed(&mut self, line: usize, value: &[u8], words: &[&[u8]], rules: &Rules) {
        if rules.matching == Matching::Anywhere {
            return self.anywhere(line, value, rules);
        }
        for word in words {
            self.number(line, word, value, rules);
        }
    }

    /// Takes one word if it is an option with a number.
    fn number(&mut self, line: usize, word: &[u8], value: &[u8], rules: &Rules) -> bool {
        for (which, number, names) in numeric(rules) {
            let Some(number) = number else { continue };
            let value = names.iter().find_map(|n| value_of(n, word, value, rules));
            if let Some(text) = value {
                let read = read(text, rules.numbers, which);
                self.set(which, line, read, number, rules);
                return true;
            }
        }
        false
    }

    /// Takes one word if it is an option without a value.
    fn flag(&mut self, word: &[u8], rules: &Rules) -> bool {
        let flag = rules.flags.iter().find(|flag| {
            // Most words are not flags, and the first byte shows this.
            flag.as_bytes().first() == word.first()
                && match rules.matching {
                    Matching::Prefix => word.starts_with(flag.as_bytes()),
                    _ => word == flag.as_bytes(),
                }
        });
        if let Some(flag) = flag {
            if !self.flags.contains(flag) {
                self.flags.push(flag);
            }
        }
        flag.is_some()
    }

    /// Takes the first place of each name in the line, even in the middle of a word.
    fn anywhere(&mut self, line: usize, value: &[u8], rules: &Rules) {
        let mut open = numeric(rules);
        for (colon, _) in value.iter().enumerate().filter(|(_, b)| **b == b':') {
            for (which, number, names) in &mut open {
                let name = names
                    .first()
                    .filter(|n| value[..colon].ends_with(n.as_bytes()));
                if name.is_none() {
                    continue;
                }
                if let Some(number) = number.take() {
                    let read = read(&value[colon + 1..], rules.numbers, *which);
                    self.set(*which, line, read, number, rules);
                }
            }
        }
    }

    fn set(
        &mut self,
        which: Which,
        line: usize,
        read: Option<i64>,
        number: &Number,
        rules: &Rules,
    ) {
        let slot = match which {
            Which::Ndots => &mut self.ndots,
            Which::Timeout => &mut self.timeout,
            Which::Attempts => &mut self.attempts,
        };
        let Some(read) = read else { return };
        if rules.repeated == Repeated::First && slot.line != 0 {
            return;
        }
        let held = read.min(i64::from(number.most));
        let low = held < i64::from(number.least);
        let value = u32::try_from(held).unwrap_or(0);
        *slot = match number.below {
            _ if !low => Value {
                number: value,
                line,
                harm: None,
            },
            Below::Least => Value {
                number: number.least,
                line,
                harm: None,
            },
            Below::Default => return,
            harm => Value {
                number: value,
                line,
                harm: Some(harm),
            },
        };
    }
}

/// What a reader takes from one word of the value of an `options` line. Some readers take a number
/// that stands behind the word.
pub(crate) fn option_at(word: &[u8], value: &[u8], reader: &Reader) -> Taken {
    let rules = &reader.options;
    if rules.matching == Matching::Anywhere {
        return one_option(word, reader);
    }
    let mut taken = Taken::defaults(rules);
    let _ = taken.number(1, word, value, rules) || taken.flag(word, rules);
    taken
}

/// What a reader takes from one option that stands alone on a line.
pub(crate) fn one_option(word: &[u8], reader: &Reader) -> Taken {
    let mut taken = Taken::defaults(&reader.options);
    taken.line(1, word, &reader.options, &reader.lines);
    taken
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Ndots,
    Timeout,
    Attempts,
}

/// Whether the word may be an option with a number for some reader.
pub(crate) fn may_be_numeric(word: &[u8]) -> bool {
    match word.first() {
        Some(b'n') => word.starts_with(b"ndots"),
        Some(b't') => word.starts_with(b"timeout"),
        Some(b'a') => word.starts_with(b"attempts"),
        Some(b'r') => word.starts_with(b"retry") || word.starts_with(b"retrans"),
        _ => false,
    }
}

type Numeric<'r> = (Which, Option<&'r Number>, &'r [&'static str]);

fn numeric(rules: &Rules) -> [Numeric<'_>; 3] {
    [
        (Which::Ndots, rules.ndots.as_ref(), &["ndots"]),
        (Which::Timeout, rules.timeout.as_ref(), rules.timeout_names),
        (
            Which::Attempts,
            rules.attempts.as_ref(),
            rules.attempts_names,
        ),
    ]
}

/// The text of a numeric option's value; `None` if the word is another option.
fn value_of<'v>(name: &str, word: &'v [u8], value: &'v [u8], rules: &Rules) -> Option<&'v [u8]> {
    let name = name.as_bytes();
    if word.first() != name.first() {
        return None;
    }
    let after = word.strip_prefix(name)?;
    match (after.strip_prefix(b":"), rules.matching) {
        // Such a reader reads on after the word: a blank may stand before the number.
        (Some(text), Matching::Prefix) => {
            let start = text.as_ptr() as usize - value.as_ptr() as usize;
            Some(&value[start..])
        }
        (Some(text), _) => Some(text),
        (None, _) if after.is_empty() && rules.numbers == Numbers::Digits => Some(b""),
        (None, _) => None,
    }
}

fn read(text: &[u8], numbers: Numbers, which: Which) -> Option<i64> {
    match numbers {
        Numbers::Atoi => Some(atoi(text, which)),
        Numbers::Masked => Some(i64::from(strtol(text) as i32 & i32::MAX)),
        Numbers::Digit => text
            .first()
            .filter(|b| b.is_ascii_digit())
            .map(|_| strtol(text)),
        Numbers::Dtoi => Some(digits(text).min(0xff_ffff)),
        Numbers::Integer => Some(integer(text).unwrap_or(0)),
        Numbers::IntegerOrDefault => integer(text),
        Numbers::Unsigned => {
            let text = std::str::from_utf8(text).ok()?;
            text.parse::<u32>().ok().map(i64::from)
        }
        Numbers::Digits if text.is_empty() => Some(0),
        Numbers::Digits => {
            let valid = text.iter().all(u8::is_ascii_digit);
            integer(text).filter(|value| valid && *value <= i64::from(u32::MAX))
        }
    }
}

/// Reads a number like `atoi`, which wraps at 32 bits. glibc keeps only four bits of `ndots`.
fn atoi(text: &[u8], which: Which) -> i64 {
    let value = i64::from(strtol(text) as i32);
    match which {
        Which::Ndots if value < 0 => value & 15,
        _ => value,
    }
}

fn strtol(text: &[u8]) -> i64 {
    let blank = |b: &&u8| matches!(**b, b' ' | b'\t'..=b'\r');
    let text = &text[text.iter().take_while(blank).count()..];
    match text {
        [b'-', rest @ ..] => -digits(rest),
        [b'+', rest @ ..] => digits(rest),
        _ => digits(text),
    }
}

/// The number at the start; 0 if there is no digit.
fn digits(text: &[u8]) -> i64 {
    let digits = text.iter().take_while(|b| b.is_ascii_digit());
    digits.fold(0_i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    })
}

fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
