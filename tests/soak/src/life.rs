//! One life of a host in this process: start, work, reloads under look-ups, an end.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, ensure};
use daemon_host::mountscan::{self, HoldersOptions, MountTable, Refresh};
use daemon_host::resolvconf::{self, Network, TransformOptions, WriteOptions};
use daemon_host::rootmount::CleanupReport;
use daemon_host::runtimes::Runtimes;
use daemon_host::{Host, HostConfig, ifaddrs, rroprobe};
use support::link::{Address, Links};

use crate::world::{CONTAINERS, Side, World};

/// Reloads of one life; every fifth is refused.
const RELOADS: u64 = 10;

/// What a life did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) reloads: u64,
    pub(crate) lookups: u64,
    pub(crate) scripts: u64,
}

/// Lives the life of this number.
pub(crate) fn live(world: &World, round: u64) -> anyhow::Result<Done> {
    world.leave_containers(Side::Own)?;
    let config = world.config(Side::Own, round)?;
    let host = Host::builder(config).start().context("start")?;
    let report = host.start_report();
    ensure!(
        report.is_clean() && swept(report.sweep.done()),
        "start: {report}"
    );

    let done = reload_under_lookups(world, &host, round)?;
    look_around(world, round)?;
    if round % 5 == 2 {
        // A crash: the root stays mounted, and the next start knows it for its own.
        drop(host);
        return Ok(done);
    }
    world.leave_containers(Side::Own)?;
    let report = host.shutdown(None::<String>).context("shutdown")?;
    ensure!(
        report.is_clean() && swept(report.sweep.done()),
        "shutdown: {report}"
    );
    Ok(done)
}

/// Whether all that was left went, and nothing else.
fn swept(report: Option<&CleanupReport>) -> bool {
    report.is_some_and(|report| report.steps().len() as u64 == 2 * CONTAINERS)
}

fn reload_under_lookups(world: &World, host: &Host, round: u64) -> anyhow::Result<Done> {
    let (stop, lookups) = (AtomicBool::new(false), AtomicU64::new(0));
    let reader = || {
        while !stop.load(Ordering::Relaxed) {
            let snapshot = host.snapshot();
            let found = snapshot.runtimes.resolve("").map_err(|e| e.to_string())?;
            let script = found.script.ok_or("the default runtime has a script")?;
            if !script.exists() {
                return Err(format!("{} is gone", script.display()));
            }
            if lookups.fetch_add(1, Ordering::Relaxed) % 64 == 0 {
                thread::yield_now();
            }
        }
        Ok(())
    };
    let mut done = Done::default();
    thread::scope(|scope| {
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        let worked: anyhow::Result<()> = (1..=RELOADS).try_for_each(|step| {
            if step % 5 == 0 {
                refused_reload(world, host, round + step)?;
            } else {
                host.reload(world.config(Side::Own, round + step)?)?;
            }
            done.reloads += 1;
            if step % 4 == 0 {
                run_script(host)?;
                done.scripts += 1;
            }
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            let read = reader.join().ok().context("a reader panicked")?;
            read.map_err(anyhow::Error::msg)?;
        }
        worked
    })?;
    done.lookups = lookups.into_inner();
    Ok(done)
}

/// A reload whose new script cannot be written.
fn refused_reload(world: &World, host: &Host, table: u64) -> anyhow::Result<()> {
    let text = world.text(Side::Own, table);
    let text = text.replace("always", &format!("never {table}"));
    let config = HostConfig::parse(text.as_bytes())?;
    let planned = Runtimes::build(&config.runtimes, host.snapshot().runtimes.options());
    let fixed = planned.lookup("fixed").context("no fixed runtime")?;
    let place = fixed.script.as_ref().context("no script")?;
    fs::create_dir(place)?;
    let reloaded = host.reload(config);
    fs::remove_dir(place)?;
    ensure!(reloaded.is_err(), "reload {table}: {reloaded:?}");
    Ok(())
}

fn run_script(host: &Host) -> anyhow::Result<()> {
    let snapshot = host.snapshot();
    let script = snapshot
        .runtimes
        .resolve("")?
        .script
        .context("no script")?
        .to_owned();
    let output = Command::new(&script)
        .arg("ok")
        .output()
        .context("run a script")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        said.starts_with("table ") && said.ends_with(" ok\n"),
        "a script said {said:?}"
    );
    Ok(())
}

/// Everything that only looks, and a container's resolv.conf.
fn look_around(world: &World, round: u64) -> anyhow::Result<()> {
    let mut table = MountTable::current()?;
    world.servers(1 + round)?;
    let links = Links::open();
    let address = Address::new("192.0.2.77/32");
    links.add("lo", &address);
    let listed = ifaddrs::addrs("lo")?.addrs.len();
    links.remove_address("lo", &address);
    ensure!(
        listed > ifaddrs::addrs("lo")?.addrs.len(),
        "the address is not listed"
    );
    ensure!(
        !ifaddrs::all()?.is_empty() && !ifaddrs::addrs("none")?.found(),
        "links"
    );

    table.refresh(Refresh::Everything)?;
    let root =
        mountscan::mount_point_at(&world.data(Side::Own))?.context("no mount at the root")?;
    let holders = mountscan::holders(&root, &HoldersOptions::new())?;
    ensure!(!holders.namespaces.is_empty(), "nobody holds the root");
    // Without privilege over the file systems' namespace the answer may be no.
    let _ = rroprobe::prove();

    let document = resolvconf::load(&world.path("resolv.conf"))?;
    let text = resolvconf::transform(
        &document,
        &TransformOptions::new(Network::Legacy { ipv6: true }),
    )
    .render(true);
    let mut options = WriteOptions::new();
    options.durable = false;
    resolvconf::write(&world.path("container.conf"), &text, &options)?;
    Ok(())
}
