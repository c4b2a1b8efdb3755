//! The libraries' log on standard error, when asked for.

use tracing::level_filters::LevelFilter;

/// Starts the log: warnings only, with `-v` what changes, with `-vv` everything.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .init();
}
