//! A daemon author starts here: `cargo run --example minimal-daemon -- daemon.json`.
//!
//! Reloads on a line of standard input, shuts down at its end. Root, or `unshare -Urm`.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::io::BufRead as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daemon_host::{BoxError, Host, HostConfig, Participant, Prepared};

/// A part of the daemon of one's own: it follows the key `debug`.
#[derive(Default)]
struct Debug(Arc<AtomicBool>);

struct SetDebug(Arc<AtomicBool>, bool);

impl Participant for Debug {
    fn name(&self) -> &str {
        "debug"
    }

    // All that can fail happens here, on copies.
    fn prepare(&self, _: &HostConfig, new: &HostConfig) -> Result<Box<dyn Prepared>, BoxError> {
        let wanted = match new.other.get("debug") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| {
                format!("debug: expected true or false, found {}", value.to_json())
            })?,
        };
        Ok(Box::new(SetDebug(Arc::clone(&self.0), wanted)))
    }
}

impl Prepared for SetDebug {
    fn commit(self: Box<Self>) {
        self.0.store(self.1, Ordering::Relaxed);
    }

    fn rollback(self: Box<Self>) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("usage: minimal-daemon daemon.json")?;
    let file = Path::new(&file);
    let debug = Debug::default();
    let is_debug = Arc::clone(&debug.0);

    let host = Host::builder(HostConfig::load(file)?)
        .participant(Arc::new(debug))
        .start()?;
    println!(
        "{}\ndebug {}; press enter to reload, ctrl-d to stop",
        host.start_report(),
        is_debug.load(Ordering::Relaxed)
    );

    for line in std::io::stdin().lock().lines() {
        line?;
        match HostConfig::load_again(file).and_then(|config| host.reload(config)) {
            Ok(report) => println!("{report}; debug {}", is_debug.load(Ordering::Relaxed)),
            Err(error) => println!("refused, nothing has changed: {error}"),
        }
        // A request takes one snapshot and passes it down.
        let snapshot = host.snapshot();
        let verdict = snapshot.recursive_read_only("");
        println!(
            "containers inherit {}; {verdict}",
            snapshot.resolv_conf().path.display()
        );
    }
    println!("{}", host.shutdown(None::<String>)?);
    Ok(())
}
