//! dockerd with one of the runtimes.

use super::client::Client;
use super::engine::{Engine, Part};
use super::runtime::Runtime;
use crate::daemons::live::processes;
use crate::daemons::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const DATA: &str = "/var/lib/docker";
const STATES: &str = "/run/docker/runtime-runc/moby";

/// dockerd, and the runtime of its containers.
pub(crate) struct Docker<'a> {
    stage: &'a Stage,
    client: Client<'a>,
    group: &'a str,
    runtime: Runtime,
    daemon: Option<Started>,
}

impl<'a> Docker<'a> {
    pub(crate) fn new(stage: &'a Stage, group: &'a str, runtime: Runtime) -> Result<Self> {
        // live-restore: containers outlive the daemon that is killed.
        let config = serde_json::json!({
            "storage-driver": "overlay2", "live-restore": true,
            "runtimes": {"tried": {"path": runtime.path, "runtimeArgs": runtime.arguments}},
        });
        stage.write("/etc/docker/daemon.json", &config.to_string())?;
        inside::on("tmpfs", Path::new(DATA), "mode=711")?;
        inside::share(Path::new(DATA))?;
        Ok(Self {
            stage,
            client: Client {
                stage,
                program: "/usr/bin/docker",
                options: ["--ipc", "shareable"].map(str::to_owned).into(),
            },
            group,
            runtime,
            daemon: None,
        })
    }

    /// Makes the data root private. In a pid namespace of its own nothing proves that nobody
    /// lives on what is shared with others.
    pub(crate) fn unshare(&self) -> Result<()> {
        inside::make_private(Path::new(DATA))
    }

    /// A command of the client.
    pub(crate) fn client(&self, arguments: &[&str]) -> Command {
        self.client.command(arguments)
    }

    fn start_daemon(&mut self) -> Result<String> {
        for stale in ["/run/docker.pid", "/run/docker/containerd/containerd.pid"] {
            // dockerd would take a process of the same number for itself.
            let _ = std::fs::remove_file(stale);
        }
        let parent = format!("--cgroup-parent=/{}", self.group);
        let quiet = [
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
            &parent,
        ];
        let daemon = self.stage.start("/usr/sbin/dockerd", &quiet)?;
        let mut version = String::new();
        until("dockerd to answer", Duration::from_secs(60), || {
            let answer = self
                .client
                .said(&["version", "--format", "{{.Server.Version}}"]);
            version = answer.unwrap_or_default();
            !version.is_empty()
        })
        .with_context(|| format!("its log ends: {}", inside::tail(&daemon.said())))?;
        self.daemon = Some(daemon);
        Ok(version)
    }
}

impl Engine for Docker<'_> {
    fn start(&mut self) -> Result<String> {
        let version = self.start_daemon()?;
        self.client.import()?;
        let mut command = self.stage.command(self.runtime.path);
        let runtime = inside::output(command.arg("--version"))?;
        let runtime = runtime.lines().next().unwrap_or_default();
        Ok(format!("dockerd {version} with {runtime}"))
    }

    fn kill(&mut self) -> Result<()> {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill()?;
        }
        processes::named("containerd")
            .into_iter()
            .try_for_each(processes::kill)
    }

    fn answers(&self) -> bool {
        self.daemon.is_some()
    }

    fn roots(&self) -> Vec<PathBuf> {
        [DATA, "/run/docker/netns"].map(PathBuf::from).into()
    }

    fn cast(&self) -> Vec<(String, Part)> {
        let mut cast = vec![
            ("plain".to_owned(), Part::Plain),
            ("shimless".to_owned(), Part::WithoutShim),
            ("doomed".to_owned(), Part::Doomed),
        ];
        if !self.runtime.is_sandbox {
            cast.push(("orphan".to_owned(), Part::Orphan));
        }
        cast
    }

    fn run(&self, name: &str, part: Part) -> Result<()> {
        self.client.run(name, "tried", part)
    }

    fn once(&self) -> Command {
        self.client.once("tried")
    }

    fn init(&self, name: &str) -> Result<u32> {
        // The bundle is there without dockerd as well.
        let path = format!(
            "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/{}/init.pid",
            self.id(name)?
        );
        let text = std::fs::read_to_string(&path).context(path)?;
        text.trim().parse().context("init.pid")
    }

    fn exec(&self, name: &str, script: &str) -> Command {
        self.client.exec(name, script)
    }

    fn exec_without_engine(&self, _name: &str, id: &str, script: &str) -> Command {
        self.runtime.exec(self.stage, Path::new(STATES), id, script)
    }

    fn id(&self, name: &str) -> Result<String> {
        // From Docker's own file, which needs no daemon.
        let directory = Path::new(DATA).join("containers");
        for entry in directory.read_dir()?.flatten() {
            let text = std::fs::read_to_string(entry.path().join("config.v2.json"))?;
            let value: serde_json::Value = serde_json::from_str(&text)?;
            if value["Name"] == format!("/{name}") {
                return Ok(entry.file_name().to_string_lossy().into_owned());
            }
        }
        anyhow::bail!("dockerd has no container {name}")
    }

    fn restart(&self, name: &str) -> Result<()> {
        self.client.restart(name)
    }

    fn start_again(&self, name: &str) -> Result<()> {
        self.client.start_again(name)
    }

    fn clean_up_arguments(&self) -> Vec<String> {
        ["--data-root", DATA, "--exec-root", "/run/docker"]
            .map(str::to_owned)
            .into()
    }

    fn configuration(&self) -> String {
        serde_json::json!({"data-root": DATA, "exec-root": "/run/docker"}).to_string()
    }

    fn takes_over(&self) -> bool {
        self.runtime.is_taken_over
    }

    fn sees_the_host(&self) -> bool {
        !self.runtime.is_sandbox
    }
}
