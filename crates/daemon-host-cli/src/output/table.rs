//! Makes columns that fit the terminal.
//!
//! A column is as wide as its widest cell. If the terminal has less room, the widest columns become
//! narrower, and their cells are folded. Nothing is cut, so that a path can always be copied whole.

use std::io::IsTerminal as _;

use unicode_width::UnicodeWidthChar as _;

use super::paint::{Ink, paint};

/// Blanks between columns.
const GAP: usize = 2;

/// No column is folded to fewer characters than this.
const NARROWEST: usize = 12;

/// A piece of text with its meaning.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    ink: Option<Ink>,
}

impl Cell {
    /// A cell in a colour.
    pub(crate) fn inked(ink: Ink, text: impl AsRef<str>) -> Self {
        Self {
            ink: Some(ink),
            ..Self::from(text.as_ref())
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        let text = visible(text);
        Self { text, ink: None }
    }
}

/// A table: an optional dim heading, rows, no lines.
///
/// All text is in one piece: a mount table may have thousands of rows, and a piece of memory for
/// each cell took longer than the reading of the mounts.
#[derive(Debug, Default)]
pub(crate) struct Table {
    text: String,
    cells: Vec<Placed>,
    /// For each row, how many cells there are up to its end.
    ends: Vec<usize>,
    right: Vec<usize>,
}

/// A cell whose text is in the table's, from the end of the cell before it.
#[derive(Debug)]
struct Placed {
    end: usize,
    width: usize,
    ink: Option<Ink>,
}

/// A cell with its text.
#[derive(Debug, Clone, Copy)]
struct Shown<'t> {
    text: &'t str,
    width: usize,
    ink: Option<Ink>,
}

impl Table {
    /// A table with these column names.
    pub(crate) fn new(heads: &[&str]) -> Self {
        let mut table = Self::default();
        table.add(heads.iter().map(|head| Cell::inked(Ink::Dim, head)));
        table
    }

    /// A table of plain columns.
    pub(crate) fn without_heads() -> Self {
        Self::default()
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.add(cells.into_iter());
    }

    fn add(&mut self, cells: impl Iterator<Item = Cell>) {
        for cell in cells {
            self.text.push_str(&cell.text);
            self.cells.push(Placed {
                end: self.text.len(),
                width: width_of(&cell.text),
                ink: cell.ink,
            });
        }
        self.ends.push(self.cells.len());
    }

    /// Aligns a column to the right; for numbers.
    pub(crate) fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// The table as text for the terminal; one line per row when piped.
    pub(crate) fn render(&self) -> String {
        self.render_within(terminal_width(), 0)
    }

    /// The same, shifted to the right.
    pub(crate) fn render_indented(&self, indent: usize) -> String {
        self.render_within(terminal_width(), indent)
    }

    fn render_within(&self, width: usize, indent: usize) -> String {
        let widths = self.fitted(width.saturating_sub(indent));
        let mut text = String::with_capacity(self.text.len() * 2);
        let mut cells = Vec::new();
        for row in 0..self.ends.len() {
            cells.clear();
            cells.extend(self.cells_of(row));
            let fits = |(cell, width): (&Shown<'_>, &usize)| cell.width <= *width;
            if cells.iter().zip(&widths).all(fits) {
                self.render_line(&cells, &widths, indent, &mut text);
            } else {
                self.render_folded(&cells, &widths, indent, &mut text);
            }
        }
        text
    }

    fn cells_of(&self, row: usize) -> impl Iterator<Item = Shown<'_>> {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        (start..self.ends[row]).map(|at| {
            let cell = &self.cells[at];
            let begin = at.checked_sub(1).map_or(0, |before| self.cells[before].end);
            Shown {
                text: &self.text[begin..cell.end],
                width: cell.width,
                ink: cell.ink,
            }
        })
    }

    fn natural(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in 0..self.ends.len() {
            for (column, cell) in self.cells_of(row).enumerate() {
                match widths.get_mut(column) {
                    Some(width) => *width = cell.width.max(*width),
                    None => widths.push(cell.width),
                }
            }
        }
        widths
    }

    /// Column widths whose sum fits. The widest columns become narrower first.
    fn fitted(&self, room: usize) -> Vec<usize> {
        let mut widths = self.natural();
        let gaps = GAP * widths.len().saturating_sub(1);
        let room = room.saturating_sub(gaps);
        let mut over = widths.iter().sum::<usize>().saturating_sub(room);
        while over > 0 {
            let Some(widest) = widths.iter_mut().max_by_key(|width| **width) else {
                break;
            };
            let cut = over
                .min(widest.saturating_sub(NARROWEST))
                .min(widest.div_ceil(8));
            if cut == 0 {
                break;
            }
            *widest -= cut;
            over -= cut;
        }
        widths
    }

    /// Renders a row with a cell that is wider than its column.
    fn render_folded(&self, row: &[Shown<'_>], widths: &[usize], indent: usize, text: &mut String) {
        let folded: Vec<Vec<&str>> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| fold(cell.text, *width))
            .collect();
        let height = folded.iter().map(Vec::len).max().unwrap_or(1);
        for index in 0..height {
            let parts = row.iter().zip(&folded).map(|(cell, pieces)| {
                let text = pieces.get(index).copied().unwrap_or_default();
                Shown {
                    text,
                    width: width_of(text),
                    ink: cell.ink,
                }
            });
            self.render_line(&parts.collect::<Vec<_>>(), widths, indent, text);
        }
    }

    fn render_line(&self, cells: &[Shown<'_>], widths: &[usize], indent: usize, text: &mut String) {
        let start = text.len();
        blanks(indent, text);
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let room = width.saturating_sub(cell.width);
            let is_right = self.right.contains(&column);
            blanks(if is_right { room } else { 0 }, text);
            match cell.ink.filter(|_| !cell.text.is_empty()) {
                Some(ink) => text.push_str(&paint(ink, cell.text)),
                None => text.push_str(cell.text),
            }
            blanks(if is_right { GAP } else { room + GAP }, text);
        }
        let end = start + text[start..].trim_end().len();
        text.truncate(end);
        text.push('\n');
    }
}

fn blanks(count: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', count));
}

/// Cuts text into pieces of at most `width` columns, at a blank where one is near.
fn fold(text: &str, width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while width_of(rest) > width {
        let end = end_of_prefix(rest, width);
        let blank = rest[..end].rfind(' ').filter(|at| *at > end / 2);
        let cut = blank.map_or(end, |at| at + 1);
        pieces.push(rest[..cut].trim_end());
        rest = &rest[cut..];
    }
    pieces.push(rest);
    pieces
}

/// Where the longest prefix of at most `width` columns ends. It has at least one character.
fn end_of_prefix(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (index, char) in text.char_indices() {
        used += char.width().unwrap_or(0);
        if used > width && index > 0 {
            return index;
        }
    }
    text.len()
}

pub(super) fn width_of(text: &str) -> usize {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.len();
    }
    text.chars().map(|char| char.width().unwrap_or(0)).sum()
}

/// The terminal's width. There is no limit if the output goes elsewhere.
pub(super) fn terminal_width() -> usize {
    if !std::io::stdout().is_terminal() {
        return usize::MAX;
    }
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0).max(40))
}

/// Makes control characters visible, because a mount point may contain a newline.
pub(super) fn visible(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["ID", "POINT", "TYPE"]).right(0);
        table.row(["7".into(), "/a".into(), "tmpfs".into()]);
        table.row([
            "123".into(),
            "/var/lib/docker/overlay2/abc/merged".into(),
            "overlay".into(),
        ]);
        table
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn columns_line_up() {
        let text = plain(&sample().render_within(usize::MAX, 1));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "  ID  POINT                                TYPE");
        assert_eq!(lines[1], "   7  /a                                   tmpfs");
        assert_eq!(
            lines[2],
            " 123  /var/lib/docker/overlay2/abc/merged  overlay"
        );
    }

    #[test]
    fn a_narrow_terminal_folds_and_loses_nothing() {
        let text = plain(&sample().render_within(40, 0));
        assert!(text.lines().all(|line| width_of(line) <= 40), "{text}");
        let path: String = text
            .lines()
            .skip(2)
            .map(|l| l.get(5..31).unwrap_or(&l[5.min(l.len())..]).trim())
            .collect();
        assert!(path.contains("/var/lib/docker/overlay2/"), "{text}");
        assert!(path.contains("merged"), "{text}");
    }

    #[test]
    fn a_newline_in_a_name_stays_on_its_line() {
        let mut table = Table::without_heads();
        table.row(["/a\nb".into()]);
        assert_eq!(table.render_within(80, 0), "/a\\nb\n");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(fold("日本語", 4), ["日本", "語"]);
        assert_eq!(fold("", 4), [""]);
    }

    #[test]
    fn rows_may_differ_in_length_and_in_folding() {
        let mut table = Table::new(&["A", "B"]);
        table.row([
            "x".into(),
            Cell::inked(Ink::Warn, "wide enough to be folded"),
            "3".into(),
        ]);
        table.row(["".into(), "".into()]);
        table.row(["y".into()]);
        let text = plain(&table.render_within(20, 0));
        let want = "A  B\nx  wide enough     3\n   to be folded\n\ny\n";
        assert_eq!(text, want);
        assert_eq!(Table::without_heads().render(), "");
    }
}
