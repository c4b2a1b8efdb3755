//! What a sweep would do, from a captured mount table or the running system; and does it.
//!
//! ```sh
//! cargo run --example sweep -- /var/lib/docker captured.mountinfo
//! cargo run --example sweep -- /var/lib/docker            # as it is now
//! cargo run --example sweep -- /var/lib/docker --yes      # as root: unmounts
//! ```

#![allow(clippy::print_stdout)] // it is an example of a program

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use rootmount::{ExecuteOptions, MountTable, PlanOptions, Rules, execute_with, live_table, plan};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (root, what) = match &arguments[..] {
        [root] => (root, None),
        [root, what] => (root, Some(what.as_str())),
        _ => return Err("usage: sweep ROOT [MOUNTINFO | --yes]".into()),
    };
    // A captured table is of another machine: nothing of this one is looked at.
    if let Some(file) = what.filter(|what| *what != "--yes") {
        let table = MountTable::from_bytes(std::fs::read(file)?);
        println!(
            "{}",
            plan(&table, &Rules::sweep(), &PlanOptions::new(root))?
        );
        return Ok(ExitCode::SUCCESS);
    }
    // Symlinks are followed once, here. A daemon adds `.keep(ids that live)`.
    let options = PlanOptions::new(rootmount::resolve_root(Path::new(root))?);
    let plan = plan(&live_table()?, &Rules::sweep(), &options)?;
    println!("{plan}");
    if what.is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    let report = execute_with(&plan, &ExecuteOptions::new(), |progress| {
        let point = progress.step.mount.mount_point.display();
        println!(
            "{}/{} {point}: {}",
            progress.done, progress.total, progress.outcome
        );
    })?;
    println!("{report}");
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
