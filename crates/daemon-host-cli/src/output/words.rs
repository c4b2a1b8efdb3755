//! Writes numbers of things in words, ids in short, and long lines in several. Pure.

use std::path::Path;

use anstream::adapter::strip_str;

use super::table::{visible, width_of};

/// So many digits of an id are shown. `docker ps` and `podman ps` show as many.
const SHOWN: usize = 12;
/// The length of the ids of containers and layers.
const FULL: usize = 64;

/// Such as `1 mount`, `3 mounts`: the number, and the form of the word that fits it.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// The beginning of a full id. Other text stays as it is.
pub(crate) fn short_id(id: &str) -> &str {
    let is_full = id.len() == FULL && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_full { &id[..SHOWN] } else { id }
}

/// A path as text for people. Its control characters are visible: a name may hold a newline, or
/// what a terminal obeys.
pub(crate) fn shown(path: &Path) -> String {
    visible(path.to_string_lossy().into_owned())
}

/// The text with every line folded that is wider than `width`, at blanks. What follows stands two
/// columns further in than the line. A word that is wider than that stays whole.
pub(crate) fn fold_lines(text: &str, width: usize) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if shown_width(line) <= width {
            folded.push_str(line);
        } else {
            fold_line(line, width, &mut folded);
        }
    }
    folded
}

fn fold_line(line: &str, width: usize, folded: &mut String) {
    let margin = line.len() - line.trim_start_matches(' ').len() + 2;
    let mut used = 0;
    for (number, word) in line.split(' ').enumerate() {
        let wide = shown_width(word);
        if number == 0 {
            used = wide;
        } else if used + 1 + wide > width && used > margin {
            folded.truncate(folded.trim_end_matches(' ').len());
            folded.push('\n');
            folded.extend(std::iter::repeat_n(' ', margin));
            used = margin + wide;
        } else {
            folded.push(' ');
            used += 1 + wide;
        }
        folded.push_str(word);
    }
}

/// The columns of a text, without its colours and the end of its line.
fn shown_width(text: &str) -> usize {
    let plain = strip_str(text).to_string();
    width_of(plain.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_at_blanks_and_others_stay() {
        let text = "short  one\n  a line that is rather long, indented\nend";
        let want = "short  one\n  a line that is\n    rather long,\n    indented\nend";
        assert_eq!(fold_lines(text, 16), want);
        assert_eq!(fold_lines(text, 80), text);
        let word = "/a/path/that/is/longer/than/the/line and more";
        assert_eq!(
            fold_lines(word, 20),
            "/a/path/that/is/longer/than/the/line\n  and more"
        );
        // A colour has no width.
        let inked = "\u{1b}[31mNot seen: one thing\u{1b}[0m\n";
        assert_eq!(fold_lines(inked, 19), inked);
        assert_eq!(fold_lines("", 5), "");
    }

    #[test]
    fn only_full_ids_are_shortened() {
        assert_eq!(short_id(&"0a".repeat(32)), "0a0a0a0a0a0a");
        assert_eq!(short_id("web"), "web");
        assert_eq!(short_id(&"xy".repeat(32)), "xy".repeat(32));
        assert_eq!(short_id(&"0a".repeat(33)), "0a".repeat(33));
    }

    #[test]
    fn one_is_singular_and_none_is_plural() {
        assert_eq!(count(0, "mount", "mounts"), "0 mounts");
        assert_eq!(count(1, "mount", "mounts"), "1 mount");
        assert_eq!(count(2, "mount", "mounts"), "2 mounts");
    }
}
