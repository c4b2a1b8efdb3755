//! A key of daemon.json that has no effect.

use std::sync::Arc;

/// A key of daemon.json that has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownKey {
    /// The entry of `runtimes` that holds it; `None` at the top of the file.
    pub runtime: Option<Arc<str>>,
    /// The key; one inside `options` is given as `options.<key>`.
    pub key: String,
    /// The known key that was perhaps meant.
    pub nearest: Option<&'static str>,
}
