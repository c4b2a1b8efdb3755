//! How long and how much a runtime may answer.

use std::time::Duration;

/// Limits for asking runtimes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeOptions {
    /// For one runtime. Default 5 s.
    pub time: Duration,
    /// For all runtimes of one probe together. A runtime that had no turn by then is asked by the
    /// next probe. Default 20 s.
    pub total_time: Duration,
    /// Bytes of standard output. Default 1 MiB.
    pub output: usize,
    /// Runtimes asked at the same time. Default 8.
    pub parallel: usize,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(5),
            total_time: Duration::from_secs(20),
            output: 1 << 20,
            parallel: 8,
        }
    }
}
