//! Which file of a package uses which: names are followed through contents pages to the file that
//! defines them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::module_tree::ModuleTree;
use super::uses;
use crate::tidy::mask::words;
use crate::tidy::tree::SourceFile;

/// The files of a package and the arrows between them.
#[derive(Debug)]
pub(in crate::tidy) struct Graph {
    pub(in crate::tidy) tree: ModuleTree,
    pub(in crate::tidy) arrows: BTreeSet<(usize, usize)>,
}

/// A re-export of a re-export of … ends here; a real house has two or three.
const DEEPEST: usize = 12;

impl Graph {
    pub(in crate::tidy) fn of(src: &Path, files: &[SourceFile]) -> Self {
        let mut graph = Self {
            tree: ModuleTree::of(src, files),
            arrows: BTreeSet::new(),
        };
        for from in 0..graph.tree.modules.len() {
            if !graph.tree.modules[from].is_contents {
                graph.add_arrows_of(from);
            }
        }
        graph
    }

    fn add_arrows_of(&mut self, from: usize) {
        let module = &self.tree.modules[from];
        let mut targets = BTreeSet::new();
        let mut locals: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, child) in &module.children {
            locals.insert(name, *child);
        }
        for used in &module.uses {
            match self.resolve(from, &used.path, DEEPEST) {
                Some(Target::Module(to)) => {
                    locals.insert(&used.name, to);
                    targets.insert(to);
                }
                Some(Target::Item(to)) => {
                    targets.insert(to);
                }
                None => {}
            }
        }
        for path in uses::paths(&module.code) {
            let target = match locals.get(path[0].as_str()) {
                Some(&local) => self.walk(local, &path[1..], DEEPEST),
                None => self.resolve(from, &path, DEEPEST),
            };
            targets.extend(target.map(Target::file));
        }
        targets.retain(|to| *to != from && !self.tree.modules[*to].is_contents);
        self.arrows.extend(targets.into_iter().map(|to| (from, to)));
    }

    /// Where a path leads that is written in `from`; nothing for another crate's.
    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<Target> {
        let module = &self.tree.modules[from];
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => module.parent?,
            name => *module.children.get(name)?,
        };
        self.walk(start, rest, depth)
    }

    fn walk(&self, start: usize, path: &[String], depth: usize) -> Option<Target> {
        let Some((name, rest)) = path.split_first() else {
            return Some(Target::Module(start));
        };
        let module = &self.tree.modules[start];
        if name == "super" {
            return self.walk(module.parent?, rest, depth);
        }
        if let Some(child) = module.children.get(name) {
            return self.walk(*child, rest, depth);
        }
        let depth = depth.checked_sub(1)?;
        if let Some(named) = module.uses.iter().find(|used| used.name == *name) {
            return match self.resolve(start, &named.path, depth)? {
                Target::Module(to) => self.walk(to, rest, depth),
                item => Some(item),
            };
        }
        let globs = module.uses.iter().filter(|used| used.name == "*");
        for glob in globs {
            let path = &glob.path[..glob.path.len() - 1];
            if let Some(Target::Module(to)) = self.resolve(start, path, depth) {
                if self.defines(to, name) {
                    return Some(Target::Item(to));
                }
            }
        }
        Some(Target::Item(start))
    }

    fn defines(&self, module: usize, name: &str) -> bool {
        let code = &self.tree.modules[module].code;
        let keywords = [
            "fn", "struct", "enum", "const", "static", "trait", "type", "mod",
        ];
        words(code, name).any(|at| {
            let before = code[..at].trim_end();
            keywords.iter().any(|keyword| before.ends_with(keyword))
        })
    }
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// Something in that file.
    Item(usize),
}

impl Target {
    fn file(self) -> usize {
        let (Self::Module(file) | Self::Item(file)) = self;
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::mask;

    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile {
                path: Path::new("c/src").join(path),
                text: (*text).to_owned(),
                code: mask::code_only(text),
            })
            .collect();
        let graph = Graph::of(Path::new("c/src"), &files);
        let name = |at: usize| {
            let file = &graph.tree.modules[at].file;
            file.strip_prefix("c/src").unwrap().display().to_string()
        };
        let arrow = |(from, to): &(usize, usize)| format!("{} → {}", name(*from), name(*to));
        graph.arrows.iter().map(arrow).collect()
    }

    #[test]
    fn names_are_followed_through_contents_pages() {
        let found = arrows(&[
            ("lib.rs", "mod a;\nmod b;\npub use b::Deep;"),
            ("a.rs", "use crate::Deep;\nfn f() { crate::b::c::g(); }"),
            (
                "b/mod.rs",
                "mod c;\nmod d;\npub use d::Deep;\npub(crate) use c::*;",
            ),
            (
                "b/c.rs",
                "fn g() { super::d::h() }\n#[cfg(test)]\nmod tests { use crate::a; }",
            ),
            ("b/d.rs", "pub struct Deep;\nuse std::fmt;"),
        ]);
        assert_eq!(found, ["a.rs → b/c.rs", "a.rs → b/d.rs", "b/c.rs → b/d.rs"]);
    }

    #[test]
    fn a_module_that_is_imported_is_followed_to_what_is_used_of_it() {
        let found = arrows(&[
            ("main.rs", "mod a;\nmod b;"),
            ("a.rs", "use crate::b;\nfn f() { b::g(); b::c::h() }"),
            ("b/mod.rs", "mod c;\nmod d;\npub(crate) use d::*;"),
            ("b/c.rs", "pub fn h() {}"),
            ("b/d.rs", "pub fn g() {}"),
        ]);
        assert_eq!(found, ["a.rs → b/c.rs", "a.rs → b/d.rs"]);
    }

    #[test]
    fn a_parent_with_logic_and_its_child_are_two_files() {
        let found = arrows(&[
            ("main.rs", "mod a;\nfn main() { a::run() }"),
            ("a.rs", "mod b;\npub struct S;\npub fn run() { b::g() }"),
            ("a/b.rs", "use super::S;\npub fn g() {}"),
        ]);
        assert_eq!(found, ["main.rs → a.rs", "a.rs → a/b.rs", "a/b.rs → a.rs"]);
    }
}
