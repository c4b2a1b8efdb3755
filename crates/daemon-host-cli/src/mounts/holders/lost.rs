//! Searches for mounts that no table has.

use std::sync::Arc;

use daemon_host::mountscan::{DetachedMount, Survey};
use daemon_host::{ANSWER_LIMIT, within};

/// Mounts that processes keep and that are in no table, or why they could not be looked for. A file
/// on NFS may make the search wait for its server, so it has a limit.
pub(in crate::mounts) fn lost(survey: &Arc<Survey>) -> Result<Vec<DetachedMount>, String> {
    let survey = survey.clone();
    match within(ANSWER_LIMIT, move || survey.detached()) {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Err("a server did not answer".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}
