//! An async daemon: `cargo run --example tokio-daemon --features tokio -- daemon.json BUNDLE`.
//!
//! It starts the host, runs the OCI bundle with the default runtime, reloads on SIGHUP, and stops
//! on SIGTERM or at the end of the container. Root, or `unshare -Urm`.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daemon_host::ifaddrs::{AsyncHandle, ListOptions};
use daemon_host::{Host, HostConfig, Snapshot};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;

type BoxError = Box<dyn Error + Send + Sync>;

/// The name of the one container.
const ID: &str = "tokio-daemon";

/// The host waits for files and mounts. A thread beside the runtime waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.expect("the work does not panic")
}

/// The default runtime, with the directory of its states.
fn runtime(snapshot: &Snapshot) -> Result<Command, BoxError> {
    let found = snapshot.runtimes.resolve("")?;
    let program = found.script.or(found.binary);
    let mut command = Command::new(program.ok_or("the default runtime is a shim")?);
    let states = snapshot.config.exec_root.join("runtime-runc/moby");
    command.arg("--root").arg(states);
    Ok(command)
}

fn start(snapshot: &Snapshot, bundle: &Path) -> Result<Child, BoxError> {
    let mut run = runtime(snapshot)?;
    run.args(["run", "--bundle"]).arg(bundle).arg(ID);
    Ok(run.spawn()?)
}

async fn reload(host: &Arc<Host>, file: &Path) -> String {
    let (host, file) = (Arc::clone(host), file.to_owned());
    let reloaded = aside(move || host.reload(HostConfig::load_again(&file)?)).await;
    match reloaded {
        Ok(report) => report.to_string(),
        Err(error) => format!("refused, nothing has changed: {error}"),
    }
}

/// Ends the container, and waits until it has ended.
async fn stop(snapshot: &Snapshot, container: &mut Child) -> Result<(), BoxError> {
    let mut kill = runtime(snapshot)?;
    kill.args(["kill", ID, "KILL"]);
    if !kill.status().await?.success() {
        return Err("the container cannot be stopped".into());
    }
    container.wait().await?;
    println!("the container was stopped");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(file), Some(bundle)) = (words.next(), words.next()) else {
        return Err("usage: tokio-daemon daemon.json BUNDLE".into());
    };
    let text = file.clone();
    let started = aside(move || Host::builder(HostConfig::load(&text)?).start()).await;
    let host = Arc::new(started?);
    println!("{}", host.start_report());
    let links = AsyncHandle::open(&ListOptions::new())?.all().await?;
    println!("{} links have addresses or may get some", links.len());

    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // One snapshot for one container: a reload meanwhile changes nothing of it.
    let snapshot = host.snapshot();
    let mut container = start(&snapshot, &bundle)?;
    println!("the container runs");
    let stopped = loop {
        tokio::select! {
            _ = hang_up.recv() => println!("{}", reload(&host, &file).await),
            _ = terminate.recv() => {
                break stop(&snapshot, &mut container).await;
            }
            ended = container.wait() => {
                println!("the container ended by itself: {}", ended?);
                break Ok(());
            }
        }
    };
    println!("{}", aside(move || host.shutdown(None::<String>)).await?);
    stopped
}
