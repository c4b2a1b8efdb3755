//! The house: how many files a room has, that no file imports itself by way of others, and the
//! figures of each package.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::allowed::Allowed;
use super::sizes::code_lines;
use super::source::without_tests;
use crate::tidy::findings::Findings;
use crate::tidy::imports::circles::{circles, floors};
use crate::tidy::imports::graph::Graph;
use crate::tidy::tree::{SourceFile, Tree};

/// Files beside the contents page.
const ROOM: usize = 10;

/// One package in numbers.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    rooms: usize,
    files: usize,
    floors: usize,
    arrows: usize,
    circles: usize,
    /// Of code, tests apart.
    lines: usize,
    /// In a thousand lines.
    documentation: usize,
    comments: usize,
}

/// Checks every package that is measured; the table of figures.
pub(in crate::tidy) fn check(
    tree: &Tree,
    allowed: &mut Allowed,
    findings: &mut Findings,
) -> String {
    let mut text = format!(
        "{:<16} {:>5} {:>5} {:>6} {:>6} {:>7} {:>6} {:>5} {:>8}\n",
        "package", "rooms", "files", "floors", "arrows", "circles", "lines", "doc %", "comment %"
    );
    for package in tree.packages.iter().filter(|it| is_measured(&it.dir)) {
        let src = package.dir.join("src");
        let graph = Graph::of(&src, &tree.files);
        let rooms = rooms(&graph);
        check_rooms(&rooms, allowed, findings);
        let circles = circles(graph.tree.modules.len(), &graph.arrows);
        for circle in &circles {
            check_circle(&graph, circle, allowed, findings);
        }
        let mut figures = measured(&tree.files, &src);
        figures.rooms = rooms.len();
        figures.floors = floors(graph.tree.modules.len(), &graph.arrows);
        figures.arrows = graph.arrows.len();
        figures.circles = circles.len();
        add_row(&mut text, &package.name, &figures);
    }
    text
}

fn is_measured(dir: &Path) -> bool {
    dir.starts_with("crates") || dir.starts_with("xtask")
}

/// The files of each directory, contents pages apart.
fn rooms(graph: &Graph) -> BTreeMap<PathBuf, usize> {
    let mut rooms = BTreeMap::new();
    for module in &graph.tree.modules {
        let room = module.file.parent().unwrap_or(Path::new("")).to_owned();
        let name = module.file.file_name().unwrap_or_default();
        let is_page = ["mod.rs", "lib.rs", "main.rs"].iter().any(|it| name == *it);
        *rooms.entry(room).or_default() += usize::from(!is_page);
    }
    rooms
}

fn check_rooms(rooms: &BTreeMap<PathBuf, usize>, allowed: &mut Allowed, findings: &mut Findings) {
    for (room, files) in rooms.iter().filter(|(_, files)| **files > ROOM) {
        let place = room.display().to_string();
        if !allowed.takes(&place) {
            findings.problem(
                place,
                format_args!("{files} files in a room, at most {ROOM}"),
            );
        }
    }
}

/// Every file of a circle has to be allowed, each by its own line.
fn check_circle(graph: &Graph, circle: &[usize], allowed: &mut Allowed, findings: &mut Findings) {
    let files: BTreeSet<String> = circle
        .iter()
        .map(|&node| graph.tree.modules[node].file.display().to_string())
        .collect();
    let mut taken = true;
    for file in &files {
        taken &= allowed.takes(&format!("{file}#circle"));
    }
    if !taken {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        findings.problem(
            files[0],
            format_args!("imports in a circle: {}", files.join(", ")),
        );
    }
}

fn measured(files: &[SourceFile], src: &Path) -> Figures {
    let mut figures = Figures::default();
    let (mut all, mut documentation, mut comments) = (0, 0, 0);
    for file in files
        .iter()
        .filter(|it| it.is_rust() && it.path.starts_with(src))
    {
        if crate::tidy::tree::is_test_file(&file.path) {
            continue;
        }
        figures.files += 1;
        figures.lines += code_lines(&without_tests(&file.code));
        let lines = || file.text.lines().map(str::trim_start);
        let is_doc = |line: &&str| line.starts_with("///") || line.starts_with("//!");
        all += lines().filter(|line| !line.is_empty()).count();
        documentation += lines().filter(is_doc).count();
        comments += lines()
            .filter(|line| line.starts_with("//") && !is_doc(line))
            .count();
    }
    figures.documentation = documentation * 1000 / all.max(1);
    figures.comments = comments * 1000 / all.max(1);
    figures
}

fn add_row(text: &mut String, name: &str, figures: &Figures) {
    let tenths = |part: usize| format!("{}.{}", part / 10, part % 10);
    let _ = writeln!(
        text,
        "{name:<16} {:>5} {:>5} {:>6} {:>6} {:>7} {:>6} {:>5} {:>8}",
        figures.rooms,
        figures.files,
        figures.floors,
        figures.arrows,
        figures.circles,
        figures.lines,
        tenths(figures.documentation),
        tenths(figures.comments),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::mask;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.into(),
            text: text.to_owned(),
            code: mask::code_only(text),
        }
    }

    #[test]
    fn a_circle_is_found_unless_each_file_is_allowed() {
        let files = [
            file("c/src/lib.rs", "mod a;\nmod b;"),
            file("c/src/a.rs", "use crate::b::B;\npub struct A;"),
            file("c/src/b.rs", "use crate::a::A;\npub struct B;"),
        ];
        let graph = Graph::of(Path::new("c/src"), &files);
        let found = circles(graph.tree.modules.len(), &graph.arrows);
        let problems = |text: &str| {
            let mut allowed = Allowed::parse(text).unwrap();
            let mut findings = Findings::default();
            check_circle(&graph, &found[0], &mut allowed, &mut findings);
            findings.problems
        };
        assert!(problems("")[0].contains("c/src/a.rs, c/src/b.rs"));
        assert_eq!(problems("c/src/a.rs#circle one reason given").len(), 1);
        let both = "c/src/a.rs#circle one reason given\nc/src/b.rs#circle one reason given";
        assert_eq!(problems(both), [""; 0]);
    }

    #[test]
    fn figures_leave_tests_out() {
        let files = [
            file("c/src/lib.rs", "//! Words.\nmod a;\n"),
            file(
                "c/src/a.rs",
                "// Why.\nfn f() {}\n#[cfg(test)]\nmod tests;\n",
            ),
            file("c/src/a/tests.rs", "fn g() {}\n"),
        ];
        let figures = measured(&files, Path::new("c/src"));
        assert_eq!((figures.files, figures.lines), (2, 2));
        assert_eq!((figures.documentation, figures.comments), (166, 166));
    }

    #[test]
    fn a_room_counts_what_is_no_contents_page() {
        let files = [
            file("c/src/lib.rs", "mod a;"),
            file("c/src/a/mod.rs", "mod b;\nmod c;"),
            file("c/src/a/b.rs", ""),
            file("c/src/a/c.rs", ""),
        ];
        let graph = Graph::of(Path::new("c/src"), &files);
        let counts: Vec<usize> = rooms(&graph).into_values().collect();
        assert_eq!(counts, [0, 2]);
    }
}
