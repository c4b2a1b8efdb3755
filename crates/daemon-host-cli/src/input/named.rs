//! Reads the files that arguments name: whole, and up to a limit.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use daemon_host::{MAX_CONFIG_LENGTH, read_config};

/// Reads a regular file, or a pipe that the caller's shell made, of at most
/// [`MAX_CONFIG_LENGTH`] bytes.
///
/// # Errors
///
/// When it cannot be read, is longer, is of another kind, or does not answer in time.
pub(crate) fn read_named(path: &Path) -> anyhow::Result<Vec<u8>> {
    if is_piped_in(path) {
        return read_pipe(path).with_context(|| format!("read({path:?})"));
    }
    Ok(read_config(path)?)
}

/// Whether the caller named a descriptor of this process, as a shell's `<(…)` does. Only then it
/// may be a pipe, and we wait for its text.
pub(super) fn is_piped_in(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path == Path::new("/dev/stdin")
}

fn read_pipe(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?
        // One byte more than allowed, so that a text that is too long is noticed and not cut.
        .take(MAX_CONFIG_LENGTH + 1)
        .read_to_end(&mut text)?;
    anyhow::ensure!(
        text.len() as u64 <= MAX_CONFIG_LENGTH,
        "longer than {MAX_CONFIG_LENGTH} bytes"
    );
    Ok(text)
}
