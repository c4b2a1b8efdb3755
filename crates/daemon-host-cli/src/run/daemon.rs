//! The reference daemon: start, events, stop.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use daemon_host::service::{Request, Reserve, Wish, forward_signals, notify};
use daemon_host::{Host, HostConfig};
use nix::sys::stat::Mode;
use serde::Serialize;
use serde_json::Value;
use tracing::{error, warn};

use super::answer;
use super::args::Args;
use super::doors::Doors;
use super::event::Event;
use crate::exit::Exit;
use crate::output::Output;

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    // What the daemon makes belongs to it alone. It does not depend on the umask of its caller.
    nix::sys::stat::umask(Mode::from_bits_truncate(0o077));
    let (sender, events) = mpsc::channel();
    // Set up before the start, so that a signal during the start is not lost.
    let wishes = sender.clone();
    forward_signals(Duration::from_secs(args.shutdown_limit), move |wish| {
        // If the main thread is gone, the process is about to end.
        let _ = wishes.send(Event::Wish(wish));
    })?;
    let config = HostConfig::load(&args.config)?;
    let exec_root = config.exec_root.clone();
    let daemon = Daemon::start(args, config, out)?;
    let reserve = Reserve::take();
    let doors = Doors::open(args, &exec_root, sender);
    if doors.is_ok() {
        notify::ready("running");
        daemon.serve(events);
    }
    notify::stopping();
    drop(reserve);
    if let Ok(doors) = &doors {
        // First no new request is accepted. So none waits for an answer during the stop.
        doors.close();
    }
    let stopped = daemon.stop(out);
    // The reason why it could not run matters more than how it stopped.
    doors.and(stopped)
}

/// The running host, with what reload and stop need.
struct Daemon {
    host: Host,
    config: PathBuf,
}

impl Daemon {
    fn start(args: &Args, config: HostConfig, out: &Output) -> anyhow::Result<Self> {
        let dirs = args.evidence.dirs_of_service()?;
        let mut builder = Host::builder(config);
        if !dirs.is_empty() {
            builder = builder.state_dirs(dirs.to_vec());
        }
        if args.evidence.none_live() {
            builder = builder.none_live();
        }
        let host = builder.start()?;
        let report = host.start_report();
        tell(out, "started", report);
        Ok(Self {
            host,
            config: args.config.clone(),
        })
    }

    /// Handles events until one asks for the end.
    fn serve(&self, events: Receiver<Event>) {
        for event in events {
            match event {
                Event::Wish(Wish::Reload) => _ = self.reload(),
                Event::Wish(_) => return,
                Event::Asked(asked) => {
                    let value = match asked.request() {
                        Request::Reload => self.reload(),
                        Request::Status => answer::status(&self.host),
                        _ => answer::refused("unknown-request", asked.request().as_str()),
                    };
                    asked.answer(value);
                }
            }
        }
    }

    fn reload(&self) -> Value {
        notify::reloading();
        let result =
            HostConfig::load_again(&self.config).and_then(|config| self.host.reload(config));
        let (value, said) = match result {
            Ok(report) => (answer::reloaded(&report), "running"),
            Err(refused) => {
                let message = format!("{:#}", anyhow::Error::new(refused));
                error!(%message, "reload refused; nothing has changed");
                let said = "running; the last reload was refused";
                (answer::refused("refused", &message), said)
            }
        };
        notify::ready(said);
        value
    }

    fn stop(&self, out: &Output) -> anyhow::Result<Exit> {
        let report = self.host.shutdown_by_evidence()?;
        tell(out, "stopped", &report);
        Ok(Exit::finding_if(!report.is_clean()))
    }
}

/// A start or a stop as JSON.
#[derive(Serialize)]
struct Told<'t, R> {
    event: &'t str,
    #[serde(flatten)]
    report: &'t R,
}

/// Says what a start or a stop did. It does not matter whether somebody reads it.
fn tell<R: Display + Serialize>(out: &Output, event: &str, report: &R) {
    let told = if out.is_json() {
        out.json_line(&Told { event, report })
    } else {
        out.line(&format!("{report}\n"))
    };
    if let Err(error) = told {
        warn!(%error, "standard output cannot be written");
    }
}
