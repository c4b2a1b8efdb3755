//! How much work the check of single lines may take, so that no content makes it slow.

use crate::document::{Line, LineKind, Look};
use crate::lint::rules::pass::is_plain;

/// The work that is spent on the lines of one file. A byte of a plain line costs one.
const ALLOWANCE: usize = 5 << 18;

/// At least this much of a line is checked, if any of it is. No reader has a limit that is larger.
const NEVER_CUT: usize = 1 << 17;

/// The work that is left for the lines to come.
pub(crate) struct Effort {
    left: usize,
}

impl Effort {
    pub(crate) fn new() -> Self {
        Self { left: ALLOWANCE }
    }

    /// Pays for a line. The result is as much of the line as is checked, in whole words; `None` if
    /// that is nothing.
    pub(crate) fn pay<'a>(&mut self, line: Line<'a>, look: Look) -> Option<Line<'a>> {
        if self.left == 0 {
            return None;
        }
        // Short words, and addresses with colons, take the longest.
        let of_a_byte = match line.kind {
            LineKind::Options | LineKind::Sortlist => 2,
            LineKind::Nameserver if look.has(Look::COLON) => 2,
            _ => 1,
        };
        // The readers take such a line in different ways, and each is asked.
        let of_the_line = if is_plain(line, look) { 4 } else { 96 };
        let most = (self.left / of_a_byte).max(NEVER_CUT);
        let cost = of_the_line + of_a_byte * line.raw.len();
        self.left = self.left.saturating_sub(cost);
        if line.raw.len() <= most {
            return Some(line);
        }
        // The rest of a word is not in the file as a word. It would be judged as if it were.
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let end = line.raw[..most].iter().rposition(is_blank)?;
        let raw = &line.raw[..=end];
        let part = Line { raw, ..line };
        // A directive alone would be one without a value.
        part.fields().next().map(|_| part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part_of(text: &[u8]) -> Option<usize> {
        let document = crate::parse(text);
        let line = document.lines().next().unwrap();
        let part = Effort::new().pay(line, Look::of(line.raw));
        part.map(|part| part.raw.len())
    }

    /// Wherever the end of the work falls, the part ends before a word.
    #[test]
    fn a_line_is_cut_between_words() {
        let most = ALLOWANCE / 2;
        for first in 1..40 {
            let words = " timeout:30".repeat(most / 11 + 10);
            let text = format!("options {}{words}", "x".repeat(first));
            let part = part_of(text.as_bytes()).unwrap();
            assert!(part <= most && part + 11 > most, "{part}");
            assert!(text[..part].ends_with("timeout:30 "), "{first}");
        }
    }

    #[test]
    fn nothing_is_checked_of_a_line_whose_first_word_is_too_long() {
        let word = "x".repeat(ALLOWANCE + 1);
        assert_eq!(part_of(format!("options {word} a").as_bytes()), None);
        assert_eq!(part_of(word.as_bytes()), None);
        let part = format!("options a {word}");
        assert_eq!(part_of(part.as_bytes()), Some("options a ".len()));
    }
}
