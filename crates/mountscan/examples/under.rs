//! The mounts under a path, the deepest first, and who else has the topmost:
//! `cargo run --example under -- /var/lib`.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::path::PathBuf;

use mountscan::{HoldersOptions, MountTable, holders, mount_at};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map_or("/".into(), PathBuf::from);
    let table = MountTable::current()?;
    let rows: Vec<_> = table.under(&path).collect();
    for row in table.deepest_first(rows) {
        let point = row.mount_point();
        println!("{:>6}  {}", row.mount_id().0, point.display());
    }
    let mount = mount_at(&path)?;
    let holders = holders(&mount, &HoldersOptions::new())?;
    println!(
        "{} is in {} mount namespaces",
        mount.mount_point.display(),
        holders.namespaces.len()
    );
    Ok(())
}
