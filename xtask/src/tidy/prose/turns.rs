//! Turns of speech that a reader whose first language is not English has to read twice.

use std::path::Path;

use crate::tidy::findings::Findings;
use crate::tidy::tree::{Tree, at};

/// The turn, and what to write instead.
const TURNS: &[(&str, &str)] = &[
    ("told apart", "distinguished"),
    ("to be had", "available"),
    ("can be had", "is available"),
    ("is none of", "is not one of"),
    ("that is none", "that is not one"),
    ("what is none", "what is not one"),
    ("but for", "except for"),
    ("save for", "except for"),
    ("would but", "would only"),
    ("that which", "what"),
    ("laid anew", "made again"),
];

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) {
    for file in tree.files.iter().filter(|file| is_prose(&file.path)) {
        for (line, turn, instead) in turns(&file.text) {
            let what = format!("\"{turn}\" is hard to read: try \"{instead}\"");
            findings.problem(at(&file.path, line), what);
        }
    }
}

/// Rust and Markdown, except this list and texts of others.
fn is_prose(path: &Path) -> bool {
    let ours = ["rs", "md"].map(Some);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let data = path.iter().any(|part| part == "data" || part == "corpus");
    ours.contains(&extension) && !data && !path.ends_with("prose/turns.rs")
}

/// Line, turn and remedy of each; a turn may run over the end of a line.
fn turns(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let (flat, starts) = flat(text);
    let mut found = Vec::new();
    for (turn, instead) in TURNS {
        for (offset, _) in flat.match_indices(turn) {
            let before = flat[..offset].chars().next_back();
            let after = flat[offset + turn.len()..].chars().next();
            let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            // "There is none of them" is how everybody says it.
            let is_plain = turn.starts_with("is none") && flat[..offset].ends_with("there ");
            if !is_part(before) && !is_part(after) && !is_plain {
                let line = starts.partition_point(|start| *start <= offset);
                found.push((line, *turn, *instead));
            }
        }
    }
    found
}

/// The text in lower case with single blanks, without the marks that begin a comment; and where
/// each line begins in it.
fn flat(text: &str) -> (String, Vec<usize>) {
    let (mut flat, mut starts) = (String::with_capacity(text.len()), Vec::new());
    for line in text.lines() {
        starts.push(flat.len());
        let line = line.trim_start();
        let line = ["///", "//!", "//"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line);
        for word in line.split_whitespace() {
            flat.push_str(&word.to_lowercase());
            flat.push(' ');
        }
    }
    (flat, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_found_over_the_end_of_a_line() {
        let text = "/// Both are told\n/// apart by id.\nlet x = \"nothing But  for y\";\n";
        let found: Vec<_> = turns(text).iter().map(|found| (found.0, found.1)).collect();
        assert_eq!(found, [(1, "told apart"), (3, "but for")]);
        assert!(turns("a butt for, is_none() and there is none of this name").is_empty());
    }
}
