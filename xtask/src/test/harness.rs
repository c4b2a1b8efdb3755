//! Builds every test harness of the workspace in one cargo call and runs them
//! one by one: one build, one feature set, and a verdict for each binary.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use crate::cargo::{self, Package};

/// Which tier a harness belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Unit,
    Integration,
    Parity,
    Fuzz,
    Vm,
}

/// One test binary.
#[derive(Debug)]
pub(crate) struct Harness {
    pub(crate) package: String,
    /// Target name, when it is not the package's own.
    pub(crate) target: String,
    pub(crate) kind: Kind,
    dir: PathBuf,
    executable: PathBuf,
}

/// What a build made.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) harnesses: Vec<Harness>,
    /// The `daemon-host` command of the same build.
    pub(crate) command: Option<PathBuf>,
    pub(crate) complete: bool,
}

/// How a harness ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) output: String,
    /// `None` when the deadline passed.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) took: Duration,
}

/// Builds all harnesses of the workspace, and the command the parity tests call.
pub(crate) fn build() -> anyhow::Result<Built> {
    let mut cargo = cargo::cargo([
        "test",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo test --no-run")?;
    let packages = cargo::packages()?;
    let mut built = Built {
        complete: output.status.success(),
        ..Built::default()
    };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Ok(message) = serde_json::from_str::<Value>(line) {
            add_artifact(&mut built, &message, &packages);
        }
    }
    built
        .harnesses
        .sort_by(|a, b| (a.kind, &a.package, &a.target).cmp(&(b.kind, &b.package, &b.target)));
    Ok(built)
}

fn add_artifact(built: &mut Built, message: &Value, packages: &[Package]) {
    let Some(executable) = message["executable"].as_str().map(PathBuf::from) else {
        return;
    };
    let manifest = Path::new(cargo::text(&message["manifest_path"]));
    let top = cargo::root();
    let Some(package) = packages
        .iter()
        .find(|package| Some(top.join(&package.dir).as_path()) == manifest.parent())
    else {
        return;
    };
    let target = cargo::text(&message["target"]["name"]).to_owned();
    if message["profile"]["test"] == true {
        let is_test = cargo::array(&message["target"]["kind"]).any(|kind| kind == "test");
        built.harnesses.push(Harness {
            kind: kind_of(&package.name, is_test),
            package: package.name.clone(),
            target,
            dir: top.join(&package.dir),
            executable,
        });
    } else if target == "daemon-host" {
        built.command = Some(executable);
    }
}

fn kind_of(package: &str, is_test: bool) -> Kind {
    match (package, is_test) {
        ("parity", _) => Kind::Parity,
        ("fuzz", _) => Kind::Fuzz,
        ("vm", true) => Kind::Vm,
        (_, true) => Kind::Integration,
        (_, false) => Kind::Unit,
    }
}

impl Harness {
    /// How a line names it.
    pub(crate) fn label(&self) -> String {
        if self.target.replace('-', "_") == self.package.replace('-', "_") {
            self.package.clone()
        } else {
            format!("{}/{}", self.package, self.target)
        }
    }

    /// Runs it to its end or to the deadline, in its package's directory.
    pub(crate) fn run(&self, command: Option<&Path>, deadline: Duration) -> anyhow::Result<Run> {
        let out = tempfile::NamedTempFile::new().context("temporary file")?;
        let mut child = Command::new(&self.executable);
        child
            .current_dir(&self.dir)
            .env("CARGO_MANIFEST_DIR", &self.dir)
            .env("CARGO_PKG_NAME", &self.package)
            .stdin(Stdio::null())
            .stdout(reopen(out.path())?)
            .stderr(reopen(out.path())?)
            .process_group(0);
        if let Some(command) = command {
            child.env("DAEMON_HOST_BIN", command);
        }
        let started = Instant::now();
        let mut child = child
            .spawn()
            .with_context(|| format!("start {}", self.executable.display()))?;
        let status = wait(&mut child, started + deadline)?;
        let output = fs::read(out.path()).context("read a harness's output")?;
        Ok(Run {
            output: String::from_utf8_lossy(&output).into_owned(),
            status,
            took: started.elapsed(),
        })
    }
}

/// Both streams append to one file, so their lines keep their order.
fn reopen(path: &Path) -> anyhow::Result<File> {
    File::options()
        .append(true)
        .open(path)
        .with_context(|| format!("open {}", path.display()))
}

fn wait(child: &mut Child, until: Instant) -> anyhow::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait().context("wait for a harness")? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            // The group: a hung test may have started processes of its own.
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            child.wait().context("wait for a killed harness")?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
