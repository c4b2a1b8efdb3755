//! `cargo xtask soak`: lives a daemon's life again and again and looks for what grows. The
//! work is done by the member package `soak`, in a release build: it shall do much.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::cargo;
use crate::verdict::Verdict;

/// What the soak ends with when it may not make namespaces here.
const SKIPPED: i32 = 77;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long to go on
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

/// Runs it; true when nothing grew.
pub(crate) fn run(args: &Args) -> Verdict {
    let packages = ["-p", "soak", "-p", "daemon-host-cli"];
    let mut build = cargo::cargo(["build", "--quiet", "--release"]);
    if !cargo::succeeds(build.args(packages))? {
        bail!("the packages `soak` and `daemon-host-cli` do not build");
    }
    let release = cargo::target().join("release");
    println!("soak: {} s", args.seconds);
    let status = Command::new(release.join("soak"))
        .args(["--seconds", &args.seconds.to_string(), "--tool"])
        .arg(release.join("daemon-host"))
        .stdin(Stdio::null())
        .status()
        .context("start the soak")?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        Some(SKIPPED) => bail!("skipped, which is not passed: the reason is above"),
        _ => bail!("the soak ended with {status}"),
    }
}
