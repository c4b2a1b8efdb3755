//! `run`: the reference daemon, and `reload`: asks it to read its configuration again.
//!
//! One thread waits for signals, one for the control socket; both hand events to the
//! main thread, which alone acts. So a reload and a shutdown never overlap.

pub(crate) mod control;
mod notify;
mod pidfile;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use daemon_host::{Host, HostConfig, ReloadReport, runtimes};
use serde_json::{Value, json};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::error;

use crate::exit::Exit;
use crate::output::Output;
use control::{Asked, Control, Request};
use pidfile::Pidfile;

/// The control socket's name in the exec root.
pub(crate) const CONTROL_SOCKET: &str = "daemon-host.sock";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Start: sweep leftovers, prepare the data root, sweep scripts, load runtimes, then READY=1.
SIGHUP reloads, SIGTERM and SIGINT shut down; a second one ends at once.

Examples:
  daemon-host run --config /etc/my-daemon/daemon.json
  daemon-host run --config daemon.json --pidfile /run/my-daemon.pid -v")]
pub(crate) struct Args {
    /// The daemon.json; read again at each reload.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// Write the process id to this file; it is removed at the end.
    #[arg(long, value_name = "FILE")]
    pidfile: Option<PathBuf>,

    /// The control socket; default <exec-root>/daemon-host.sock.
    #[arg(long, value_name = "FILE")]
    socket: Option<PathBuf>,

    /// A directory with the states of runc or crun: containers that live there are
    /// spared. May be repeated; default Docker's below the exec root.
    #[arg(long, value_name = "DIR")]
    state_dir: Vec<PathBuf>,

    /// How long the shutdown may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    shutdown_limit: u64,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The daemon's report comes back; exit code 1 when it refused the new configuration, which
then has changed nothing.

Examples:
  daemon-host reload --socket /run/my-daemon/daemon-host.sock")]
pub(crate) struct ReloadArgs {
    /// The daemon's control socket.
    #[arg(long, value_name = "FILE")]
    #[arg(default_value_os_t = Path::new(daemon_host::DEFAULT_EXEC_ROOT).join(CONTROL_SOCKET))]
    socket: PathBuf,
}

impl Args {
    /// The defaults, with this configuration.
    pub(crate) fn of_config(config: PathBuf) -> Self {
        Self {
            config,
            pidfile: None,
            socket: None,
            state_dir: Vec::new(),
            shutdown_limit: 15,
        }
    }
}

/// What the main thread waits for.
enum Event {
    Signal(i32),
    Asked(Asked),
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    let (sender, events) = mpsc::channel();
    // Before the start, so that a signal meanwhile is not lost.
    forward_signals(sender.clone())?;
    let config = HostConfig::load(&args.config)?;
    let exec_root = config.exec_root.clone();
    let daemon = Daemon::start(args, config, out)?;
    let doors = Doors::open(args, &exec_root, sender);
    if doors.is_ok() {
        notify::ready("running");
        daemon.serve(&events);
    }
    notify::stopping();
    end_after(Duration::from_secs(args.shutdown_limit));
    let stopped = daemon.stop(out);
    // What kept it from running matters more than how it stopped.
    doors.and(stopped)
}

/// How others reach the daemon; dropping it takes the files away.
struct Doors {
    _control: Control,
    _pidfile: Option<Pidfile>,
}

impl Doors {
    fn open(args: &Args, exec_root: &Path, sender: Sender<Event>) -> anyhow::Result<Self> {
        let default = || exec_root.join(CONTROL_SOCKET);
        let socket = args.socket.clone().unwrap_or_else(default);
        let control = Control::listen(&socket, move |asked| {
            // The main thread gone means the process is about to end.
            let _ = sender.send(Event::Asked(asked));
        })?;
        let pidfile = args.pidfile.as_deref().map(Pidfile::write).transpose()?;
        Ok(Self {
            _control: control,
            _pidfile: pidfile,
        })
    }
}

pub(crate) fn reload(args: &ReloadArgs, out: &Output) -> anyhow::Result<Exit> {
    let answer = control::ask(&args.socket, Request::Reload)?;
    let refused = answer.get("error").is_some();
    if out.is_json() {
        out.json(&answer)?;
    } else {
        let said = answer.get("error").unwrap_or(&answer);
        let said = said.get("message").or_else(|| answer.get("detail"));
        let text = said
            .and_then(Value::as_str)
            .unwrap_or("the daemon gave no detail");
        out.text(&format!("{text}\n"))?;
    }
    Ok(Exit::finding_if(refused))
}

fn forward_signals(sender: Sender<Event>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGTERM, SIGINT])?;
    let forward = move || {
        let mut ending = false;
        for signal in signals.forever() {
            if ending && signal != SIGHUP {
                std::process::exit(Exit::Failure as i32);
            }
            ending |= signal != SIGHUP;
            if sender.send(Event::Signal(signal)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(forward)?;
    Ok(())
}

/// Ends the process when the shutdown takes too long; the next start puts it right.
fn end_after(limit: Duration) {
    let watchdog = move || {
        thread::sleep(limit);
        error!(limit_s = limit.as_secs(), "shutdown took too long");
        std::process::exit(Exit::Failure as i32);
    };
    // Without the thread the shutdown merely has no limit.
    let _ = thread::Builder::new()
        .name("shutdown-limit".into())
        .spawn(watchdog);
}

/// The running host with what is needed to reload and stop it.
struct Daemon {
    host: Host,
    config: PathBuf,
    state_dirs: Vec<PathBuf>,
}

impl Daemon {
    fn start(args: &Args, config: HostConfig, out: &Output) -> anyhow::Result<Self> {
        let state_dirs = match args.state_dir.as_slice() {
            [] => runtimes::state_dirs(&config.exec_root),
            given => given.to_vec(),
        };
        let mut builder = Host::builder(config);
        for id in runtimes::live_containers(&state_dirs, Path::new("/proc"))? {
            builder = builder.live_container(id);
        }
        let host = builder.start()?;
        let report = host.start_report();
        tell(out, "started", report.is_clean(), report)?;
        Ok(Self {
            host,
            config: args.config.clone(),
            state_dirs,
        })
    }

    /// Handles events until one asks for the end.
    fn serve(&self, events: &Receiver<Event>) {
        for event in events {
            match event {
                Event::Signal(SIGHUP) => _ = self.reload(),
                Event::Signal(_) => return,
                Event::Asked(Asked { request, answer }) => {
                    let value = match request {
                        Request::Reload => self.reload(),
                        Request::Status => self.status(),
                    };
                    // Whoever asked may have gone meanwhile.
                    let _ = answer.send(value);
                }
            }
        }
    }

    fn reload(&self) -> Value {
        notify::reloading();
        let result = HostConfig::load(&self.config).and_then(|config| self.host.reload(config));
        let value = match result {
            Ok(report) => report_json(&report),
            Err(refused) => {
                let message = format!("{:#}", anyhow::Error::new(refused));
                error!(%message, "reload refused; nothing has changed");
                json!({ "error": { "kind": "refused", "message": message } })
            }
        };
        notify::ready(match value.get("error") {
            None => "running",
            Some(_) => "running; the last reload was refused",
        });
        value
    }

    fn status(&self) -> Value {
        let snapshot = self.host.snapshot();
        let names: Vec<&str> = snapshot
            .runtimes
            .iter()
            .map(|row| row.name.as_str())
            .collect();
        json!({
            "generation": snapshot.generation,
            "default": snapshot.runtimes.default_name(),
            "runtimes": names,
            "data_root": snapshot.config.data_root.to_string_lossy(),
            "start": self.host.start_report().to_string(),
        })
    }

    fn stop(&self, out: &Output) -> anyhow::Result<Exit> {
        let live = runtimes::live_containers(&self.state_dirs, Path::new("/proc"))?;
        let report = self.host.shutdown(live)?;
        tell(out, "stopped", report.is_clean(), &report)?;
        Ok(Exit::finding_if(!report.is_clean()))
    }
}

/// What a start or a stop did.
fn tell(out: &Output, event: &str, clean: bool, report: impl Display) -> io::Result<()> {
    let detail = report.to_string();
    if out.is_json() {
        return out.json_line(&json!({ "event": event, "clean": clean, "detail": detail }));
    }
    out.text(&format!("{detail}\n"))
}

fn report_json(report: &ReloadReport) -> Value {
    json!({
        "generation": report.generation,
        "added": report.runtimes.added,
        "removed": report.runtimes.removed,
        "changed": report.runtimes.changed,
        "default_changed": report.runtimes.default_changed,
        "participants": report.participants,
        "failed_commits": report.failed_commits,
        "needs_restart": report.needs_restart,
        "detail": report.to_string(),
    })
}
