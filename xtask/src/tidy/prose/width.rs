//! How wide a line of documentation may be.

use std::path::Path;

use crate::tidy::code::allowed::Allowed;
use crate::tidy::findings::Findings;
use crate::tidy::tree::{SourceFile, Tree, at};

/// Columns, the indentation and the slashes included.
const COLUMNS: usize = 100;

pub(in crate::tidy) fn check(tree: &Tree, allowed: &mut Allowed, findings: &mut Findings) {
    for file in tree.files.iter().filter(|file| file.is_rust()) {
        for line in too_wide(file) {
            let what = format!("documentation wider than {COLUMNS} columns");
            let place = at(&file.path, line);
            match allowed.takes(&format!("{}#width", package(&file.path))) {
                true => findings.note(place, what),
                false => findings.problem(place, what),
            }
        }
    }
}

/// `crates/mountscan` of a path below it: an exception is for a package as a whole.
fn package(path: &Path) -> String {
    let parts: Vec<_> = path
        .iter()
        .take(2)
        .map(|part| part.to_string_lossy())
        .collect();
    parts.join("/")
}

fn too_wide(file: &SourceFile) -> Vec<usize> {
    let lines = file.text.lines().enumerate();
    let wide = lines.filter(|(_, line)| line.chars().count() > COLUMNS && is_prose(line));
    wide.map(|(number, _)| number + 1).collect()
}

/// A line that could be broken: no row of a table, and more than one word.
fn is_prose(line: &str) -> bool {
    let line = line.trim_start();
    let Some(text) = ["///", "//!"].iter().find_map(|it| line.strip_prefix(it)) else {
        return false;
    };
    let text = text.trim_start();
    !text.starts_with('|') && text.split_whitespace().count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_prose_has_a_width() {
        let long = "word ".repeat(20);
        let text = format!("/// {long}\n/// | {long} |\nlet x = 1; // {long}\n/// short\n");
        let file = SourceFile {
            path: "a.rs".into(),
            text: format!("{text}//! <https://example.com/{}>\n", "x".repeat(90)),
            code: String::new(),
        };
        assert_eq!(too_wide(&file), [1]);
        assert_eq!(package(Path::new("crates/a/src/b.rs")), "crates/a");
    }
}
