//! podman, rootful, with runc and crun; it has no daemon, so only its shims can be killed.

use super::engine::{Engine, Part};
use super::image;
use crate::daemons::live::processes;
use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

const GRAPH: &str = "/var/lib/containers/storage";

/// podman with its store on a file system of its own.
pub(crate) struct Podman<'a> {
    stage: &'a Stage,
    group: &'a str,
}

impl<'a> Podman<'a> {
    pub(crate) fn new(stage: &'a Stage, group: &'a str) -> Result<Self> {
        let policy = r#"{"default":[{"type":"insecureAcceptAnything"}]}"#;
        stage.write("/etc/containers/policy.json", policy)?;
        let config = "[engine]\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\n";
        stage.write("/etc/containers/containers.conf", config)?;
        inside::on("tmpfs", Path::new("/var/lib/containers"), "mode=755")?;
        Ok(Self { stage, group })
    }

    fn podman(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.command("/usr/bin/podman");
        command.env("PODMAN_IGNORE_CGROUPSV1_WARNING", "1");
        command.args(arguments);
        command
    }

    fn said(&self, arguments: &[&str]) -> Result<String> {
        let text = inside::output(&mut self.podman(arguments))?;
        Ok(text.trim().to_owned())
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
        if self.said(&["images", "-q", image::NAME])?.is_empty() {
            self.said(&["import", image::ARCHIVE, image::NAME])?;
        }
        Ok(format!("{} with runc and crun", self.said(&["--version"])?))
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
        let group = format!("--cgroup-parent=/{}", self.group);
        let mut arguments = vec!["run", "-d", "--name", name, "--runtime", runtime, &group];
        arguments.extend(["--network", "none"]);
        if part == Part::Orphan {
            arguments.extend(["--pid", "host"]);
        }
        arguments.push(image::NAME);
        arguments.extend(["/bin/sh", "-c", "sleep 2000 & exec sleep 2001"]);
        self.said(&arguments).map(drop)
    }

    fn once(&self) -> Command {
        let group = format!("--cgroup-parent=/{}", self.group);
        let mut command = self.podman(&["run", "--rm", "--network", "none", &group]);
        command.arg(image::NAME).args(image::LOOK);
        command
    }

    fn init(&self, name: &str) -> Result<u32> {
        let text = self.said(&["inspect", "--format", "{{.State.Pid}}", name])?;
        text.parse().with_context(|| format!("pid {text:?}"))
    }

    fn exec(&self, name: &str, script: &str) -> Command {
        self.podman(&["exec", name, "/bin/sh", "-c", script])
    }

    fn exec_without_engine(&self, name: &str, _id: &str, script: &str) -> Command {
        self.exec(name, script)
    }

    fn id(&self, name: &str) -> Result<String> {
        self.said(&["inspect", "--format", "{{.Id}}", name])
    }

    fn restart(&self, name: &str) -> Result<()> {
        self.said(&["restart", "-t", "0", name]).map(drop)
    }

    fn start_again(&self, name: &str) -> Result<()> {
        self.said(&["start", name]).map(drop)
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
