//! HAProxy, which asks the servers of the file for the address of a server of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::readers::nameserver::Log;

const PROGRAM: &str = "usr/sbin/haproxy";

/// How long it may take until it asks.
const START: Duration = Duration::from_millis(1500);

pub(super) fn is_in(root: &Path) -> bool {
    root.join(PROGRAM).is_file()
}

/// Runs it until it has asked for the name, or does not ask.
pub(super) fn look_up(root: &Path, name: &str, log: &Log) -> Result<()> {
    let settings = root.join("etc/readers.cfg");
    std::fs::write(&settings, config(name)).context("write HAProxy's settings")?;
    let mut command = Command::new("chroot");
    command.arg(root).arg(format!("/{PROGRAM}"));
    command.args(["-db", "-f", "/etc/readers.cfg"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().context("start HAProxy")?;
    let end = Instant::now() + START;
    while log.is_empty() && Instant::now() < end && child.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The questions to the other servers go out at the same time.
    std::thread::sleep(Duration::from_millis(50));
    child.kill().context("end HAProxy")?;
    child.wait().context("wait for HAProxy")?;
    Ok(())
}

fn config(name: &str) -> String {
    format!(
        "defaults\n mode tcp\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
         resolvers file\n parse-resolv-conf\n timeout resolve 10ms\n\
         listen all\n bind 127.0.0.1:8053\n\
         \u{20}server one {name}:80 resolvers file init-addr none\n"
    )
}
