//! Splits a value into words, as each reader does.

use crate::document;
use crate::readers::form::{Blanks, Comments, Lines};

/// What a byte can mean when words are split.
#[derive(Debug, Clone, Copy)]
enum Class {
    Plain,
    Blank,
    /// The first byte of some white space character beyond ASCII.
    MayBeBlank,
}

type Classes = [Class; 256];

/// The class of every byte, for each kind of reader. A line may be very long, so one look at a byte
/// must be enough.
static CLASSES: [Classes; 4] = [
    classes(Blanks::SpaceTab),
    classes(Blanks::SpaceTabReturn),
    classes(Blanks::C),
    classes(Blanks::Unicode),
];

const fn classes(blanks: Blanks) -> Classes {
    let mut table = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match (byte as u8, blanks) {
            (b' ' | b'\t', _) => Class::Blank,
            (_, Blanks::SpaceTab) => Class::Plain,
            (b'\r', _) => Class::Blank,
            (b'\n' | b'\x0b' | b'\x0c', Blanks::C | Blanks::Unicode) => Class::Blank,
            (0x80..=0xff, Blanks::Unicode) => Class::MayBeBlank,
            _ => Class::Plain,
        };
        byte += 1;
    }
    table
}

fn classes_of(blanks: Blanks) -> &'static Classes {
    &CLASSES[match blanks {
        Blanks::SpaceTab => 0,
        Blanks::SpaceTabReturn => 1,
        Blanks::C => 2,
        Blanks::Unicode => 3,
    }]
}

/// The length of the blank at the start; 0 if there is no blank.
fn blank(text: &[u8], classes: &Classes) -> usize {
    match text.first().map(|byte| classes[usize::from(*byte)]) {
        None | Some(Class::Plain) => 0,
        Some(Class::Blank) => 1,
        Some(Class::MayBeBlank) => document::blank_len(text),
    }
}

/// Whether a word ends before this text.
pub(crate) fn ends_word(text: &[u8], blanks: Blanks) -> bool {
    text.is_empty() || blank(text, classes_of(blanks)) > 0
}

/// The text without the blanks before it.
pub(crate) fn trim(text: &[u8], blanks: Blanks) -> &[u8] {
    skip(text, classes_of(blanks))
}

/// The text without the white space of C after it.
pub(crate) fn trim_end(text: &[u8]) -> &[u8] {
    let blank = |byte: &&u8| matches!(**byte, b' ' | b'\t'..=b'\r');
    &text[..text.len() - text.iter().rev().take_while(blank).count()]
}

fn skip<'a>(mut text: &'a [u8], classes: &Classes) -> &'a [u8] {
    loop {
        match blank(text, classes) {
            0 => return text,
            length => text = &text[length..],
        }
    }
}

/// The words of a value.
pub(crate) fn words<'a>(value: &'a [u8], rules: &Lines) -> Words<'a> {
    Words {
        rest: value,
        classes: classes_of(rules.blanks),
        ends_at_mark: rules.comments == Comments::Words,
    }
}

/// Whether a value that begins with no blank has no word.
pub(crate) fn has_no_word(value: &[u8], rules: &Lines) -> bool {
    let is_comment = |byte| rules.comments == Comments::Words && is_mark(byte);
    value.first().copied().is_none_or(is_comment)
}

/// Iterator over the words of a value.
pub(crate) struct Words<'a> {
    rest: &'a [u8],
    classes: &'static Classes,
    ends_at_mark: bool,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = skip(self.rest, self.classes);
        let mut end = 0;
        while let Some(byte) = text.get(end) {
            match self.classes[usize::from(*byte)] {
                Class::Plain => {}
                Class::Blank => break,
                Class::MayBeBlank if document::blank_len(&text[end..]) > 0 => break,
                Class::MayBeBlank => {}
            }
            end += 1;
        }
        let (word, rest) = text.split_at(end);
        let comment = self.ends_at_mark && word.first().copied().is_some_and(is_mark);
        self.rest = if comment { b"" } else { rest };
        (end > 0 && !comment).then_some(word)
    }
}

/// Whether a byte may start a comment.
pub(crate) fn is_mark(byte: u8) -> bool {
    matches!(byte, b'#' | b';')
}
