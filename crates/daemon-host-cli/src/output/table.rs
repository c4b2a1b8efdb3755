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
        Self {
            text: visible(text),
            ink: None,
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

/// A table: an optional dim heading, rows, no lines.
#[derive(Debug, Default)]
pub(crate) struct Table {
    heads: Option<Vec<Cell>>,
    rows: Vec<Vec<Cell>>,
    right: Vec<usize>,
}

impl Table {
    /// A table with these column names.
    pub(crate) fn new(heads: &[&str]) -> Self {
        let heads = heads
            .iter()
            .map(|head| Cell::inked(Ink::Dim, head))
            .collect();
        Self {
            heads: Some(heads),
            ..Self::default()
        }
    }

    /// A table of plain columns.
    pub(crate) fn without_heads() -> Self {
        Self::default()
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
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
        let mut text = String::new();
        for row in self.heads.iter().chain(&self.rows) {
            self.render_row(row, &widths, indent, &mut text);
        }
        text
    }

    fn natural(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in self.heads.iter().chain(&self.rows) {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(width_of(&cell.text));
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

    fn render_row(&self, row: &[Cell], widths: &[usize], indent: usize, text: &mut String) {
        let folded: Vec<Vec<String>> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| fold(&cell.text, *width))
            .collect();
        let height = folded.iter().map(Vec::len).max().unwrap_or(1);
        for index in 0..height {
            let mut line = " ".repeat(indent);
            for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
                let part = folded[column].get(index).map_or("", String::as_str);
                let blanks = " ".repeat(width.saturating_sub(width_of(part)));
                let part = match cell.ink.filter(|_| !part.is_empty()) {
                    Some(ink) => paint(ink, part),
                    None => part.to_owned(),
                };
                if self.right.contains(&column) {
                    line.push_str(&blanks);
                    line.push_str(&part);
                } else {
                    line.push_str(&part);
                    line.push_str(&blanks);
                }
                line.push_str(&" ".repeat(GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
}

/// Cuts text into pieces of at most `width` columns, at a blank where one is near.
fn fold(text: &str, width: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while width_of(rest) > width {
        let end = end_of_prefix(rest, width);
        let blank = rest[..end].rfind(' ').filter(|at| *at > end / 2);
        let cut = blank.map_or(end, |at| at + 1);
        pieces.push(rest[..cut].trim_end().to_owned());
        rest = &rest[cut..];
    }
    pieces.push(rest.to_owned());
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

fn width_of(text: &str) -> usize {
    text.chars().map(|char| char.width().unwrap_or(0)).sum()
}

/// The terminal's width. There is no limit if the output goes elsewhere.
fn terminal_width() -> usize {
    if !std::io::stdout().is_terminal() {
        return usize::MAX;
    }
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0).max(40))
}

/// Makes control characters visible, because a mount point may contain a newline.
fn visible(text: &str) -> String {
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
}
