//! Asks the runtimes named on the command line whether they know recursive read-only
//! mounts: `cargo run --example rro -- runc crun /opt/runc-1.3/runc`.

#![allow(clippy::print_stdout)] // an example shows something

use runtimes::{Config, RuntimeEntry, Runtimes, TableOptions};

fn main() -> Result<(), runtimes::Problems> {
    let mut config = Config::default();
    for program in std::env::args().skip(1) {
        let name = format!("as named: {program}");
        config.runtimes.insert(name, RuntimeEntry::program(program));
    }
    let table = Runtimes::build(&config.check()?, &TableOptions::new("unused")).probed();
    for runtime in table.iter() {
        let verdict = runtime.features.rro();
        println!(
            "{}: {} ({})",
            runtime.name,
            verdict.support.as_str(),
            verdict.reason
        );
        if let Some(features) = runtime.features.document() {
            println!(
                "  runtime-spec up to {}",
                features.oci_version_max().unwrap_or("?")
            );
        }
    }
    Ok(())
}
