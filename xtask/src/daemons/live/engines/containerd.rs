//! containerd by `ctr`, in two namespaces, with runc and crun, or with gVisor.

use super::engine::{Engine, Part};
use super::image;
use super::runtime::{CRUN, RUNC, Runtime};
use crate::daemons::live::processes;
use crate::daemons::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const RUN: &str = "/run/containerd";
const NAMESPACES: [&str; 2] = ["default", "k8s.io"];
const LAYOUT: &str = "/tmp/layout.tar";
const WRAPPER: &str = "/usr/bin/runsc-with-arguments";

/// containerd with its snapshots on a file system of their own.
pub(crate) struct Containerd<'a> {
    stage: &'a Stage,
    group: &'a str,
    /// gVisor, if it is the runtime of all containers.
    gvisor: Option<Runtime>,
    /// What each container has bound: from and to.
    pub(crate) binds: Vec<(String, String)>,
    daemon: Option<Started>,
}

impl<'a> Containerd<'a> {
    pub(crate) fn new(stage: &'a Stage, group: &'a str, gvisor: Option<Runtime>) -> Result<Self> {
        inside::on("tmpfs", Path::new("/var/lib/containerd"), "mode=711")?;
        image::write_layout(Path::new(LAYOUT))?;
        Ok(Self {
            stage,
            group,
            gvisor: gvisor.map(|runtime| wrapped(stage, runtime)).transpose()?,
            binds: Vec::new(),
            daemon: None,
        })
    }

    fn ctr(&self, namespace: &str, arguments: &[&str]) -> Command {
        let mut command = self.stage.command("/usr/bin/ctr");
        command.args(["-n", namespace]).args(arguments);
        command
    }

    fn said(&self, namespace: &str, arguments: &[&str]) -> Result<String> {
        let text = inside::output(&mut self.ctr(namespace, arguments))?;
        Ok(text.trim().to_owned())
    }

    fn runtime(&self, id: &str) -> Runtime {
        match self.gvisor {
            Some(runtime) => runtime,
            None if id.starts_with("crun") => CRUN,
            None => RUNC,
        }
    }

    fn import(&self) -> Result<()> {
        for namespace in NAMESPACES {
            if self.said(namespace, &["images", "list", "-q"])?.is_empty() {
                self.said(namespace, &["images", "import", LAYOUT])?;
            }
        }
        Ok(())
    }
}

/// The same runtime behind a script with its arguments: `ctr` takes the path of a program alone.
fn wrapped(stage: &Stage, runtime: Runtime) -> Result<Runtime> {
    let words = runtime.arguments.join(" ");
    let script = format!("#!/bin/sh\nexec {} {words} \"$@\"\n", runtime.path);
    stage.write(WRAPPER, &script)?;
    std::fs::set_permissions(WRAPPER, Permissions::from_mode(0o755)).context(WRAPPER)?;
    Ok(Runtime {
        path: WRAPPER,
        arguments: &[],
        ..runtime
    })
}

/// Names are `NAMESPACE/RUNTIME-PART`; containers of two namespaces have the same id.
fn parts(name: &str) -> (&str, &str) {
    name.split_once('/').unwrap_or(("default", name))
}

impl Engine for Containerd<'_> {
    fn start(&mut self) -> Result<String> {
        let daemon = self.stage.start("/usr/bin/containerd", &[])?;
        until("containerd to answer", Duration::from_secs(60), || {
            self.said("default", &["version"]).is_ok()
        })
        .with_context(|| format!("its log ends: {}", inside::tail(&daemon.said())))?;
        self.daemon = Some(daemon);
        self.import()?;
        let mut command = self.stage.command("/usr/bin/containerd");
        let version = inside::output(command.arg("--version"))?;
        let version = version.split_whitespace().nth(2).unwrap_or("?").to_owned();
        let runtimes = match self.gvisor {
            Some(runtime) => {
                let said = inside::output(self.stage.command(runtime.path).arg("--version"))?;
                said.lines().next().unwrap_or_default().to_owned()
            }
            None => "runc and crun".to_owned(),
        };
        Ok(format!(
            "containerd {version} with {runtimes} in two namespaces"
        ))
    }

    fn kill(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), Started::kill)
    }

    fn answers(&self) -> bool {
        self.daemon.is_some()
    }

    fn roots(&self) -> Vec<PathBuf> {
        vec![RUN.into()]
    }

    fn cast(&self) -> Vec<(String, Part)> {
        let names = match self.gvisor {
            // It names its socket by the id alone: two namespaces cannot have the same.
            Some(_) => [
                "default/one",
                "k8s.io/two",
                "default/three",
                "k8s.io/four",
                "default/five",
            ],
            None => [
                "default/runc-plain",
                "k8s.io/runc-plain",
                "default/crun-shimless",
                "k8s.io/crun-doomed",
                "default/crun-doomed",
            ],
        };
        let parts = [
            Part::Plain,
            Part::Plain,
            Part::WithoutShim,
            Part::Doomed,
            Part::Doomed,
        ];
        names.map(str::to_owned).into_iter().zip(parts).collect()
    }

    fn run(&self, name: &str, _part: Part) -> Result<()> {
        let (namespace, id) = parts(name);
        let group = format!("/{}/{namespace}-{id}", self.group);
        let mut arguments = vec!["run", "-d", "--cgroup", &group];
        let binds = self.binds.iter();
        let binds: Vec<String> = binds
            .map(|(from, to)| format!("type=bind,src={from},dst={to},options=rbind:ro"))
            .collect();
        arguments.extend(binds.iter().flat_map(|bind| ["--mount", bind]));
        arguments.extend(["--runc-binary", self.runtime(id).path, image::NAME, id]);
        arguments.extend(image::SLEEP);
        self.said(namespace, &arguments).map(drop)
    }

    fn once(&self) -> Command {
        let group = format!("/{}/once", self.group);
        let mut command = self.ctr("default", &["run", "--rm", "--cgroup", &group]);
        command.args([image::NAME, "once"]).args(image::LOOK);
        command
    }

    fn init(&self, name: &str) -> Result<u32> {
        let path = format!("{RUN}/io.containerd.runtime.v2.task/{name}/init.pid");
        let text = std::fs::read_to_string(&path).context(path)?;
        text.trim().parse().context("init.pid")
    }

    fn exec(&self, name: &str, script: &str) -> Command {
        let (namespace, id) = parts(name);
        let arguments = [
            "task",
            "exec",
            "--exec-id",
            "look",
            id,
            "/bin/sh",
            "-c",
            script,
        ];
        self.ctr(namespace, &arguments)
    }

    fn exec_without_engine(&self, name: &str, _id: &str, script: &str) -> Command {
        let (namespace, id) = parts(name);
        let states = Path::new(RUN).join("runc").join(namespace);
        self.runtime(id).exec(self.stage, &states, id, script)
    }

    fn id(&self, name: &str) -> Result<String> {
        Ok(parts(name).1.to_owned())
    }

    fn restart(&self, name: &str) -> Result<()> {
        let (namespace, id) = parts(name);
        let init = self.init(name)?;
        self.said(namespace, &["task", "kill", "-s", "SIGKILL", id])?;
        until("the task to end", Duration::from_secs(10), || {
            !processes::is_alive(init)
        })?;
        self.start_again(name)
    }

    fn start_again(&self, name: &str) -> Result<()> {
        let (namespace, id) = parts(name);
        // A task of a dead process may be gone already. Only without -f is one of gVisor
        // deleted, because it has nothing to kill.
        until("a dead task to go", Duration::from_secs(20), || {
            let _ = self.said(namespace, &["task", "rm", "-f", id]);
            let _ = self.said(namespace, &["task", "rm", id]);
            let tasks = self.said(namespace, &["task", "list", "-q"]);
            tasks.is_ok_and(|tasks| tasks.lines().all(|task| task != id))
        })?;
        self.said(namespace, &["task", "start", "-d", id]).map(drop)
    }

    fn clean_up_arguments(&self) -> Vec<String> {
        let rule = r"io\.containerd\.runtime\.v2\.task/[^/]+/[^/]+/rootfs";
        let mut arguments = vec!["--data-root".to_owned(), RUN.to_owned()];
        arguments.extend(["--rule".to_owned(), rule.to_owned()]);
        for namespace in NAMESPACES {
            arguments.push("--state-dir".to_owned());
            arguments.push(format!("{RUN}/runc/{namespace}"));
        }
        arguments
    }

    fn sees_the_host(&self) -> bool {
        self.gvisor.is_none_or(|runtime| !runtime.is_sandbox)
    }

    fn configuration(&self) -> String {
        let (data, exec) = ("/var/lib/other", "/run/other");
        let _ = std::fs::create_dir_all(data);
        serde_json::json!({"data-root": data, "exec-root": exec}).to_string()
    }
}
