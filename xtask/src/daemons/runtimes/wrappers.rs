//! A container's whole life through our wrapper script, whose arguments have every awkward
//! character: it starts, commands run in it, and it stops, while the configuration is loaded
//! anew, the daemon restarts, and scripts that nobody needs are removed.

use super::bundle;
use super::program::{self, Program};
use crate::daemons::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const CONFIG: &str = "/tmp/daemon.json";
const SOCKET: &str = "/run/host/daemon-host.sock";
/// Where dockerd's containerd keeps its bundles, below our exec root.
const BUNDLES: &str = "/run/host/containerd/daemon/io.containerd.runtime.v2.task/moby";

/// Plays it with every runtime of a tree.
pub(super) fn run(tree: &str, stage: &Stage, group: &str) -> Result<String> {
    let mut said = Vec::new();
    for program in program::of(tree) {
        let version = program.version(stage)?;
        let who = format!("{} {version}", program.name);
        let life = Life {
            program,
            stage,
            group,
        };
        life.live().with_context(|| who.clone())?;
        said.push(who);
    }
    ensure!(!said.is_empty(), "no runtime was tried");
    let who = said.join(", ");
    Ok(format!(
        "started, entered and stopped through scripts: {who}"
    ))
}

struct Life<'a> {
    program: &'static Program,
    stage: &'a Stage,
    group: &'a str,
}

impl Life<'_> {
    fn live(&self) -> Result<()> {
        self.configure("before")?;
        let daemon = self.start_daemon()?;
        let script = self.resolve()?;
        self.start_container(&script)?;
        ensure!(
            Path::new("/run").join(self.states("before")).is_dir(),
            "no state directory"
        );
        self.works(&script).context("started")?;

        self.configure("after")?;
        inside::output(self.stage.tool().args(["reload", "--socket", SOCKET]))?;
        let other = self.resolve()?;
        ensure!(
            other != script,
            "a reload with another argument gave the same script"
        );
        self.works(&script).context("after a reload")?;
        let states = self.call(&other, &["state", self.program.name]).output()?;
        ensure!(
            !states.status.success(),
            "the new script finds the states of the old one"
        );

        self.end(daemon)?;
        self.gc(&script, true)?;
        self.works(&script)
            .context("after the removal of scripts")?;
        let daemon = self.start_daemon()?;
        self.works(&script).context("after a restart")?;
        self.stop_container(&script)?;
        self.end(daemon)?;
        self.gc(&script, false)?;
        ensure!(
            other.exists(),
            "the script of the configuration was removed"
        );
        inside::output(&mut self.call(&other, &["--version"])).map(drop)
    }

    /// The name of the state directory: every character that a name and JSON can have.
    fn states(&self, when: &str) -> String {
        let ascii = (1..=0x7f_u8).map(char::from).filter(|c| *c != '/');
        let further = ['é', '\u{a0}', '\u{2028}', '漢', '\u{feff}'];
        let borne = |c: &char| !self.program.abhors.contains(*c);
        ascii
            .chain(further)
            .filter(borne)
            .chain(when.chars())
            .collect()
    }

    fn configure(&self, when: &str) -> Result<()> {
        let mut arguments: Vec<String> = Vec::new();
        arguments.extend(self.program.arguments.iter().map(|&word| word.to_owned()));
        let states = format!("/run/{}", self.states(when));
        arguments.extend(["--root".to_owned(), states]);
        let config = json!({
            "data-root": "/var/lib/host", "exec-root": "/run/host",
            "runtimes": {"tried": {"path": self.program.path, "runtimeArgs": arguments}},
        });
        self.stage.write(CONFIG, &config.to_string())
    }

    fn start_daemon(&self) -> Result<Started> {
        std::fs::create_dir_all("/var/lib/host").context("/var/lib/host")?;
        let mut command = self.stage.tool();
        command.args(["run", "--config", CONFIG, "--socket", SOCKET]);
        let daemon = Started::new(&mut command, "/tmp/daemon-host.log".into())?;
        let ready = || Path::new(SOCKET).exists();
        until(
            "daemon-host run to be ready",
            Duration::from_secs(60),
            ready,
        )
        .with_context(|| format!("it said: {}", daemon.said().trim()))?;
        Ok(daemon)
    }

    fn end(&self, mut daemon: Started) -> Result<()> {
        let status = daemon.end()?;
        ensure!(
            status.success(),
            "daemon-host run: {status}: {}",
            daemon.said().trim()
        );
        Ok(())
    }

    /// What the daemon would run.
    fn resolve(&self) -> Result<PathBuf> {
        let answer = self.ask(&["runtimes", "resolve", "tried"])?;
        answer["script"]
            .as_str()
            .map(PathBuf::from)
            .with_context(|| answer.to_string())
    }

    fn ask(&self, words: &[&str]) -> Result<Value> {
        let mut command = self.stage.tool();
        command.args(words).args(["--json", "--config", CONFIG]);
        let text = inside::output(&mut command)?;
        serde_json::from_str(&text).with_context(|| format!("{command:?}: {text}"))
    }

    fn call(&self, script: &Path, words: &[&str]) -> Command {
        let mut command = self.stage.command(&script.to_string_lossy());
        command.args(words);
        command
    }

    fn start_container(&self, script: &Path) -> Result<()> {
        let name = self.program.name;
        let bundle = bundle::write(name, self.group, "exec sleep 1000", None)?;
        // A pipe would be held open by the container.
        let log = std::fs::File::create("/tmp/start.log").context("start.log")?;
        let mut command = self.call(script, &["run", "--detach", "--bundle"]);
        command.arg(&bundle).arg(name);
        let status = command.stdout(Stdio::null()).stderr(log).status()?;
        let said = || std::fs::read_to_string("/tmp/start.log").unwrap_or_default();
        ensure!(
            status.success(),
            "starting: {status}: {}",
            inside::tail(&said())
        );
        // As containerd's shim keeps it for every later call.
        let path = format!("{BUNDLES}/{name}/runtime");
        self.stage.write(&path, &script.to_string_lossy())
    }

    /// A command runs in the container, with its words and exit code as they are.
    fn works(&self, script: &Path) -> Result<()> {
        let odd = "it's \"$x\" \\n\n\t * ; é";
        let words = [
            "exec",
            self.program.name,
            "/bin/sh",
            "-c",
            "echo \"$1\"; exit 42",
            "sh",
            odd,
        ];
        let output = self.call(script, &words).output().context("exec")?;
        ensure!(
            output.status.code() == Some(42) && output.stdout == format!("{odd}\n").as_bytes(),
            "a command in the container: {output:?}"
        );
        Ok(())
    }

    fn stop_container(&self, script: &Path) -> Result<()> {
        let name = self.program.name;
        inside::output(&mut self.call(script, &["kill", name, "KILL"])).context("kill")?;
        until("the container to end", Duration::from_secs(20), || {
            let state = self.call(script, &["state", name]).output();
            state.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("stopped"))
        })?;
        inside::output(&mut self.call(script, &["delete", name])).context("delete")?;
        let bundle = format!("{BUNDLES}/{name}");
        std::fs::remove_dir_all(&bundle).context(bundle)
    }

    /// Removes what nobody needs: this script stays as long as the container lives.
    fn gc(&self, script: &Path, stays: bool) -> Result<()> {
        let answer = self.ask(&["runtimes", "gc"])?;
        ensure!(script.exists() == stays, "stays: {stays}, but: {answer}");
        let verdicts = answer["verdicts"].as_array().context("verdicts")?;
        let path = script.to_string_lossy();
        let own = verdicts.iter().find(|verdict| verdict["path"] == *path);
        let own = own.with_context(|| format!("no verdict about it: {answer}"))?;
        ensure!(own["remove"] == !stays, "{own}");
        Ok(())
    }
}
