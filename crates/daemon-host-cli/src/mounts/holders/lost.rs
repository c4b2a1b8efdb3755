//! Searches for mounts that no table has.

use daemon_host::mountscan::{DetachedMount, HoldersOptions, Namespaces, detached};
use daemon_host::{ANSWER_LIMIT, within};

/// Mounts that processes keep and that are in no table, or why they could not be looked for. A file
/// on NFS may make the search wait for its server, so it has a limit.
pub(in crate::mounts) fn lost(
    all: &Namespaces,
    options: &HoldersOptions,
) -> Result<Vec<DetachedMount>, String> {
    let (all, options) = (all.clone(), options.clone());
    match within(ANSWER_LIMIT, move || detached(&all, &options)) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(format!("{:#}", anyhow::Error::from(error))),
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Err("a server did not answer".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}
