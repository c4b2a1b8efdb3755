//! How long functions and files may grow. Over the usual bound is a
//! note, over the hard one a problem unless `xtask/tidy.allow` argues it.

use std::path::Path;

use super::allowed::Allowed;
use super::source::without_tests;
use crate::tidy::findings::Findings;
use crate::tidy::mask::{block_after, words};
use crate::tidy::tree::{Tree, is_test_file};

struct Bound {
    usual: usize,
    hard: usize,
}

/// Lines that carry code.
const FUNCTION: Bound = Bound {
    usual: 35,
    hard: 60,
};
/// All lines, tests apart.
const FILE: Bound = Bound {
    usual: 300,
    hard: 400,
};
pub(in crate::tidy) fn check(tree: &Tree, allowed: &mut Allowed, findings: &mut Findings) {
    for file in tree.files.iter().filter(|file| is_measured(&file.path)) {
        let place = file.path.display().to_string();
        let shipped = without_tests(&file.code);
        let lines = shipped.lines().count();
        judge(&FILE, &place, "file", lines, allowed, findings);
        for (name, lines) in functions(&shipped) {
            let place = format!("{place}#{name}");
            judge(&FUNCTION, &place, "function", lines, allowed, findings);
        }
    }
}

fn is_measured(path: &Path) -> bool {
    let ours = path.starts_with("crates") || path.starts_with("xtask");
    ours && path.extension().is_some_and(|ext| ext == "rs") && !is_test_file(path)
}

fn judge(
    bound: &Bound,
    place: &str,
    what: &str,
    lines: usize,
    allowed: &mut Allowed,
    findings: &mut Findings,
) {
    let text = format!("{what} of {lines} lines, at most {}", bound.hard);
    if lines > bound.hard && !allowed.takes(place) {
        findings.problem(place, text);
    } else if lines > bound.usual {
        findings.note(
            place,
            format_args!("{what} of {lines} lines, usual {}", bound.usual),
        );
    }
}

/// Lines that carry code.
pub(super) fn code_lines(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Every function with a body: its name and its lines of code.
fn functions(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for start in words(code, "fn") {
        let name: String = code[start + 2..]
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let Some(open) = body_of(code, start) else {
            continue;
        };
        if name.is_empty() {
            continue;
        }
        let body = &code[start..block_after(code, open)];
        found.push((name, code_lines(body)));
    }
    found
}

/// The brace that opens the body, unless the function is only declared.
fn body_of(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in code.as_bytes()[start..].iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(start + offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_by_their_code() {
        let code =
            "fn a() {\n\n    b();\n}\ntrait T { fn c(); fn d() { } }\nlet f: fn(u8) -> u8 = g;\n";
        let found = functions(code);
        assert_eq!(found, [("a".to_owned(), 3), ("d".to_owned(), 1)]);
    }

    #[test]
    fn only_what_ships_is_measured() {
        assert!(is_measured(Path::new("crates/a/src/b.rs")));
        assert!(is_measured(Path::new("xtask/src/tidy.rs")));
        assert!(!is_measured(Path::new("crates/a/src/b/tests.rs")));
        assert!(!is_measured(Path::new("crates/a/tests/a/main.rs")));
        assert!(!is_measured(Path::new("tests/vm/tests/a.rs")));
    }
}
