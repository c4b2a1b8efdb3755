//! podman, rootful, with runc and crun; it has no daemon, so only its shims can be killed.

use super::client::Client;
use super::engine::{Engine, Part};
use crate::daemons::live::processes;
use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

const GRAPH: &str = "/var/lib/containers/storage";

/// podman with its store on a file system of its own.
pub(crate) struct Podman<'a> {
    client: Client<'a>,
}

impl<'a> Podman<'a> {
    pub(crate) fn new(stage: &'a Stage, group: &'a str) -> Result<Self> {
        let policy = r#"{"default":[{"type":"insecureAcceptAnything"}]}"#;
        stage.write("/etc/containers/policy.json", policy)?;
        let config = "[engine]\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\n";
        stage.write("/etc/containers/containers.conf", config)?;
        inside::on("tmpfs", Path::new("/var/lib/containers"), "mode=755")?;
        let options = vec![format!("--cgroup-parent=/{group}")];
        let program = "/usr/bin/podman";
        let client = Client {
            stage,
            program,
            options,
        };
        Ok(Self { client })
    }
}

impl Engine for Podman<'_> {
    fn start(&mut self) -> Result<String> {
        if processes::named("conmon").is_empty() {
            // podman takes containers that lost their conmon for running until the next
            // boot, which finds these directories gone.
            for state in ["/run/libpod", "/run/containers", "/run/runc", "/run/crun"] {
                let _ = std::fs::remove_dir_all(state);
            }
        }
        self.client.import()?;
        let version = self.client.said(&["--version"])?;
        Ok(format!("{version} with runc and crun"))
    }

    fn kill(&mut self) -> Result<()> {
        Ok(())
    }

    fn answers(&self) -> bool {
        true
    }

    fn roots(&self) -> Vec<PathBuf> {
        vec![GRAPH.into()]
    }

    fn cast(&self) -> Vec<(String, Part)> {
        [
            ("runc-plain", Part::Plain),
            ("crun-plain", Part::Plain),
            ("runc-shimless", Part::WithoutShim),
            ("crun-shimless", Part::WithoutShim),
            ("crun-orphan", Part::Orphan),
        ]
        .map(|(name, part)| (name.to_owned(), part))
        .into()
    }

    fn run(&self, name: &str, part: Part) -> Result<()> {
        let runtime = name.split('-').next().unwrap_or(name);
        self.client.run(name, runtime, part)
    }

    fn once(&self) -> Command {
        self.client.once("crun")
    }

    fn init(&self, name: &str) -> Result<u32> {
        let text = self
            .client
            .said(&["inspect", "--format", "{{.State.Pid}}", name])?;
        text.parse().with_context(|| format!("pid {text:?}"))
    }

    fn exec(&self, name: &str, script: &str) -> Command {
        self.client.exec(name, script)
    }

    fn exec_without_engine(&self, name: &str, _id: &str, script: &str) -> Command {
        self.exec(name, script)
    }

    fn id(&self, name: &str) -> Result<String> {
        self.client.said(&["inspect", "--format", "{{.Id}}", name])
    }

    fn restart(&self, name: &str) -> Result<()> {
        self.client.restart(name)
    }

    fn start_again(&self, name: &str) -> Result<()> {
        self.client.start_again(name)
    }

    fn is_own(&self, point: &Path) -> bool {
        // podman binds its store over itself, so that no mount in it is shared.
        point == Path::new(GRAPH).join("overlay")
    }

    fn clean_up_arguments(&self) -> Vec<String> {
        let layer = "overlay/[0-9a-f]{64}/merged";
        let shm = "overlay-containers/[0-9a-f]{64}/userdata/shm";
        let mut arguments = vec!["--data-root", GRAPH, "--rule", layer, "--rule", shm];
        arguments.extend(["--state-dir", "/run/crun", "--state-dir", "/run/runc"]);
        arguments.into_iter().map(str::to_owned).collect()
    }

    fn configuration(&self) -> String {
        // Of a daemon that has nothing to do with podman.
        let (data, exec) = ("/var/lib/other", "/run/other");
        let _ = std::fs::create_dir_all(data);
        serde_json::json!({"data-root": data, "exec-root": exec}).to_string()
    }
}
