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
use support::skip::{self, Skip};

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
    /// Tests that did not run though libtest counts them as passed.
    pub(crate) skips: Vec<Skip>,
}

/// How the harnesses are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conduct<'a> {
    /// The `daemon-host` command that the parity tests call.
    pub(crate) command: Option<&'a Path>,
    pub(crate) deadline: Duration,
    /// A test that cannot run fails.
    pub(crate) require: bool,
}

/// Builds all harnesses of the workspace, and the command the parity tests call.
pub(crate) fn build() -> anyhow::Result<Built> {
    build_by(cargo::cargo(["test", "--workspace"]))
}

/// Builds the harnesses that a `cargo test` would run.
pub(crate) fn build_by(mut cargo: Command) -> anyhow::Result<Built> {
    let output = cargo
        .args(["--no-run", "--message-format=json-render-diagnostics"])
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
    pub(crate) fn run(&self, conduct: Conduct<'_>) -> anyhow::Result<Run> {
        let place = tempfile::tempdir().context("temporary directory")?;
        let (out, skips) = (place.path().join("out"), place.path().join("skips"));
        File::create(&out).context("a file for a harness's output")?;
        let mut child = Command::new(&self.executable);
        child
            .current_dir(&self.dir)
            .env("CARGO_MANIFEST_DIR", &self.dir)
            .env("CARGO_PKG_NAME", &self.package)
            .stdin(Stdio::null())
            .env(skip::FILE_VARIABLE, &skips)
            .stdout(reopen(&out)?)
            .stderr(reopen(&out)?)
            .process_group(0);
        if conduct.require {
            child.env(skip::REQUIRE_VARIABLE, "1");
        }
        if let Some(command) = conduct.command {
            child.env("DAEMON_HOST_BIN", command);
        }
        let started = Instant::now();
        let mut child = child
            .spawn()
            .with_context(|| format!("start {}", self.executable.display()))?;
        let status = wait(&mut child, started + conduct.deadline)?;
        let took = started.elapsed();
        let output = fs::read(&out).context("read a harness's output")?;
        Ok(Run {
            output: String::from_utf8_lossy(&output).into_owned(),
            status,
            took,
            skips: skips_in(&skips)?,
        })
    }
}

/// What the tests of a harness wrote into their file; none wrote where there is none.
pub(crate) fn skips_in(file: &Path) -> anyhow::Result<Vec<Skip>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(skip::parse(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("read {}", file.display())),
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
