//! The file that a subcommand looks at.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use daemon_host::resolvconf::{DEFAULT_SIZE_LIMIT, Document, load, parse};

use crate::input::look;

/// A document from a file or, for `-`, from standard input.
pub(super) fn read_document(path: &Path) -> anyhow::Result<Document> {
    if path != Path::new("-") {
        return Ok(look(path, load)??);
    }
    let mut text = Vec::new();
    std::io::stdin()
        .take(DEFAULT_SIZE_LIMIT + 1)
        .read_to_end(&mut text)
        .context("read standard input")?;
    anyhow::ensure!(
        text.len() as u64 <= DEFAULT_SIZE_LIMIT,
        "standard input is larger than {DEFAULT_SIZE_LIMIT} bytes"
    );
    Ok(parse(&text))
}
