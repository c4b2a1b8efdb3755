//! systemd-resolved, which reads the file as its upstream, and is asked through its own socket.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::kept::Kept;

const PROGRAM: &str = "usr/lib/systemd/systemd-resolved";

/// Only the file gives servers, and only DNS answers.
const SETTINGS: &str = "[Resolve]\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\nDNSSEC=no\nCache=no\n\
    DNSOverTLS=no\nDNSStubListener=no\nReadEtcHosts=no\n";

/// How long it may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running systemd-resolved. It ends with this value.
pub(super) struct Resolved {
    state: PathBuf,
    child: Child,
}

pub(super) fn is_in(root: &Path) -> bool {
    root.join(PROGRAM).is_file()
}

/// Whether the state can be given to the user that it runs as. In a user namespace only some users
/// are known.
pub(super) fn can_run(root: &Path) -> bool {
    let known = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    user(root).is_ok_and(|(user, _)| holds(&known, user))
}

/// Whether one of the ranges holds the user.
fn holds(ranges: &str, user: u32) -> bool {
    ranges.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        match (numbers.next(), numbers.nth(1)) {
            (Some(Ok(first)), Some(Ok(count))) => {
                (first..first.saturating_add(count)).contains(&user)
            }
            _ => false,
        }
    })
}

impl Resolved {
    /// Starts it, and waits until it has read the file.
    pub(super) fn start(root: &Path) -> Result<Self> {
        let drop_ins = root.join("etc/systemd/resolved.conf.d");
        std::fs::create_dir_all(&drop_ins).context("make the directory of the settings")?;
        std::fs::write(drop_ins.join("readers.conf"), SETTINGS).context("write the settings")?;
        let state = root.join("run/systemd/resolve");
        if state.exists() {
            std::fs::remove_dir_all(&state).context("clear the state")?;
        }
        std::fs::create_dir_all(&state).context("make the state directory")?;
        let (user, group) = user(root)?;
        chown(&state, Some(user), Some(group)).context("give the state to resolved's user")?;
        let mut command = Command::new("chroot");
        command.arg(root).arg(format!("/{PROGRAM}"));
        command.env("SYSTEMD_LOG_TARGET", "null");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().context("start systemd-resolved")?;
        let mut resolved = Self { state, child };
        let end = Instant::now() + PATIENCE;
        while !resolved.is_ready() {
            let ended = resolved.child.try_wait()?;
            ensure!(ended.is_none(), "systemd-resolved ended: {ended:?}");
            ensure!(Instant::now() < end, "systemd-resolved does not get ready");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(resolved)
    }

    fn is_ready(&self) -> bool {
        self.file().is_file() && UnixStream::connect(self.socket()).is_ok()
    }

    fn file(&self) -> PathBuf {
        self.state.join("resolv.conf")
    }

    fn socket(&self) -> PathBuf {
        self.state.join("io.systemd.Resolve")
    }

    /// The servers and domains that it writes down for others.
    pub(super) fn kept(&self) -> Result<Kept> {
        kept(&std::fs::read(self.file()).context("read what resolved took")?)
    }

    /// Asks for a name, and waits for the answer.
    pub(super) fn ask(&self, name: &str) -> Result<()> {
        let mut stream = UnixStream::connect(self.socket()).context("connect to resolved")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let parameters = serde_json::json!({"name": name, "family": 2});
        let call = serde_json::json!({
            "method": "io.systemd.Resolve.ResolveHostname",
            "parameters": parameters,
        });
        stream.write_all(format!("{call}\0").as_bytes())?;
        let mut reply = [0; 4096];
        let length = stream.read(&mut reply).context("wait for resolved")?;
        ensure!(length > 0, "resolved gave no answer for {name}");
        Ok(())
    }
}

impl Drop for Resolved {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number of resolved's user and group in the tree.
fn user(root: &Path) -> Result<(u32, u32)> {
    let users = std::fs::read_to_string(root.join("etc/passwd")).context("the tree's users")?;
    let line = users
        .lines()
        .find(|line| line.starts_with("systemd-resolve:"))
        .context("no user for resolved in the tree")?;
    let mut fields = line.split(':').skip(2).map(str::parse);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(group))) => Ok((user, group)),
        _ => anyhow::bail!("no numbers in {line:?}"),
    }
}

/// Reads the file that resolved writes. `search .` stands there for no domain.
fn kept(text: &[u8]) -> Result<Kept> {
    let mut kept = Kept {
        servers: Vec::new(),
        search: Vec::new(),
    };
    for line in text.split(|&b| b == b'\n') {
        let mut words = line.split(|&b| b == b' ');
        match words.next() {
            Some(b"nameserver") => {
                let word = words.next().unwrap_or_default();
                let word = std::str::from_utf8(word).context("an address")?;
                let address = word.split('%').next().unwrap_or(word);
                kept.servers.push(address.parse().context("an address")?);
            }
            Some(b"search") => {
                let domains = words.filter(|word| !word.is_empty() && *word != b".");
                kept.search.extend(domains.map(unescaped));
            }
            _ => {}
        }
    }
    Ok(kept)
}

/// Turns `\035` into the byte it stands for.
fn unescaped(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some((&first, after)) = rest.split_first() {
        let number = after.get(..3).filter(|_| first == b'\\');
        let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        match number {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{holds, kept};

    #[test]
    fn users_of_a_namespace() {
        assert!(holds("         0          0 4294967295\n", 991));
        assert!(!holds("         0       1000          1\n", 991));
        assert!(holds("0 1000 1\n1 100000 65536\n", 991));
    }

    #[test]
    fn what_resolved_wrote_is_read() {
        let text =
            b"# search x\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nsearch a.test \\035\n";
        let found = kept(text).unwrap();
        assert_eq!(found.servers.len(), 2);
        assert_eq!(found.search, [&b"a.test"[..], b"#"]);
        assert!(kept(b"search .\n").unwrap().search.is_empty());
        assert!(kept(b"nameserver x\n").is_err());
    }
}
