//! The modules of a package, each with the file that it is written in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::uses::{self, Use};
use crate::tidy::code::source::without_tests;
use crate::tidy::tree::SourceFile;

/// One module that is a file.
#[derive(Debug)]
pub(in crate::tidy) struct Module {
    /// Relative to the top of the repository.
    pub(in crate::tidy) file: PathBuf,
    /// What ships, without `use` items.
    pub(in crate::tidy) code: String,
    pub(in crate::tidy) uses: Vec<Use>,
    pub(in crate::tidy) children: BTreeMap<String, usize>,
    pub(in crate::tidy) parent: Option<usize>,
    /// Holds nothing but `mod` and `use` lines.
    pub(in crate::tidy) is_contents: bool,
}

/// The modules of one package; the first is the root.
#[derive(Debug, Default)]
pub(in crate::tidy) struct ModuleTree {
    pub(in crate::tidy) modules: Vec<Module>,
}

impl ModuleTree {
    /// The modules below `src`, of which the root is `lib.rs`, else `main.rs`.
    pub(in crate::tidy) fn of(src: &Path, files: &[SourceFile]) -> Self {
        let mut named: BTreeMap<Vec<String>, &SourceFile> = BTreeMap::new();
        for file in files.iter().filter(|file| file.is_rust()) {
            let Ok(inner) = file.path.strip_prefix(src) else {
                continue;
            };
            if let Some(path) = module_path(inner) {
                let is_main = inner == Path::new("main.rs");
                if !(is_main && named.contains_key(&path)) {
                    named.insert(path, file);
                }
            }
        }
        let mut tree = Self::default();
        // A parent's path is a prefix of its child's, so it comes first.
        let mut places: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for (path, file) in named {
            let place = tree.modules.len();
            let parent = path.split_last().and_then(|(name, above)| {
                let parent = *places.get(above)?;
                Some((parent, name.clone()))
            });
            if let Some((parent, name)) = &parent {
                tree.modules[*parent].children.insert(name.clone(), place);
            }
            let parent = parent.map(|(parent, _)| parent);
            tree.modules.push(Module::new(file, parent));
            places.insert(path, place);
        }
        tree
    }
}

impl Module {
    fn new(file: &SourceFile, parent: Option<usize>) -> Self {
        let shipped = without_tests(&file.code);
        let code = uses::without_uses(&shipped);
        Self {
            file: file.path.clone(),
            is_contents: is_contents(&code),
            uses: uses::uses(&shipped),
            code,
            children: BTreeMap::new(),
            parent,
        }
    }
}

/// `a::b` for `a/b.rs` and `a/b/mod.rs`; nothing for tests and for programs beside the library.
fn module_path(inner: &Path) -> Option<Vec<String>> {
    let mut parts: Vec<String> = inner
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let last = parts.pop()?;
    let stem = last.strip_suffix(".rs")?;
    if stem == "tests" || parts.first().is_some_and(|part| part == "bin") {
        return None;
    }
    match stem {
        "mod" => {}
        "lib" | "main" if parts.is_empty() => {}
        _ => parts.push(stem.to_owned()),
    }
    (!parts.iter().any(|part| part == "tests")).then_some(parts)
}

/// True if nothing is left beside attributes, `mod` lines and what `use` items leave.
fn is_contents(code: &str) -> bool {
    let words = code.split_whitespace();
    let mut depth = 0_i32;
    let mut is_attribute = false;
    for word in words {
        is_attribute |= word.starts_with("#[") || word.starts_with("#![");
        if is_attribute {
            depth += delta(word);
            is_attribute = depth > 0;
            continue;
        }
        let name = word.trim_end_matches(';');
        let plain = name.is_empty()
            || name.starts_with("pub")
            || name.bytes().all(crate::tidy::mask::is_word) && !is_item(name)
            || name.ends_with(')');
        if !plain {
            return false;
        }
    }
    true
}

fn delta(word: &str) -> i32 {
    word.chars()
        .map(|c| match c {
            '[' => 1,
            ']' => -1,
            _ => 0,
        })
        .sum()
}

fn is_item(word: &str) -> bool {
    [
        "fn",
        "struct",
        "enum",
        "impl",
        "const",
        "static",
        "trait",
        "type",
        "macro_rules",
    ]
    .contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_modules() {
        let path = |text: &str| module_path(Path::new(text)).map(|path| path.join("::"));
        assert_eq!(path("lib.rs").as_deref(), Some(""));
        assert_eq!(path("a/mod.rs").as_deref(), Some("a"));
        assert_eq!(path("a/b.rs").as_deref(), Some("a::b"));
        assert_eq!(path("a/tests.rs"), None);
        assert_eq!(path("bin/x.rs"), None);
    }

    #[test]
    fn a_contents_page_has_no_logic() {
        assert!(is_contents(
            "#![deny(a, b)]\nmod a;\npub(crate) mod b;\n;\npub ;"
        ));
        assert!(is_contents("#[cfg(feature =      )]\nmod a;"));
        assert!(!is_contents("mod a;\nfn b() {}"));
        assert!(!is_contents("mod a;\nmacro_rules! c { }"));
    }
}
