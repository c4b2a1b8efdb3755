//! The `use` items and the paths of a file's code. Takes code with comments and literals blanked.

use crate::tidy::mask::{is_word, words};

/// One leaf of a `use` tree: `use a::{b as c}` has the path `a`, `b` and the name `c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tidy) struct Use {
    pub(in crate::tidy) path: Vec<String>,
    /// What the file calls it; `*` for a glob.
    pub(in crate::tidy) name: String,
}

/// Every `use` item of the code.
pub(in crate::tidy) fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for (start, end) in items(code) {
        add_tree(&code[start + "use".len()..end], &[], &mut found);
    }
    found
}

/// The code with its `use` items blanked, so that only paths in use are left.
pub(in crate::tidy) fn without_uses(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut from = 0;
    for (start, end) in items(code) {
        out.push_str(&code[from..start]);
        from = end;
    }
    out.push_str(&code[from..]);
    out
}

/// Paths of two or more segments: `a::b`, `crate::a::b`. A path behind another one's `::` is part
/// of it.
pub(in crate::tidy) fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(|c: char| c.is_alphabetic() || c == '_') {
        let path = path_at(&rest[start..]);
        let length: usize = path.iter().map(|part| part.len() + 2).sum();
        let before = rest[..start].trim_end();
        if path.len() > 1 && !before.ends_with("::") {
            found.push(path);
        }
        // The blanks of a path broken over lines are not counted: what is left holds no `::` first.
        rest = &rest[(start + length.saturating_sub(2)).min(rest.len())..];
        rest = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    }
    found
}

fn path_at(text: &str) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        if word.is_empty() {
            return path;
        }
        path.push(word.to_owned());
        match after.strip_prefix("::") {
            Some(next) => rest = next,
            None => return path,
        }
    }
}

/// Start and end of each `use` item, without its `;`.
fn items(code: &str) -> Vec<(usize, usize)> {
    let begins = words(code, "use").filter(|&start| {
        let before = code[..start].trim_end();
        let begins = before.is_empty() || before.ends_with([';', '}', '{', ']', ')']);
        // `+ use<'a>` of a return type begins nothing.
        (begins || before.ends_with("pub")) && !code[start + 3..].trim_start().starts_with('<')
    });
    begins
        .filter_map(|start| Some((start, start + code[start..].find(';')?)))
        .collect()
}

/// Adds the leaves of `a::{b, c::d}` below `above`.
fn add_tree(tree: &str, above: &[String], found: &mut Vec<Use>) {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        add_leaf(tree, above, found);
        return;
    };
    let mut path = above.to_vec();
    path.extend(segments(head));
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    for branch in branches(group) {
        add_tree(branch, &path, found);
    }
}

fn add_leaf(leaf: &str, above: &[String], found: &mut Vec<Use>) {
    let (path_text, alias) = match leaf.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim())),
        None => (leaf, None),
    };
    let mut path = above.to_vec();
    path.extend(segments(path_text));
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let Some(last) = path.last().cloned() else {
        return;
    };
    let name = alias.map_or(last, str::to_owned);
    found.push(Use { path, name });
}

fn segments(path: &str) -> impl Iterator<Item = String> + '_ {
    path.split("::")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
}

/// The parts of a group between its outer commas.
fn branches(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0_i32, 0, Vec::new());
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&group[from..]);
    found.retain(|branch| branch.bytes().any(is_word) || branch.contains('*'));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(code: &str) -> Vec<String> {
        let leaf = |it: Use| format!("{}={}", it.name, it.path.join("::"));
        uses(code).into_iter().map(leaf).collect()
    }

    #[test]
    fn a_tree_has_a_leaf_for_each_name() {
        let code = "use a::{self, b::{C, D as E}, f::*};\npub(crate) use g;\nfn h() { use i::J; }";
        let wanted = [
            "a=a",
            "C=a::b::C",
            "E=a::b::D",
            "*=a::f::*",
            "g=g",
            "J=i::J",
        ];
        assert_eq!(leaves(code), wanted);
    }

    #[test]
    fn a_captured_lifetime_is_no_import() {
        assert_eq!(leaves("fn a<'b>() -> impl C + use<'b> { d(); }"), [""; 0]);
    }

    #[test]
    fn paths_are_whole() {
        let found = paths("crate::a::b(c::D, e.f) + g");
        assert_eq!(found, [vec!["crate", "a", "b"], vec!["c", "D"]]);
        assert_eq!(without_uses("use a::b; c::d"), "; c::d");
    }
}
