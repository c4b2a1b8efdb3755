//! Everything again and again, with an eye on what grows; see the README.
#![deny(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it prints is its report"
)]

mod apart;
mod daemon;
mod gauge;
mod life;
mod sys;
mod watchers;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum};
use daemon_host::Host;
use daemon_host::mountscan::MountTable;
use daemon_host::runtimes::{Runtimes, TableOptions};
use nix::errno::Errno;

use crate::daemon::{Daemon, at_rest};
use crate::gauge::Sample;
use crate::life::Done;
use crate::watchers::Watchers;
use crate::world::{Side, World};

/// The machine forbids it.
const SKIPPED: u8 = 77;

/// Threads of this process at rest: the main one and three watchers.
const THREADS: u64 = 4;

#[derive(Debug, Parser)]
struct Args {
    /// How long to go on
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// The `daemon-host` command to soak
    #[arg(long)]
    tool: PathBuf,
    /// Leak one of these a round, to see that it is noticed; may be given again
    #[arg(long, value_enum)]
    leak: Vec<Leak>,
    /// How it starts itself, in a pid namespace of its own
    #[arg(long, hide = true)]
    inside: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Leak {
    Memory,
    Descriptor,
    Thread,
    Mount,
    File,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.inside {
        return match apart::run() {
            Ok(Ok(code)) => ExitCode::from(code),
            Ok(Err(errno)) => skipped(errno),
            Err(error) => failed(&error),
        };
    }
    let world = match apart::end_with_the_parent().and_then(|()| World::enter()) {
        Ok(Ok(world)) => world,
        Ok(Err(errno)) => return skipped(errno),
        Err(error) => return failed(&error),
    };
    match soak(&args, &world) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn skipped(errno: Errno) -> ExitCode {
    eprintln!("soak: SKIPPED: this machine forbids namespaces of one's own: {errno}");
    ExitCode::from(SKIPPED)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("soak: {error:#}");
    ExitCode::from(2)
}

/// Rounds until the time is over; true when nothing grew.
fn soak(args: &Args, world: &World) -> anyhow::Result<bool> {
    let begin = Instant::now();
    let watchers = Watchers::start(world.path("resolv.conf"))?;
    let mut daemon = Daemon::start(world, &args.tool)?;
    let (mut total, mut samples, mut round) = (Done::default(), Vec::new(), 0);
    // Its room is taken before the first sample, so that the samples do not count themselves.
    samples.reserve(1 << 14);
    while begin.elapsed() < Duration::from_secs(args.seconds) || samples.len() < 12 {
        let done = life::live(world, round).with_context(|| format!("round {round}"))?;
        total.reloads += done.reloads;
        total.lookups += done.lookups;
        total.scripts += done.scripts;
        daemon.reload(world, round)?;
        for leak in &args.leak {
            plant(*leak, world, round)?;
        }
        if round % 5 == 4 {
            daemon = restart(daemon, world, &args.tool)?;
        }
        round += 1;
        // Right after the daemon's restart, which has swept.
        if round % 5 == 0 {
            samples.push(sample(world, &daemon, &watchers)?);
        }
    }
    daemon.stop()?;
    let heard = watchers.end(round)?;
    let growth = gauge::growth(&samples);
    print!("{}", gauge::render(&growth));
    println!(
        "{round} rounds in {} s: {} reloads, {} look-ups, {} scripts run; events: {heard}",
        begin.elapsed().as_secs(),
        total.reloads,
        total.lookups,
        total.scripts,
    );
    let grew = growth.iter().filter(|row| row.grew).count();
    println!("{} passed, {grew} failed", growth.len() - grew);
    Ok(grew == 0)
}

/// Kills the daemon, lets containers die meanwhile, and starts another.
fn restart(daemon: Daemon, world: &World, tool: &Path) -> anyhow::Result<Daemon> {
    daemon.kill()?;
    world.leave_containers(Side::Daemon)?;
    let daemon = Daemon::start(world, tool)?;
    let root = world.data(Side::Daemon);
    let left = MountTable::current()?.under(&root).count();
    ensure!(
        left == 1,
        "{left} mounts below the daemon's root after a restart, not its own alone"
    );
    Ok(daemon)
}

/// What there is when all of it is at rest: the last host has ended, the daemon is fresh.
fn sample(world: &World, daemon: &Daemon, watchers: &Watchers) -> anyhow::Result<Sample> {
    let host = Host::builder(world.config(Side::Own, 0)?).start()?;
    host.shutdown(None::<String>)?;
    drop(host);
    watchers.settle()?;
    let own = at_rest(Path::new("/proc/self"), THREADS)?;
    let heap = gauge::heap();
    let scripts = unreferenced(world, Side::Own)? + unreferenced(world, Side::Daemon)?;
    Ok(Sample {
        heap,
        own,
        daemon: daemon.held()?,
        mounts: world.mounts()?,
        scripts,
        files: world.files()?,
    })
}

/// Scripts that the first table of runtimes, which both started with, does not refer to.
fn unreferenced(world: &World, side: Side) -> anyhow::Result<u64> {
    let dir = world.data(side).join("runtimes");
    let table = Runtimes::build(&world.config(side, 0)?.runtimes, &TableOptions::new(&dir));
    let wanted = |path: &PathBuf| table.iter().any(|row| row.script.as_ref() == Some(path));
    let mut scripts = world.scripts(side)?;
    scripts.retain(|path| !wanted(path));
    for script in &scripts {
        // Only the start knows why it kept the script.
        let log = std::fs::read_to_string(world.path("daemon.log"))?;
        eprintln!("soak: {} stayed; the daemon says: {log}", script.display());
    }
    Ok(scripts.len() as u64)
}

/// Leaks on purpose.
fn plant(leak: Leak, world: &World, round: u64) -> anyhow::Result<()> {
    match leak {
        Leak::Memory => std::mem::forget(vec![0_u8; 1024]),
        Leak::Descriptor => std::mem::forget(std::fs::File::open("/dev/null")?),
        Leak::Thread => drop(std::thread::Builder::new().spawn(std::thread::park)?),
        Leak::Mount => world.mount_on(&world.path("leak"))?,
        Leak::File => drop(std::fs::File::create(world.path(&format!("leak.{round}")))?),
    }
    Ok(())
}
