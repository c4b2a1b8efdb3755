//! Reads the files that arguments name: whole, up to a limit, and never for ever.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use daemon_host::{ANSWER_LIMIT, MAX_CONFIG_LENGTH, read_config, within};

/// Looks at a path, and at nothing else: it may lead into a mount that does not answer.
///
/// # Errors
///
/// When it does not answer in time. What the look itself found is the value.
pub(crate) fn look<T: Send + 'static>(
    path: &Path,
    look: impl FnOnce(&Path) -> T + Send + 'static,
) -> anyhow::Result<T> {
    let owned = path.to_owned();
    within(ANSWER_LIMIT, move || look(&owned)).map_err(|_| {
        let limit = ANSWER_LIMIT.as_secs();
        anyhow!("{path:?} did not answer in {limit} s")
    })
}

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
fn is_piped_in(path: &Path) -> bool {
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
