//! How much work the check of single lines may take, so that no content makes it slow.

use crate::document::{Line, LineKind, Look};
use crate::lint::rules::pass::is_plain;

/// The work that is spent on the lines of one file. A byte of a plain line costs one.
const ALLOWANCE: usize = 5 << 18;

/// A line that is no longer than this is checked whole. No reader has a limit that is larger.
const NEVER_CUT: usize = 1 << 17;

/// The work that is left for the lines to come.
pub(crate) struct Effort {
    left: usize,
}

impl Effort {
    pub(crate) fn new() -> Self {
        Self { left: ALLOWANCE }
    }

    /// Pays for a line. The result is as much of the line as is checked; `None` if nothing is left
    /// for it.
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
        let raw = &line.raw[..line.raw.len().min(most)];
        Some(Line { raw, ..line })
    }
}
