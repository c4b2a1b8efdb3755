//! Lets several readers read a file, in one pass over its lines.

use crate::document::{Document, LineKind, Look};
use crate::readers::{
    Context, Depth, Entry, Keyword, Once, Outcome, Reader, Reading, Row, is_visible,
    may_be_numeric, plain_entry,
};

/// The length of `search`. No reader sees a directive in a shorter line.
const SHORTEST: usize = 6;

/// The readers, while they read the file.
pub(crate) struct Readings<'a, 'r> {
    each: Vec<Reading<'a, 'r>>,
    /// Some reader may lose a line that is longer than this.
    shortest_line: usize,
    /// Whether the line before holds a NUL. Some reader then loses the next line, too.
    after_nul: bool,
    some_want_visible: bool,
}

impl<'a, 'r> Readings<'a, 'r> {
    fn new(readers: &'r [Reader], context: &'r Context, shortest_line: usize) -> Self {
        let reading = |reader| Reading::new(reader, context, Depth::Outcome);
        Self {
            each: readers.iter().map(reading).collect(),
            shortest_line,
            after_nul: false,
            some_want_visible: readers.iter().any(|reader| reader.lines.visible),
        }
    }

    /// Reads one line of the file.
    fn line(&mut self, row: Row<'a>, kind: LineKind) {
        let after_nul = std::mem::replace(&mut self.after_nul, row.look.has(Look::NUL));
        match kind {
            LineKind::Blank | LineKind::Comment | LineKind::IndentedComment | LineKind::Other => {
                let eats = after_nul || row.look.has(Look::NUL);
                if may_speak(row) {
                    self.each_line(row);
                } else if eats || row.text.len() > self.shortest_line {
                    let each = self.each.iter_mut();
                    let matters =
                        |r: &Reading<'_, '_>| (eats && r.eats_lines()) || r.is_too_long(row);
                    for reading in each.filter(|reading| matters(reading)) {
                        reading.line(row, &Once::default());
                    }
                }
            }
            _ => self.directive(row, after_nul),
        }
    }

    /// Reads a line with a directive. In a line without odd bytes all readers see the same
    /// directive and value, so the line is parsed only once.
    fn directive(&mut self, row: Row<'a>, after_nul: bool) {
        let (body, odd_end) = plain_start(row);
        let look = match odd_end {
            Some(_) => Look::of(body),
            None => row.look,
        };
        let odd = look.has(Look::SPLITS.or(Look::MARK));
        let Some(entry) = plain_entry(row.number, body).filter(|_| !odd) else {
            return self.each_line(row);
        };
        let (once, own) = (once(&entry), Once::default());
        let shortest_line = self.shortest_line;
        let visible = !self.some_want_visible || is_visible(entry.value);
        let is_list = matches!(entry.keyword, Keyword::Search | Keyword::Domain);
        for reading in &mut self.each {
            let own_way = match odd_end {
                Some(Look::RETURN) => reading.keeps_returns(),
                Some(_) => !reading.ends_at_nul() || entry.value.is_empty(),
                None => false,
            };
            let own_way = own_way || (!visible && reading.wants_visible());
            let too_long = row.text.len() > shortest_line && reading.is_too_long(row);
            if own_way || too_long || (after_nul && reading.eats_lines()) {
                reading.line(row, &own);
            } else if !entry.value.is_empty()
                || (is_list && reading.takes_bare())
                || reading.is_strict()
            {
                reading.entry(entry, look, &once);
            }
        }
    }

    fn each_line(&mut self, row: Row<'a>) {
        let once = Once::default();
        for reading in &mut self.each {
            reading.line(row, &once);
        }
    }

    /// What comes of the file for each reader.
    pub(crate) fn of(
        document: &'a Document,
        readers: &'r [Reader],
        context: &'r Context,
        shortest_line: usize,
    ) -> Vec<Outcome> {
        let mut readings = Self::new(readers, context, shortest_line);
        for line in document.lines() {
            let may_matter = line.raw.len() >= SHORTEST || line.raw.contains(&0);
            if may_matter || readings.after_nul {
                readings.line(Row::of(line.number, line.raw), line.kind);
            }
        }
        readings.each.iter().map(Reading::outcome).collect()
    }
}

/// What the readers find in a plain line.
fn once<'a>(entry: &Entry<'a>) -> Once<'a> {
    let mut once = Once::default();
    if entry.keyword == Keyword::Options {
        let words = entry.value.split(|b| *b == b' ' || *b == b'\t');
        once.numeric = Some(words.filter(|word| may_be_numeric(word)).collect());
    }
    once
}

/// The text before the first NUL or, if there is none, before the carriage returns at the end; and
/// which of the two follows.
fn plain_start(row: Row<'_>) -> (&[u8], Option<Look>) {
    let text = row.text;
    if row.look.has(Look::NUL) {
        let body = text.split(|byte| *byte == 0).next().unwrap_or_default();
        return (body, Some(Look::NUL));
    }
    let returns = text.iter().rev().take_while(|b| **b == b'\r').count();
    let body = &text[..text.len() - returns];
    (body, (returns > 0).then_some(Look::RETURN))
}

/// Whether some reader may see a directive in a line that holds none by our rules.
///
/// For different readers, different bytes end a line, and different bytes are blanks. But a
/// directive always begins with its name.
fn may_speak(row: Row<'_>) -> bool {
    if !row.look.has(Look::RETURN) {
        // Nobody takes a NUL for a blank.
        return begins_with_name(row.text);
    }
    match plain_start(row) {
        (body, Some(Look::RETURN)) if !body.contains(&b'\r') => begins_with_name(body),
        _ => true,
    }
}

/// What some reader takes for a blank.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c | 0x80..)
}

/// Whether the text, without blanks before it, begins with the name of a directive.
fn begins_with_name(text: &[u8]) -> bool {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    let text = &text[blanks..];
    match text.first() {
        Some(b'n') => text.starts_with(b"nameserver"),
        Some(b's') => text.starts_with(b"search") || text.starts_with(b"sortlist"),
        Some(b'd') => text.starts_with(b"domain"),
        Some(b'o') => text.starts_with(b"options"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Readings;
    use crate::readers::{ALL, Context};

    /// Pieces of lines that readers take in different ways.
    const PIECES: [&str; 38] = [
        "nameserver",
        "search",
        "domain",
        "options",
        "sortlist",
        " ",
        "  ",
        "\t",
        "\n",
        "\n",
        "\n",
        "\r",
        "\r\n",
        "\0",
        "\u{b}",
        "\u{a0}",
        "\u{feff}",
        "#",
        ";",
        ",",
        "192.0.2.1",
        "10.1",
        "::",
        "fe80::1%2",
        "[::1]:53",
        "0.0.0.0",
        "a.test",
        ".",
        "a..b",
        "ndots:0",
        "timeout:2",
        "retry:3",
        "rotate",
        "ndots",
        "n",
        "nameserverx",
        "\u{85}",
        "NAMESERVER",
    ];

    /// The short way gives what the whole reading gives, for whatever lines.
    #[test]
    fn outcomes_are_those_of_the_whole() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for _ in 0..20_000 {
            let pieces = (0..next() % 24).map(|_| PIECES[(next() % 38) as usize]);
            let text: String = pieces.collect();
            let document = crate::parse(text.as_bytes());
            let outcomes = Readings::of(&document, &ALL, &Context::new(), 254);
            for (outcome, reader) in outcomes.iter().zip(&ALL) {
                let whole = document.effective(reader);
                let name = format!("{}: {text:?}", reader.name);
                assert_eq!(outcome.trouble, whole.trouble, "{name}");
                let listed = whole.servers.iter().any(|server| server.line > 0);
                assert_eq!(outcome.has_server, listed, "{name}");
                let few_dots_only = reader.lookups.order == crate::readers::Order::FewDotsOnly;
                let names = whole.search.iter().any(|domain| *domain != ".");
                let unused = few_dots_only && whole.ndots == 0 && names;
                assert_eq!(outcome.search_unused, unused, "{name}");
            }
        }
    }
}
