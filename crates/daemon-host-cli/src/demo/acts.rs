//! Plays the demo, act by act. Each act says what it proves, and checks it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use daemon_host::mountscan::MountTable;
use daemon_host::service::{Request, ask};
use daemon_host::{ifaddrs, rroprobe};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::stage::{Stage, layer_of};
use crate::output::{Ink, Output, paint};

/// How long the daemon may take for one step here.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the configuration is replaced under load.
const RELOADS: u32 = 100;

/// Plays all acts. Returns how many did not show what they should.
pub(super) fn play(stage: &Stage, out: &Output) -> anyhow::Result<usize> {
    let mut play = Play {
        stage,
        out,
        begin: Instant::now(),
        act: 0,
        failed: 0,
    };
    let (dead, alive, late) = (id('d'), id('a'), id('c'));
    stage.configure("first")?;
    stage.container(&dead)?;
    stage.container(&alive)?;
    let mut container = stage.spawn("container")?;
    stage.live(&alive, &container)?;
    let said = format!(
        "two containers with {} and shm; one of them is dead",
        stage.layer_kind()
    );
    play.act(
        &said,
        "the daemon before was killed: its mounts are still there",
        || count_is(stage, 4),
    )?;

    let mut daemon = start(stage)?;
    play.act(
        "the daemon starts",
        "it swept the dead container only, then bound its root",
        || {
            has_no(stage, &dead)?;
            ensure!(
                is_mounted(stage, &shm_of(&alive)),
                "the live container lost its shm"
            );
            ensure!(
                is_mounted(stage, Path::new("data")),
                "the root is no mount of its own"
            );
            Ok("1 container swept, 1 spared".into())
        },
    )?;
    play.act(
        "it reloads under load",
        "no script a reader got was ever missing or torn",
        || reload_under_load(stage),
    )?;
    play.act(
        "a bad configuration comes",
        "it is refused with all its problems at once",
        || refused(stage),
    )?;
    play.act(
        "the daemon is killed",
        "its root and its mounts outlive it",
        || {
            daemon.kill()?;
            daemon.wait()?;
            stage.container(&late)?;
            ensure!(
                is_mounted(stage, Path::new("data")),
                "the root went with the daemon"
            );
            Ok("kill -9; meanwhile one more container died".into())
        },
    )?;
    let mut daemon = start(stage)?;
    play.act(
        "it starts again",
        "it knew its own root, swept the dead, spared the living",
        || {
            has_no(stage, &late)?;
            ensure!(
                is_mounted(stage, &shm_of(&alive)),
                "the live container lost its shm"
            );
            Ok("ownership survived the crash".into())
        },
    )?;
    play.act(
        "recursive read-only is tried",
        "the effect is proved on a mount nobody sees",
        || {
            let before = MountTable::current()?.len();
            let verdict = rroprobe::prove();
            ensure!(
                MountTable::current()?.len() == before,
                "the probe left a mount"
            );
            Ok(verdict.to_string())
        },
    )?;
    play.act(
        "links are listed",
        "no such link and no address are two answers",
        || {
            let (lo, none) = (ifaddrs::addrs("lo")?, ifaddrs::addrs("demo0")?);
            ensure!(
                lo.found() && lo.addrs.is_empty() && !none.found(),
                "the answers are mixed up"
            );
            Ok("lo has no address here; demo0 does not exist".into())
        },
    )?;
    container.kill()?;
    container.wait()?;
    play.act(
        "the container ends, the daemon stops",
        "nothing is left, the root is released",
        || {
            stop(&mut daemon)?;
            count_is(stage, 0)
        },
    )?;
    play.end()
}

/// The acts so far.
struct Play<'p> {
    stage: &'p Stage,
    out: &'p Output,
    begin: Instant,
    act: usize,
    failed: usize,
}

impl Play<'_> {
    fn act(
        &mut self,
        what: &str,
        proves: &str,
        check: impl FnOnce() -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        self.act += 1;
        let result = check();
        let shown = result.is_ok();
        self.failed += usize::from(!shown);
        let detail = result.unwrap_or_else(|error| format!("{error:#}"));
        if self.out.is_json() {
            let act = json!({ "act": what, "proves": proves, "shown": shown, "detail": detail });
            return Ok(self.out.json_line(&act)?);
        }
        let (ink, mark) = match shown {
            true => (Ink::Good, "shown"),
            false => (Ink::Bad, "NOT SHOWN"),
        };
        let head = paint(Ink::Head, format_args!("{}. {what}", self.act));
        let (mark, detail) = (
            paint(ink, mark),
            paint(Ink::Dim, format_args!("({detail})")),
        );
        Ok(self
            .out
            .text(&format!("{head}\n   {mark}: {proves} {detail}\n"))?)
    }

    fn end(&self) -> anyhow::Result<usize> {
        let took = self.begin.elapsed().as_secs_f32();
        let place = self.stage.path("").display().to_string();
        let text = format!(
            "\n{} acts, {} not shown, {took:.1} s. All of it happened on a tmpfs over {place} that \
             only this process saw; nothing is left.\n",
            self.act, self.failed
        );
        if !self.out.is_json() {
            self.out.text(&text)?;
        }
        Ok(self.failed)
    }
}

fn id(digit: char) -> String {
    // It must not be a palindrome, because a container's layer has its digits in reverse.
    format!("{}{}", digit, "0123456789abcdef".repeat(4))
        .chars()
        .take(64)
        .collect()
}

fn shm_of(id: &str) -> PathBuf {
    Path::new("data/containers").join(id).join("mounts/shm")
}

fn is_mounted(stage: &Stage, path: &Path) -> bool {
    MountTable::current().is_ok_and(|table| table.is_mount_point(&stage.path(path)))
}

/// Checks that `wanted` mounts are at or below the data root.
fn count_is(stage: &Stage, wanted: usize) -> anyhow::Result<String> {
    let found = MountTable::current()?.under(&stage.path("data")).count();
    ensure!(
        found == wanted,
        "{found} mounts below the data root, not {wanted}"
    );
    Ok(format!("{found} mounts below the data root"))
}

fn has_no(stage: &Stage, id: &str) -> anyhow::Result<()> {
    let merged = Path::new("data/overlay2").join(layer_of(id)).join("merged");
    for path in [shm_of(id), merged] {
        ensure!(
            !is_mounted(stage, &path),
            "{} is still mounted",
            path.display()
        );
    }
    Ok(())
}

fn socket(stage: &Stage) -> PathBuf {
    stage.path("exec").join(crate::run::CONTROL_SOCKET)
}

/// Starts the daemon and waits until it answers.
fn start(stage: &Stage) -> anyhow::Result<Child> {
    let mut daemon = stage.spawn("daemon")?;
    let begin = Instant::now();
    while ask(&socket(stage), Request::Status, PATIENCE).is_err() {
        if let Some(status) = daemon.try_wait()? {
            let mut said = String::new();
            if let Some(mut stdout) = daemon.stdout.take() {
                stdout.read_to_string(&mut said)?;
            }
            anyhow::bail!("the daemon ended with {status}: {said}");
        }
        ensure!(begin.elapsed() < PATIENCE, "the daemon does not answer");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(daemon)
}

fn stop(daemon: &mut Child) -> anyhow::Result<()> {
    kill(Pid::from_raw(i32::try_from(daemon.id())?), Signal::SIGTERM)?;
    let status = daemon.wait()?;
    ensure!(status.success(), "the daemon ended with {status}");
    Ok(())
}

/// Reloads again and again, while another thread runs every script that exists.
fn reload_under_load(stage: &Stage) -> anyhow::Result<String> {
    let done = AtomicBool::new(false);
    let dir = stage.path("data/runtimes");
    std::thread::scope(|scope| {
        let runner = scope.spawn(|| run_scripts(&dir, &done));
        let reloaded = (0..RELOADS).try_for_each(|round| {
            stage.configure(&format!("round {round}"))?;
            let answer = ask(&socket(stage), Request::Reload, PATIENCE)?;
            ensure!(answer.get("error").is_none(), "{answer}");
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        let ran = runner
            .join()
            .map_err(|_| anyhow::anyhow!("the runner panicked"))??;
        reloaded?;
        Ok(format!("{RELOADS} reloads, {ran} scripts run meanwhile"))
    })
}

/// Runs every script in turn until told to stop. Returns how many ran.
fn run_scripts(dir: &Path, done: &AtomicBool) -> anyhow::Result<usize> {
    let mut ran = 0;
    while !done.load(Ordering::Relaxed) {
        let entries = fs::read_dir(dir)?.flatten();
        let scripts =
            entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"demo."));
        for script in scripts.take(8) {
            let output = Command::new(script.path())
                .arg("ok")
                .output()
                .context("run a script")?;
            let line = BufReader::new(output.stdout.as_slice()).lines().next();
            let said = line.transpose()?.unwrap_or_default();
            ensure!(
                output.status.success() && said.ends_with(" ok"),
                "a script said {said:?}"
            );
            ran += 1;
        }
    }
    Ok(ran)
}

fn refused(stage: &Stage) -> anyhow::Result<String> {
    stage.configure_runtimes(&json!({ "a": {}, "runc": { "path": "/x" } }))?;
    let answer = ask(&socket(stage), Request::Reload, PATIENCE)?;
    let message = answer["error"]["message"]
        .as_str()
        .context("it was accepted")?
        .to_owned();
    ensure!(
        message.contains("\"a\"") && message.contains("runc"),
        "not all of it: {message}"
    );
    stage.configure("last")?;
    Ok(message)
}
