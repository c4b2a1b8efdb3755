//! The reference daemon beside us: reloaded, asked, now and then killed and started again.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::gauge::Held;
use crate::world::{Side, World};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running `daemon-host run`.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    /// Starts it and waits until it answers.
    pub(crate) fn start(world: &World, tool: &Path) -> anyhow::Result<Self> {
        let config = world.path("daemon.json");
        fs::write(&config, world.text(Side::Daemon, 0))?;
        let log = fs::File::create(world.path("daemon.log"))?;
        let child = Command::new(tool)
            .args(["run", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", tool.display()))?;
        let socket = world.exec(Side::Daemon).join("daemon-host.sock");
        let mut daemon = Self { child, socket };
        let begin = Instant::now();
        while daemon.ask("status").is_err() {
            if let Some(status) = daemon.child.try_wait()? {
                let said = fs::read_to_string(world.path("daemon.log"))?;
                bail!("the daemon ended with {status}: {said}");
            }
            ensure!(begin.elapsed() < PATIENCE, "the daemon does not answer");
            thread::sleep(Duration::from_millis(2));
        }
        Ok(daemon)
    }

    /// Another table of runtimes, and now and then one that it must refuse.
    pub(crate) fn reload(&self, world: &World, table: u64) -> anyhow::Result<()> {
        let refuse = table % 7 == 6;
        let mut text = world.text(Side::Daemon, table);
        if refuse {
            text = text.replace("\"path\":\"/bin/true\"", "\"pat\":\"/bin/true\"");
        }
        fs::write(world.path("daemon.json"), text)?;
        let answer = self.ask("reload")?;
        ensure!(answer.get("error").is_some() == refuse, "reload: {answer}");
        Ok(())
    }

    /// What it holds when it is at rest.
    pub(crate) fn held(&self) -> anyhow::Result<Held> {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        // Its main thread, the signals' and the control socket's; others are about to end.
        at_rest(&proc, 3)
    }

    /// SIGKILL, as at any moment.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM; it must end well.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        kill(
            Pid::from_raw(i32::try_from(self.child.id())?),
            Signal::SIGTERM,
        )?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the daemon ended with {status}");
        Ok(())
    }

    fn ask(&self, request: &str) -> anyhow::Result<Value> {
        let mut stream = UnixStream::connect(&self.socket)?;
        writeln!(stream, "{request}")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        serde_json::from_str(&text).with_context(|| format!("{request}: {text:?}"))
    }
}

/// What a process holds once it has no more than so many threads.
pub(crate) fn at_rest(proc: &Path, threads: u64) -> anyhow::Result<Held> {
    let begin = Instant::now();
    loop {
        let held = Held::by(proc)?;
        if held.threads <= threads || begin.elapsed() > Duration::from_secs(10) {
            return Ok(held);
        }
        thread::sleep(Duration::from_millis(2));
    }
}
