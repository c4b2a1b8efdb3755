//! Looks at a path with a limit of time.

use std::path::Path;

use anyhow::anyhow;
use daemon_host::{ANSWER_LIMIT, within};

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
