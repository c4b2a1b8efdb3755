//! The words of a line, and what of a line is terminator or mark.

/// The mark that some editors put at the start of UTF-8 text.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line without its terminator, and the first one without a byte order mark.
pub(crate) fn content(raw: &[u8], first: bool) -> &[u8] {
    let line = raw.strip_suffix(b"\n").unwrap_or(raw);
    // All of them: one that stayed would be taken for a terminator when the line is written again.
    let line = match line.last() {
        Some(b'\r') => {
            let carriage_returns = line.iter().rev().take_while(|&&b| b == b'\r').count();
            &line[..line.len() - carriage_returns]
        }
        _ => line,
    };
    if first {
        line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
    } else {
        line
    }
}

/// The words of a line, split at white space as Unicode has it (moby's rule).
pub(crate) fn fields(line: &[u8]) -> Fields<'_> {
    Fields { rest: line }
}

/// Iterator over the words of a line.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The text from the next word on.
    fn at_next_word(&self) -> &'a [u8] {
        let text = self.rest;
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at += match CLASS[usize::from(byte)] {
                Class::Plain => break,
                Class::Blank => 1,
                Class::MayBeBlank => match blank_len(&text[at..]) {
                    0 => break,
                    length => length,
                },
            };
        }
        &text[at..]
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.at_next_word();
        let mut end = plain_len(text);
        while let Some(&byte) = text.get(end) {
            let is_blank = match CLASS[usize::from(byte)] {
                Class::Plain => false,
                Class::Blank => true,
                Class::MayBeBlank => blank_len(&text[end..]) > 0,
            };
            if is_blank {
                break;
            }
            end += 1 + plain_len(&text[end + 1..]);
        }
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        (end > 0).then_some(word)
    }
}

/// How many bytes at the start are surely no white space.
fn plain_len(text: &[u8]) -> usize {
    let is_odd = |byte: &u8| CLASS[usize::from(*byte)] != Class::Plain;
    text.iter().position(is_odd).unwrap_or(text.len())
}

/// What a byte can be to the splitting of words.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Plain,
    Blank,
    /// The first byte of some white space character.
    MayBeBlank,
}

/// Of every byte, for nearly all are plain and one look should do.
const CLASS: [Class; 256] = {
    let mut table = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t'..=b'\r' => Class::Blank,
            0xc2 | 0xe1 | 0xe2 | 0xe3 => Class::MayBeBlank,
            _ => Class::Plain,
        };
        byte += 1;
    }
    table
};

/// The length of the white space character beyond ASCII at the start; 0 when there is none.
pub(crate) fn blank_len(bytes: &[u8]) -> usize {
    match bytes {
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..] | [0xe3, 0x80, 0x80, ..] => 3,
        [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..] => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<&[u8]> {
        fields(line.as_bytes()).collect()
    }

    #[test]
    fn white_space_is_unicodes() {
        for blank in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let line = format!("a{blank}b");
            let expected: Vec<&[u8]> = line.split_whitespace().map(str::as_bytes).collect();
            assert_eq!(words(&line), expected, "{blank:?}");
        }
        assert_eq!(words(" \t\u{a0} "), Vec::<&[u8]>::new());
        assert_eq!(fields(b"\xff\xc2 \xe2\x80").count(), 2);
    }
}
