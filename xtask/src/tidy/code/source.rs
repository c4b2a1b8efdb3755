//! What the source may not hold: unsafe outside `sys.rs`, stubs, getters in
//! `get_`, ignored tests without one of the two reasons, syntax newer than
//! the MSRV.

use crate::tidy::findings::Findings;
use crate::tidy::mask::{block_after, is_word, words};
use crate::tidy::tree::{SourceFile, Tree, at, is_crate_source, line_of};

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) {
    for file in tree.files.iter().filter(|file| file.is_rust()) {
        check_stubs(file, findings);
        check_ignores(file, findings);
        check_let_chains(file, findings);
        if is_crate_source(&file.path) {
            check_unsafe(file, findings);
            check_getters(file, findings);
        }
    }
    check_unsafe_gates(tree, findings);
}

fn check_stubs(file: &SourceFile, findings: &mut Findings) {
    for stub in ["todo", "unimplemented"] {
        for offset in words(&file.code, stub) {
            if file.code[offset + stub.len()..].starts_with('!') {
                let place = at(&file.path, line_of(&file.code, offset));
                findings.problem(place, format_args!("`{stub}` stands for work not done"));
            }
        }
    }
    // In comments, so in the text; taken apart here to not find themselves.
    for mark in [concat!("FIX", "ME"), concat!("XX", "X")] {
        for offset in words(&file.text, mark) {
            let place = at(&file.path, line_of(&file.text, offset));
            findings.problem(place, format_args!("{mark}: mend it or open an issue"));
        }
    }
}

/// `#[ignore = "vm: …"]` for privilege, `#[ignore = "#n"]` for a known deviation.
fn check_ignores(file: &SourceFile, findings: &mut Findings) {
    for (offset, _) in file.code.match_indices("#[ignore") {
        let attribute = &file.text[offset..];
        let reason = attribute
            .strip_prefix("#[ignore = \"")
            .and_then(|rest| rest.split('"').next());
        let good = reason.is_some_and(|reason| {
            reason.starts_with("vm: ")
                || reason.strip_prefix('#').is_some_and(|number| {
                    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                })
        });
        if !good {
            let place = at(&file.path, line_of(&file.code, offset));
            findings.problem(place, "an ignored test says `vm: …` or `#n`, nothing else");
        }
    }
}

/// `if let … && …` is newer than the MSRV, and the compiler here takes it.
fn check_let_chains(file: &SourceFile, findings: &mut Findings) {
    for keyword in ["if", "while"] {
        for offset in words(&file.code, keyword) {
            let condition = condition_after(&file.code, offset + keyword.len());
            if is_let_chain(condition) {
                let place = at(&file.path, line_of(&file.code, offset));
                findings.problem(place, "a let chain needs a compiler newer than the MSRV");
            }
        }
    }
}

/// From a keyword to the brace that opens its block, or to a guard's arrow.
fn condition_after(code: &str, from: usize) -> &str {
    let bytes = code.as_bytes();
    let mut depth = 0_i32;
    for offset in from..bytes.len() {
        let so_far = &code[from..offset];
        match bytes[offset] {
            b'{' if in_pattern(so_far) => depth += 1,
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'}' if depth > 0 => depth -= 1,
            b'{' | b'}' | b';' if depth <= 0 => return so_far,
            b'=' if depth <= 0 && bytes.get(offset + 1) == Some(&b'>') => return so_far,
            _ => {}
        }
    }
    &code[from..]
}

/// True between a `let` and its `=`, where a brace belongs to a pattern.
fn in_pattern(so_far: &str) -> bool {
    words(so_far, "let")
        .last()
        .is_some_and(|at| !so_far[at..].contains('='))
}

fn is_let_chain(condition: &str) -> bool {
    let mut depth = 0_i32;
    let mut lets = 0;
    let mut ands = 0;
    let bytes = condition.as_bytes();
    for (offset, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'&' if depth == 0 && bytes.get(offset + 1) == Some(&b'&') => ands += 1,
            b'l' if depth == 0 && condition[offset..].starts_with("let ") => {
                let alone = offset == 0 || !is_word(bytes[offset - 1]);
                lets += i32::from(alone);
            }
            _ => {}
        }
    }
    lets > 0 && ands > 0
}

fn check_unsafe(file: &SourceFile, findings: &mut Findings) {
    if file.path.file_name().is_some_and(|name| name == "sys.rs") {
        return;
    }
    for offset in words(&file.code, "unsafe") {
        let place = at(&file.path, line_of(&file.code, offset));
        findings.problem(place, "unsafe code belongs in the crate's sys.rs");
    }
}

/// A crate without `sys.rs` forbids unsafe code; one with it denies it elsewhere.
fn check_unsafe_gates(tree: &Tree, findings: &mut Findings) {
    for package in tree.packages.iter().filter(|package| package.published) {
        let src = package.dir.join("src");
        let has_sys = tree
            .files
            .iter()
            .any(|file| file.path.starts_with(&src) && file.path.ends_with("sys.rs"));
        let want = if has_sys {
            "#![deny(unsafe_code)]"
        } else {
            "#![forbid(unsafe_code)]"
        };
        let top = tree
            .files
            .iter()
            .find(|file| file.path == src.join("lib.rs") || file.path == src.join("main.rs"));
        if let Some(top) = top.filter(|top| !top.code.contains(want)) {
            findings.problem(top.path.display(), format_args!("lacks `{want}`"));
        }
    }
}

/// A getter takes nothing but itself; `get_all(name)` looks something up.
fn check_getters(file: &SourceFile, findings: &mut Findings) {
    for (offset, _) in file.code.match_indices("pub fn get_") {
        let signature = &file.code[offset..];
        let arguments = signature
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .map_or("", |(arguments, _)| arguments.trim());
        if matches!(arguments, "" | "self" | "&self" | "&mut self") {
            let place = at(&file.path, line_of(&file.code, offset));
            findings.problem(place, "`get_` is not used in the house");
        }
    }
}

/// `code` without the blocks under `#[cfg(test)]`: what ships.
pub(in crate::tidy) fn without_tests(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..start]);
        let end = item_end(rest, start);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn item_end(code: &str, start: usize) -> usize {
    let after = &code[start..];
    match (after.find('{'), after.find(';')) {
        (Some(brace), Some(semicolon)) if semicolon < brace => start + semicolon + 1,
        (Some(brace), _) => block_after(code, start + brace),
        (None, Some(semicolon)) => start + semicolon + 1,
        (None, None) => code.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::mask;

    fn findings_of(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile {
            path: path.into(),
            text: text.to_owned(),
            code: mask::code_only(text),
        };
        let tree = Tree {
            packages: Vec::new(),
            files: vec![file],
        };
        let mut findings = Findings::default();
        check(&tree, &mut findings);
        findings.problems
    }

    #[test]
    fn clean_code_has_no_findings() {
        let text = "pub fn get_all(&self, name: &str) {}\n// unsafe, in words\nfn a(x: Option<u8>) { if let Some(y) = x { let _ = y > 1 && y < 4; } }\n";
        assert_eq!(findings_of("crates/a/src/b.rs", text), [""; 0]);
    }

    #[test]
    fn each_thing_the_house_forbids_is_found() {
        let cases = [
            ("fn a() { unsafe { b() } }", "sys.rs"),
            ("fn a() { todo!() }", "work not done"),
            ("pub fn get_x(&self) {}", "get_"),
            ("#[ignore]\nfn a() {}", "ignored test"),
            ("#[ignore = \"slow\"]\nfn a() {}", "ignored test"),
            ("fn a() { if let Some(x) = y && x > 1 {} }", "let chain"),
            ("fn a() { if b && let Some(x) = y {} }", "let chain"),
            (
                "fn a() { while let Some(x) = y.next() && x {} }",
                "let chain",
            ),
            ("fn a() { if let P { x, .. } = y && x {} }", "let chain"),
        ];
        for (text, word) in cases {
            let found = findings_of("crates/a/src/b.rs", text);
            assert!(
                found.len() == 1 && found[0].contains(word),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn the_two_reasons_are_taken_and_closures_are_no_chains() {
        let text = "#[ignore = \"vm: needs root\"]\n#[ignore = \"#12\"]\nfn a() { if let Some(x) = y.filter(|z| *z && true) {} match b { c if d && e => f, g => if let H = i {} } }";
        assert_eq!(findings_of("crates/a/src/b.rs", text), [""; 0]);
    }

    #[test]
    fn unsafe_is_at_home_in_sys() {
        assert_eq!(findings_of("crates/a/src/sys.rs", "unsafe {}"), [""; 0]);
    }

    #[test]
    fn test_blocks_do_not_ship() {
        let code =
            "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\n#[cfg(test)]\nmod more;\nfn c() {}";
        assert_eq!(without_tests(code), "fn a() {}\n\n\nfn c() {}");
    }
}
