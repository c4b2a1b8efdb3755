//! `cargo xtask vm doctor`: what the lane has and lacks here.

use super::image::{bundle, initramfs};
use super::machine::{accel, qemu};
use super::needs::NEEDS;
use super::source::{cache, fetch, lock::Lock, series};
use crate::packages;
use accel::Choice;
use std::path::Path;
use std::process::Command;

/// Prints one line per need; true if the lane can run.
pub(crate) fn run() -> crate::verdict::Verdict {
    let missing = packages::missing(NEEDS);
    for (program, package) in NEEDS {
        let state = if missing.contains(package) {
            "missing"
        } else {
            "found"
        };
        println!("{state:8} {program} (package {package})");
    }
    let version = Command::new(qemu::PROGRAM).arg("--version").output();
    if let Ok(output) = version {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("version  {}", text.lines().next().unwrap_or_default());
    }
    let wish = std::env::var("VM_ACCEL").ok();
    match accel::choose(
        wish.as_deref(),
        Path::new("/sys/module"),
        Path::new("/dev/kvm"),
    ) {
        Choice::Settled(accel, why) => println!("accel    {accel:?} ({why})"),
        Choice::ProbeKvm => println!("accel    KVM, if a kernel boots under it"),
    }
    match fetch::mirrors(None) {
        Ok(mirrors) => println!("mirror   {} and {}", mirrors.archive, mirrors.security),
        Err(error) => println!("missing  {error:#}"),
    }
    let (place, lock) = (cache::directory()?, Lock::load()?);
    println!("cache    {}", place.display());
    for series in series::MATRIX.iter().chain(series::SUITES) {
        let Some(pin) = lock.pin(*series) else {
            println!(
                "missing  {} not pinned: cargo xtask vm update",
                series.title()
            );
            continue;
        };
        let state = match bundle::Bundle::open(&place.join("bundles").join(cache::key(pin))) {
            Ok(Some(_)) => "cached".to_owned(),
            Ok(None) => format!("to fetch, {} MB", pin.size() / 1_000_000),
            Err(error) => format!("{error:#}"),
        };
        println!(
            "package  {}, {} of {}: {state}",
            series.title(),
            pin.title(),
            series.suite
        );
    }
    Ok(missing.is_empty() && initramfs::tools().1.is_empty())
}
