//! Writes the libraries' log to standard error, when asked for.

use std::io::{self, Write};
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;

use super::aside::{Aside, Line};

/// The thread that writes a daemon's log, so that the daemon never waits for a reader.
static ASIDE: OnceLock<Aside> = OnceLock::new();

/// Starts the log. It has only warnings; with `-v` also changes, with `-vv` everything.
///
/// A log that cannot be written is lost. With `aside` a separate thread writes it.
pub(crate) fn start(verbose: u8, aside: bool) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        // A macro would print these errors. It panics when that fails, too.
        .log_internal_errors(false);
    if aside {
        ASIDE.get_or_init(|| Aside::new(io::stderr));
        builder.with_writer(line).init();
    } else {
        builder.with_writer(|| Careless).init();
    }
}

/// Waits a moment until the log is written.
pub(super) fn finish() {
    if let Some(aside) = ASIDE.get() {
        aside.finish();
    }
}

fn line() -> Line<'static> {
    Line::new(ASIDE.get().expect("made before the log starts"))
}

/// Standard error. A line that cannot be written is lost.
struct Careless;

impl Write for Careless {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
