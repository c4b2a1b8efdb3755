//! `run` killed at any moment: the next start puts everything right.
//!
//! Fifteen rounds; `DAEMON_HOST_KILLS=1000` for more.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use daemon_host::mountscan::{MountTable, UniqueMountId};
use nix::mount::{MsFlags, mount};
use serde_json::json;
use support::namespace::own;

use crate::command::{SPACE, command, run};

const LONG: Duration = Duration::from_secs(30);

/// One machine for all daemons of the test: their mounts outlive them.
struct Machine {
    dir: tempfile::TempDir,
    /// The first process of a container that lives all the time.
    container: Child,
    /// The mount that this container has.
    mount: Option<UniqueMountId>,
    moment: u64,
}

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn mount_tmpfs(at: &Path) {
    fs::create_dir_all(at).unwrap();
    let none = None::<&str>;
    mount(Some("shm"), at, Some("tmpfs"), MsFlags::empty(), none).unwrap();
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        mount_tmpfs(dir.path());
        let container = Command::new("sleep").arg("600").spawn().unwrap();
        let mut machine = Self {
            dir,
            container,
            mount: None,
            moment: 1,
        };
        mount_tmpfs(&machine.shm('a'));
        machine.mount = machine.living();
        let state = machine.path("exec/runtime-runc/moby").join(id('a'));
        fs::create_dir_all(&state).unwrap();
        let text = json!({ "init_process_pid": machine.container.id() });
        fs::write(state.join("state.json"), text.to_string()).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn shm(&self, digit: char) -> PathBuf {
        self.path("data/containers")
            .join(id(digit))
            .join("mounts/shm")
    }

    /// The live container's mount, by the number that is never used again.
    fn living(&self) -> Option<UniqueMountId> {
        let table = MountTable::current().unwrap();
        let row = table
            .topmost(&self.shm('a'))
            .expect("the live container's shm");
        row.unique_id()
    }

    fn configure(&self, argument: u64) {
        let text = json!({
            "data-root": self.path("data"),
            "exec-root": self.path("exec"),
            "runtimes": { "w": { "path": "/bin/echo", "runtimeArgs": [argument.to_string()] } },
        });
        fs::write(self.path("daemon.json"), text.to_string()).unwrap();
    }

    fn args(&self) -> [String; 5] {
        let (config, pid) = (self.path("daemon.json"), self.path("pid"));
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        [
            "run".into(),
            "--config".into(),
            path(config),
            "--pidfile".into(),
            path(pid),
        ]
    }

    fn start(&self) -> Child {
        let args = self.args();
        let mut daemon = command(&args.each_ref().map(String::as_str));
        daemon
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn reload(&self) -> i32 {
        let socket = self.path("exec/daemon-host.sock");
        run(&["reload", "--socket", socket.to_str().unwrap()]).code
    }

    /// Up to so long from now, another moment each time.
    fn some_moment(&mut self, longest: Duration) {
        self.moment = self
            .moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(longest.mul_f64((self.moment >> 40) as f64 / (1 << 24) as f64));
    }

    /// What has to be so once a daemon is up.
    fn check(&self, daemon: &Child) {
        let table = MountTable::current().unwrap();
        assert_eq!(
            table.at(&self.path("data")).len(),
            1,
            "the root is prepared once"
        );
        assert!(
            !table.is_mount_point(&self.shm('d')),
            "the dead container is swept"
        );
        assert_eq!(
            self.living(),
            self.mount,
            "the live one has the mount it had"
        );
        let pid = fs::read_to_string(self.path("pid")).unwrap();
        assert_eq!(pid.trim(), daemon.id().to_string());
        assert!(!self.path(".pid.tmp").exists());
        let args = self.args();
        let second = run(&args.each_ref().map(String::as_str)).expect(2);
        assert!(
            second.stderr.contains("another daemon"),
            "{}",
            second.stderr
        );
        for entry in fs::read_dir(self.path("data/runtimes")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.starts_with("w.") {
                assert!(name.contains("lock"), "{name} is left over");
                continue;
            }
            let ran = Command::new(&path).arg("ok").output().unwrap();
            assert!(
                ran.status.success() && ran.stdout.ends_with(b" ok\n"),
                "{name}: {ran:?}"
            );
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.container.kill();
        let _ = self.container.wait();
    }
}

#[test]
fn killed_at_any_moment_the_next_start_puts_everything_right() {
    own(SPACE, killed_again_and_again);
}

fn killed_again_and_again() {
    let mut machine = Machine::new();
    let rounds = env::var("DAEMON_HOST_KILLS").map_or(15, |count| count.parse().unwrap());
    let mut start_takes = Duration::from_millis(50);
    for round in 0..rounds {
        mount_tmpfs(&machine.shm('d'));
        machine.configure(round);
        // Killed while it starts, or soon after.
        let mut daemon = machine.start();
        machine.some_moment(start_takes);
        daemon.kill().unwrap();
        daemon.wait().unwrap();

        let begin = Instant::now();
        let mut daemon = machine.start();
        while machine.reload() != 0 {
            assert_eq!(
                daemon.try_wait().unwrap(),
                None,
                "round {round}: it has ended"
            );
            assert!(begin.elapsed() < LONG, "round {round}: it does not answer");
        }
        start_takes = begin.elapsed();
        machine.check(&daemon);

        // The operator's clean-up spares what the daemon spares.
        mount_tmpfs(&machine.shm('d'));
        let config = machine.path("daemon.json");
        let cleanup = ["root", "cleanup", "--config", config.to_str().unwrap()];
        let dead = id('d');
        let swept = run(&[&cleanup[..], &["--id", &dead]].concat()).expect(0);
        assert!(swept.stdout.contains("1 mount gone"), "{}", swept.stdout);
        let plan = run(&[&cleanup[..], &["--dry-run", "--json"]].concat()).json();
        assert_eq!(plan["steps"], json!([]), "nobody but the living is there");
        assert_eq!(plan["root"]["action"], "keep", "{plan}");

        // Killed while it reloads.
        let reload = {
            machine.configure(round + 1000);
            let socket = machine.path("exec/daemon-host.sock");
            let mut reload = command(&["reload", "--socket", socket.to_str().unwrap()]);
            reload.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        machine.some_moment(Duration::from_millis(8));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        reload.unwrap().wait().unwrap();
    }
}
