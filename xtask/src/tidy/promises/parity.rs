//! Every row of a parity table, and of the threat model, names a test that exists.

use std::collections::HashSet;

use crate::tidy::findings::Findings;
use crate::tidy::mask::words;
use crate::tidy::tree::{SourceFile, Tree, at};

pub(in crate::tidy) fn check(tree: &Tree, findings: &mut Findings) {
    let known = known_tests(tree);
    for file in tree.files.iter().filter(|file| is_table_file(file)) {
        check_tables(file, &known, findings);
    }
}

fn is_table_file(file: &SourceFile) -> bool {
    ["PARITY.md", "SECURITY.md"]
        .map(AsRef::as_ref)
        .contains(&file.path.as_os_str())
}

/// What a row may name: functions and files of tests, and cases of test data.
fn known_tests(tree: &Tree) -> HashSet<String> {
    let mut known = HashSet::new();
    for file in &tree.files {
        if file.is_rust() {
            known.extend(
                file.path
                    .file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
            known.extend(words(&file.code, "fn").map(|at| name_at(&file.code[at + 2..])));
        } else if file.path.extension().is_some_and(|ext| ext == "json") {
            known.extend(case_ids(&file.text));
        }
    }
    known
}

fn name_at(code: &str) -> String {
    code.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn case_ids(json: &str) -> impl Iterator<Item = String> + '_ {
    json.split("\"id\": \"").skip(1).filter_map(|rest| {
        let (id, _) = rest.split_once('"')?;
        Some(id.to_owned())
    })
}

fn check_tables(file: &SourceFile, known: &HashSet<String>, findings: &mut Findings) {
    let mut test_column = None;
    for (number, line) in file.text.lines().enumerate() {
        let Some(cells) = cells(line) else {
            test_column = None;
            continue;
        };
        let Some(column) = test_column else {
            test_column = cells.iter().position(|cell| cell.trim() == "test");
            continue;
        };
        let is_rule = cells
            .iter()
            .all(|cell| cell.trim().bytes().all(|b| b"-: ".contains(&b)));
        if is_rule {
            continue;
        }
        let cell = cells.get(column).map_or("", String::as_str);
        let place = at(&file.path, number + 1);
        check_cell(cell, known, &place, findings);
    }
}

fn check_cell(cell: &str, known: &HashSet<String>, place: &str, findings: &mut Findings) {
    let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        findings.problem(place, "the row names no test in `code` marks");
    }
    for name in names {
        let name = name.split_once(": ").map_or(name, |(_, name)| name);
        let last = name.rsplit("::").next().unwrap_or(name);
        if !known.contains(last) {
            findings.problem(place, format_args!("names `{name}`, which is no test here"));
        }
    }
}

/// The cells of a Markdown table line; `\|` does not end one.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in inner.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    Some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(text: &str, problems: &[&str]) {
        let file = SourceFile {
            path: "PARITY.md".into(),
            text: text.to_owned(),
            code: String::new(),
        };
        let known = HashSet::from(["here".to_owned()]);
        let mut findings = Findings::default();
        check_tables(&file, &known, &mut findings);
        assert_eq!(findings.problems, problems);
    }

    #[test]
    fn rows_name_tests_that_exist() {
        let head = "| behaviour | moby | ours | why | test |\n|---|---|---|---|---|\n";
        check_text(&format!("{head}| a | b | c | d | `m::here` |\n"), &[]);
        check_text(
            &format!("{head}| a | b | c | d | `mountscan: m::here` |\n"),
            &[],
        );
        check_text(&format!("{head}| a \\| x | b | c | d | `here` |\n"), &[]);
        check_text(
            &format!("{head}| a | b | c | d | `gone` |\n"),
            &["PARITY.md:3: names `gone`, which is no test here"],
        );
        check_text(
            &format!("{head}| a | b | c | d | later |\n"),
            &["PARITY.md:3: the row names no test in `code` marks"],
        );
        check_text("| other | table |\n|---|---|\n| a | b |\n", &[]);
    }
}
