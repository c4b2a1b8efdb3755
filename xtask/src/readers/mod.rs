//! `cargo xtask readers`: real readers of resolv.conf, asked to look a name up with each file of
//! the matrix, and what they ask compared with the profiles of the crate, cell by cell.
//!
//! Everything happens in namespaces of its own: a network with one link besides loopback, a mount
//! over `/etc/resolv.conf`, and a name server that writes down what it is asked and answers that
//! there is no such name. Readers of other versions come from Debian's packages, in trees of their
//! own.

mod call;
mod cases;
mod compare;
mod inside;
mod nameserver;
mod network;
mod programs;

use std::process::Command;

use anyhow::{Context as _, Result};

/// Says that the process has the namespaces.
const INSIDE: &str = "DAEMON_HOST_READERS_INSIDE";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these cases, such as C13a. May be repeated.
    #[arg(long = "case", value_name = "CASE")]
    cases: Vec<String>,

    /// Only these readers, such as glibc. May be repeated.
    #[arg(long = "reader", value_name = "NAME")]
    readers: Vec<String>,

    /// Where Debian's packages come from, if not from the usual place.
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,

    /// Fail when a reader is missing.
    #[arg(long)]
    require: bool,
}

pub(crate) fn run(args: &Args) -> Result<bool> {
    if std::env::var_os(INSIDE).is_some() {
        return inside::run(&args.cases, &args.readers, args.require);
    }
    programs::prepare(args.mirror.as_deref());
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--uts", "--fork", "--kill-child"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .arg("--")
        .arg(std::env::current_exe().context("this program")?);
    command.args(std::env::args_os().skip(1)).env(INSIDE, "1");
    let status = command.status().context("unshare")?;
    Ok(status.success())
}
