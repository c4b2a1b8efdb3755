//! Writes standard input to a container's file, unless a user has changed it, and says what was
//! done.
//!
//! ```text
//! write [--status] PATH
//! ```
#![allow(clippy::print_stdout, reason = "an example for the terminal")]

use std::error::Error;
use std::io::Read;
use std::path::Path;

use resolvconf::{WriteOptions, status, write};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, paths): (Vec<_>, Vec<_>) = std::env::args_os()
        .skip(1)
        .partition(|arg| arg == "--status");
    let path = Path::new(paths.first().ok_or("usage: write [--status] PATH")?);
    let options = WriteOptions::new();
    if flags.is_empty() {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text)?;
        println!("{:?}", write(path, &text, &options)?);
    } else {
        println!("{:?}", status(path, &options)?);
    }
    Ok(())
}
