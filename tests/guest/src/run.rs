//! One test, one process, one verdict.

use crate::leftovers::Before;
use crate::port::Port;
use crate::reap::{self, Ending};
use anyhow::{Context, Result};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitStatus};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::plan::Item;
use support::protocol::{Record, Verdict};
use support::skip;

const SKIP_FILE: &str = "/.skip";

/// Runs every test of the plan and says so.
pub(crate) fn all(items: &[Item], port: Port) -> Result<()> {
    port.send(&Record::Hello {
        release: rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned(),
        uptime_ms: uptime_ms().unwrap_or(0),
        tests: items.len(),
    });
    for (index, item) in items.iter().enumerate() {
        port.send(&Record::Begin { index });
        let start = Instant::now();
        let verdict =
            one(item, &port).unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        port.send(&Record::End { index, verdict, ms });
    }
    port.send(&Record::Done { run: items.len() });
    Ok(())
}

fn one(item: &Item, port: &Port) -> Result<Verdict> {
    let _ = std::fs::remove_file(SKIP_FILE);
    let before = Before::look();
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).context("making a pipe")?;
    let child = command(item, writer)?
        .spawn()
        .with_context(|| format!("starting {}", item.binary))?;
    let child = Pid::from_child(&child);
    let ran = Arc::new(AtomicBool::new(false));
    let output = {
        let (port, ran) = (port.clone(), Arc::clone(&ran));
        std::thread::spawn(move || forward(File::from(reader), &port, &ran))
    };
    let ending = reap::wait_for(child, item.limit);
    let cleared = reap::kill_all(Duration::from_secs(5));
    if cleared {
        // Nobody holds the pipe's other end any more, so this ends.
        let _ = output.join();
    }
    let left = before.restore();
    Ok(match ending {
        Ending::Late => Verdict::TimedOut,
        Ending::Ended(status) => judge(status, left, cleared, ran.load(Ordering::SeqCst)),
    })
}

fn command(item: &Item, writer: OwnedFd) -> Result<Command> {
    let mut command = Command::new(&item.binary);
    command
        .args([
            item.test.as_str(),
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .env("TMPDIR", "/tmp")
        .env("RUST_BACKTRACE", "1")
        .env(skip::FILE_VARIABLE, SKIP_FILE)
        .envs(item.env.iter().map(|(name, value)| (name, value)))
        .current_dir("/tmp")
        .stdin(Stdio::null())
        .stdout(writer.try_clone().context("doubling the pipe's end")?)
        .stderr(writer);
    Ok(command)
}

fn judge(status: WaitStatus, left: Option<String>, cleared: bool, ran: bool) -> Verdict {
    if let Some(signal) = status.terminating_signal() {
        return Verdict::Failed(format!("killed by signal {signal}"));
    }
    if status.exit_status() != Some(0) {
        return Verdict::Failed(format!(
            "exit status {}",
            status.exit_status().unwrap_or(-1)
        ));
    }
    if !ran {
        return Verdict::Failed("the binary has no ignored test of this name".to_owned());
    }
    if !cleared {
        return Verdict::Failed("left a process that could not be killed".to_owned());
    }
    if let Some(left) = left {
        return Verdict::Failed(left);
    }
    match std::fs::read_to_string(SKIP_FILE) {
        Ok(text) => skipped(&text),
        Err(_) => Verdict::Passed,
    }
}

/// A test that ran in part has passed; its output says what was left out.
fn skipped(text: &str) -> Verdict {
    let whole = skip::parse(text).into_iter().filter(|skip| skip.whole);
    let reasons: Vec<String> = whole.map(|skip| skip.reason).collect();
    if reasons.is_empty() {
        return Verdict::Passed;
    }
    Verdict::Skipped(reasons.join("; "))
}

/// Sends what the test writes, line by line, without taking its length on
/// trust, and notes whether libtest says that it ran one test. A name that
/// no test has ends with 0 too.
fn forward(reader: impl Read, port: &Port, ran: &AtomicBool) {
    const LONGEST: u64 = 8 << 10;
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        match (&mut reader).take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.starts_with(b"test result: ok. 1 passed") {
            ran.store(true, Ordering::SeqCst);
        }
        port.send(&Record::Output { line });
    }
}

fn uptime_ms() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, rest) = text.split_once('.')?;
    let hundredths: u64 = rest.get(..2)?.parse().ok()?;
    Some(seconds.parse::<u64>().ok()? * 1000 + hundredths * 10)
}
