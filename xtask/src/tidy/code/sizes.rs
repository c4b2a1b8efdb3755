//! How long functions, files and crates may grow. Over the usual bound is a
//! note, over the hard one a problem unless `xtask/tidy.allow` argues it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::source::without_tests;
use crate::cargo;
use crate::tidy::mask::{block_after, is_word, words};
use crate::tidy::run::{Findings, Tree, is_crate_source, is_test_file};

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
/// Lines that carry code, tests apart.
const CRATE: Bound = Bound {
    usual: 2_500,
    hard: 4_000,
};

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) -> anyhow::Result<()> {
    let mut allowed = Allowed::load()?;
    let mut crates: BTreeMap<String, usize> = BTreeMap::new();
    for file in tree.files.iter().filter(|file| is_measured(&file.path)) {
        let place = file.path.display().to_string();
        let shipped = without_tests(&file.code);
        let lines = shipped.lines().count();
        judge(&FILE, &place, "file", lines, &mut allowed, findings);
        for (name, lines) in functions(&shipped) {
            let place = format!("{place}#{name}");
            judge(&FUNCTION, &place, "function", lines, &mut allowed, findings);
        }
        if is_crate_source(&file.path) {
            let name = file.path.iter().nth(1).unwrap_or_default();
            *crates
                .entry(name.to_string_lossy().into_owned())
                .or_default() += code_lines(&shipped);
        }
    }
    for (name, lines) in crates {
        let place = format!("crates/{name}");
        judge(&CRATE, &place, "crate", lines, &mut allowed, findings);
    }
    for unused in allowed.unused() {
        findings.note(
            "xtask/tidy.allow",
            format_args!("`{unused}` needs no exception"),
        );
    }
    Ok(())
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

fn code_lines(code: &str) -> usize {
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

/// `xtask/tidy.allow`: a place, then the reason it may be larger.
struct Allowed {
    entries: BTreeMap<String, bool>,
}

impl Allowed {
    fn load() -> anyhow::Result<Allowed> {
        let path = cargo::root().join("xtask/tidy.allow");
        let text = fs::read_to_string(path).context("xtask/tidy.allow")?;
        Allowed::parse(&text)
    }

    fn parse(text: &str) -> anyhow::Result<Allowed> {
        let mut entries = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (place, reason) = line.split_once(' ').unwrap_or((line, ""));
            anyhow::ensure!(
                reason.trim().bytes().filter(|byte| is_word(*byte)).count() >= 8,
                "xtask/tidy.allow: `{place}` gives no reason"
            );
            entries.insert(place.to_owned(), false);
        }
        Ok(Allowed { entries })
    }

    fn takes(&mut self, place: &str) -> bool {
        match self.entries.get_mut(place) {
            Some(used) => {
                *used = true;
                true
            }
            None => false,
        }
    }

    fn unused(&self) -> impl Iterator<Item = &String> {
        self.entries
            .iter()
            .filter(|(_, used)| !**used)
            .map(|(place, _)| place)
    }
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
    fn an_exception_needs_a_reason_and_a_use() {
        assert!(Allowed::parse("a.rs#b\n").is_err());
        let mut allowed = Allowed::parse("# why\na.rs#b one table, read as a whole\n").unwrap();
        assert_eq!(allowed.unused().count(), 1);
        assert!(allowed.takes("a.rs#b"));
        assert!(!allowed.takes("a.rs#c"));
        assert_eq!(allowed.unused().count(), 0);
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
