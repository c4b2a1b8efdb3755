//! dnsmasq, which asks the servers of the file on behalf of others.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

const PROGRAM: &str = "usr/sbin/dnsmasq";

/// Where it listens.
const PLACE: (&str, u16) = ("127.0.0.1", 5300);

/// How long it may take until it answers. Without a server that answers it never does.
const PATIENCE: Duration = Duration::from_millis(1500);

/// One wait for an answer.
const TURN: Duration = Duration::from_millis(100);

pub(super) fn is_in(root: &Path) -> bool {
    root.join(PROGRAM).is_file()
}

/// Runs it, and asks it for the name until it answers, or the time is up.
pub(super) fn look_up(root: &Path, name: &str) -> Result<()> {
    let mut child = start(root)?;
    let asked = ask(name, &mut child);
    let _ = child.kill();
    child.wait().context("wait for dnsmasq")?;
    asked
}

fn start(root: &Path) -> Result<Child> {
    let mut command = Command::new("chroot");
    command.arg(root).arg(format!("/{PROGRAM}"));
    command.args(["--keep-in-foreground", "--user=root", "--group=root"]);
    command.args(["--no-hosts", "--conf-file=/dev/null", "--pid-file="]);
    command.args(["--bind-interfaces", "--resolv-file=/etc/resolv.conf"]);
    command.arg(format!("--port={}", PLACE.1));
    command.arg(format!("--listen-address={}", PLACE.0));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("start dnsmasq")
}

fn ask(name: &str, child: &mut Child) -> Result<()> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).context("a socket")?;
    socket.connect(PLACE).context("the place of dnsmasq")?;
    socket.set_read_timeout(Some(TURN))?;
    let end = Instant::now() + PATIENCE;
    let mut reply = [0; 512];
    while Instant::now() < end && child.try_wait()?.is_none() {
        // It may not listen yet.
        let answered = socket.send(&question(name)).is_ok() && socket.recv(&mut reply).is_ok();
        if answered {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// A question for the IPv4 addresses of a name.
fn question(name: &str) -> Vec<u8> {
    let mut packet = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        packet.push(u8::try_from(label.len()).unwrap_or(63));
        packet.extend(label.bytes());
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}

#[cfg(test)]
mod tests {
    use super::question;

    #[test]
    fn a_question_has_its_labels() {
        let packet = question("a.zz");
        assert_eq!(&packet[12..], b"\x01a\x02zz\0\0\x01\0\x01");
    }
}
