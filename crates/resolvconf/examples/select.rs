//! Prints the file to inherit, why, and its content; then, with `--watch`, each change.
//!
//! ```text
//! select [--watch] [ETC [UPLINK [NETWORK_MANAGER]]]
//! ```
#![allow(clippy::print_stdout, reason = "an example for the terminal")]

use std::error::Error;
use std::io::{self, Write};

use resolvconf::{Current, WatchOptions, Watcher};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = WatchOptions::new();
    let (flags, paths): (Vec<_>, Vec<_>) = std::env::args_os()
        .skip(1)
        .partition(|arg| arg == "--watch");
    let select = &mut options.select;
    let places = [
        &mut select.etc,
        &mut select.uplink,
        &mut select.network_manager,
    ];
    for (place, path) in places.into_iter().zip(paths) {
        *place = path.into();
    }
    let watcher = Watcher::open(&options)?;
    print(watcher.current())?;
    if !flags.is_empty() {
        for change in watcher {
            print(&change?)?;
        }
    }
    Ok(())
}

fn print(current: &Current) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let selection = &current.selection;
    writeln!(out, "path: {}", selection.path.display())?;
    writeln!(
        out,
        "reason: {} ({})",
        selection.reason.as_str(),
        selection.reason
    )?;
    writeln!(out, "systemd-resolved mode: {}", selection.mode.as_str())?;
    if let Some(message) = &current.unreadable {
        writeln!(out, "unreadable: {message}")?;
    }
    out.write_all(current.document.as_bytes())?;
    writeln!(out, "--")?;
    out.flush()
}
