//! Decides when a subcommand that watches ends by itself.

use std::time::{Duration, Instant};

use crate::exit::Exit;

/// How long one wait is if there is no limit.
const LONG: Duration = Duration::from_secs(3600);

#[derive(Debug, clap::Args)]
pub(crate) struct Until {
    /// Stop after this many events.
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Stop after this many seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
}

impl Until {
    /// Shows event after event, until there were enough or the time is over.
    pub(crate) fn follow(
        &self,
        mut show_next: impl FnMut(Duration) -> anyhow::Result<Option<()>>,
    ) -> anyhow::Result<Exit> {
        let end = end_after(self.seconds);
        let mut seen = 0;
        while self.count.is_none_or(|count| seen < count) {
            let left = end.map_or(LONG, |end| end.saturating_duration_since(Instant::now()));
            match show_next(left)? {
                Some(()) => seen += 1,
                None if end.is_some() => break,
                None => {}
            }
        }
        Ok(Exit::Fine)
    }
}

/// When `seconds` from now are over; `None` if there is no end, or no clock reaches it.
pub(crate) fn end_after(seconds: Option<u64>) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(seconds?))
}
