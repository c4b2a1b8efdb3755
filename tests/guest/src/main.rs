//! PID 1 of the test VMs.
//!
//! Mounts what a userland expects, opens the virtio port to the host, runs
//! each test of the plan in a process of its own, and powers off. It is also
//! `/sbin/modprobe`, which the kernel calls when it wants a module. No shell
//! and no distribution take part.
#![forbid(unsafe_code)]
// What PID 1 prints goes to the console, which the host keeps for failures.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod leftovers;
mod modules;
mod mounts;
mod port;
mod reap;
mod run;
mod shell;

use anyhow::{Context, Result};
use rustix::system::{RebootCommand, reboot};
use std::path::Path;

fn main() {
    let name = std::env::args_os().next().unwrap_or_default();
    if Path::new(&name)
        .file_name()
        .is_some_and(|name| name == "modprobe")
    {
        std::process::exit(modprobe());
    }
    if rustix::process::getpid().as_raw_pid() != 1 {
        eprintln!("guest-init is PID 1 of the test VMs and does nothing elsewhere");
        std::process::exit(2);
    }
    if let Err(error) = boot() {
        eprintln!("guest-init: {error:#}");
    }
    rustix::fs::sync();
    // Only a kernel without ACPI comes back from here; the host ends it then.
    let refused = reboot(RebootCommand::PowerOff);
    eprintln!("guest-init: power off: {refused:?}");
    loop {
        std::thread::park();
    }
}

fn boot() -> Result<()> {
    mounts::leave_rootfs().context("moving away from the initial root")?;
    mounts::mount_all().context("mounting the guest's file systems")?;
    let modules =
        modules::Modules::load(Path::new(modules::LIST)).context("reading the module list")?;
    modules.make_device_nodes().context("making device nodes")?;
    for name in ["virtio_pci", "virtio_console"] {
        modules
            .insert(name)
            .with_context(|| format!("loading {name}"))?;
    }
    if shell::asked_for() {
        return shell::run();
    }
    let plan = std::fs::read_to_string(support::plan::PATH).context("reading the plan")?;
    let items = support::plan::parse(&plan).map_err(|line| anyhow::anyhow!("no test: {line:?}"))?;
    run::all(&items, port::Port::open("vm.result")?)
}

/// What the kernel starts as `/sbin/modprobe -q -- NAME`.
fn modprobe() -> i32 {
    let mut wanted = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    let outcome = modules::Modules::load(Path::new(modules::LIST))
        .and_then(|modules| wanted.try_fold(true, |all, name| Ok(modules.insert(&name)? && all)));
    match outcome {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            eprintln!("modprobe: {error:#}");
            1
        }
    }
}
