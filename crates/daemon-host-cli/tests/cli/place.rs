//! A place for the reference daemon, and its start there.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::namespace::{available, prepare};

use crate::command::{Ran, SPACE, command, run};

pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A place for a daemon: its roots, its configuration, and who it tells.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    systemd: UnixDatagram,
}

impl Place {
    /// `None` where the machine has no namespaces for a daemon; then the test is skipped.
    pub(crate) fn new() -> Option<Self> {
        if !available(SPACE) {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        let systemd = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        systemd.set_read_timeout(Some(LONG)).unwrap();
        let place = Self { dir, systemd };
        place.configure("{}");
        Some(place)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn configure(&self, runtimes: &str) {
        let text = format!(
            r#"{{"data-root": {:?}, "exec-root": {:?}, "runtimes": {runtimes}}}"#,
            self.path("data"),
            self.path("exec"),
        );
        fs::write(self.path("daemon.json"), text).unwrap();
    }

    /// Starts the daemon as root of namespaces of its own, and waits until it is ready.
    pub(crate) fn start(&self) -> Child {
        self.start_with(|daemon| daemon)
    }

    /// The same, with changes to how it is started.
    pub(crate) fn start_with(&self, change: impl FnOnce(&mut Command) -> &mut Command) -> Child {
        let mut daemon = command(&[]);
        let daemon = prepare(SPACE, &mut daemon)
            .arg("run")
            .arg("--config")
            .arg(self.path("daemon.json"))
            .arg("--pidfile")
            .arg(self.path("pid"))
            .env("NOTIFY_SOCKET", self.path("notify"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = change(daemon).spawn().unwrap();
        self.wait_for("READY=1");
        child
    }

    /// The same, started by a shell with this script, which gets the command as `$0` and `$@`.
    pub(crate) fn start_by_shell(&self, script: &str) -> Child {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_daemon-host"), "run", "-v"]);
        shell.arg("--config").arg(self.path("daemon.json"));
        shell.env("NOTIFY_SOCKET", self.path("notify"));
        let shell = prepare(SPACE, &mut shell).stdin(Stdio::null());
        let child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        self.wait_for("READY=1");
        child.unwrap()
    }

    pub(crate) fn wait_for(&self, word: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            // A receive with a limit is interrupted when the process is stopped and continued.
            let size = match self.systemd.recv(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                size => size.unwrap(),
            };
            let text = String::from_utf8_lossy(&buffer[..size]).into_owned();
            if text.lines().any(|line| line == word) {
                return text;
            }
        }
    }

    pub(crate) fn reload(&self) -> Ran {
        let socket = self.path("exec/daemon-host.sock");
        run(&["reload", "--json", "--socket", socket.to_str().unwrap()])
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[track_caller]
pub(crate) fn end(mut child: Child) -> Ran {
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < LONG, "the daemon does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ran::new(&child.wait_with_output().unwrap())
}
