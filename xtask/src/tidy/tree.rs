//! The repository's files, loaded once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::mask;
use crate::cargo::{self, Package};

/// What the checks read: loaded once.
pub(super) struct Tree {
    pub(super) packages: Vec<Package>,
    pub(super) files: Vec<SourceFile>,
}

/// One text file of the repository.
pub(super) struct SourceFile {
    /// Relative to the top.
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Rust only: `text` with comments and literals blanked, so that what is
    /// left is code. Same length, same lines.
    pub(super) code: String,
}

impl SourceFile {
    pub(super) fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|ext| ext == "rs")
    }
}

/// Reads every file under version control that is text.
pub(super) fn load() -> anyhow::Result<Tree> {
    let mut files = Vec::new();
    for path in cargo::files()? {
        let bytes = fs::read(cargo::root().join(&path))
            .with_context(|| format!("read {}", path.display()))?;
        // Captures and corpora are data: bytes that need not be text.
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        let code = if path.extension().is_some_and(|ext| ext == "rs") {
            mask::code_only(&text)
        } else {
            String::new()
        };
        files.push(SourceFile { path, text, code });
    }
    Ok(Tree {
        packages: cargo::packages()?,
        files,
    })
}

/// The one-based line of a byte offset.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// `path:line`, as an editor understands it.
pub(super) fn at(path: &Path, line: usize) -> String {
    format!("{}:{line}", path.display())
}

/// True for a path inside a published crate's `src`.
pub(super) fn is_crate_source(path: &Path) -> bool {
    let mut parts = path.iter();
    parts.next().is_some_and(|part| part == "crates")
        && parts.nth(1).is_some_and(|part| part == "src")
        && path.extension().is_some_and(|ext| ext == "rs")
}

/// True for a file that holds nothing but tests.
pub(super) fn is_test_file(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs" || part == "benches")
}
