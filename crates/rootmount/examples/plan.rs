//! What a sweep of a data root would unmount, and why; nothing is done:
//! `cargo run --example plan -- /var/lib/docker`.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::path::PathBuf;

use rootmount::{PlanOptions, Rules, live_table, plan, resolve_root};

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args_os().nth(1).ok_or("usage: plan DATA-ROOT")?;
    let root = resolve_root(&PathBuf::from(root))?;
    // Ids of containers that live go here; they and all below them are spared.
    let options = PlanOptions::new(&root).keep(Vec::<String>::new());
    let plan = plan(&live_table()?, &Rules::sweep(), &options)?;
    for step in plan.steps() {
        println!("unmount {} by {}", step.mount_point.display(), step.rule);
    }
    println!("{plan}");
    Ok(())
}
