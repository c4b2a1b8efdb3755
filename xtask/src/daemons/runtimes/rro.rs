//! What each runtime does with `ro` and `rro`, by a container that writes to a mount and to
//! one below it. It is compared with the documented table, and with what our command says.

use super::bundle::{self, Bind};
use super::facts::{Deed, Found};
use super::program::{self, Program};
use super::trial::{Ended, judge, try_all};
use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = "/source";

/// How long a container may run that writes two files. The slowest needs two seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Writes here and there, and says what could be written.
const SCRIPT: &str = "touch /mnt/top 2>/dev/null && echo top; \
    touch /mnt/below/file 2>/dev/null && echo below; echo end";

/// Tries every runtime of a tree.
pub(super) fn run(tree: &str, stage: &Stage, group: &str) -> Result<String> {
    inside::on("tmpfs", Path::new(SOURCE), "mode=755")?;
    inside::on("tmpfs", &Path::new(SOURCE).join("below"), "mode=755")?;
    let mut said = Vec::new();
    for program in program::of(tree) {
        let version = program.version(stage)?;
        let tried = Tried {
            program,
            stage,
            group,
        };
        let found = tried
            .find()
            .with_context(|| format!("{} {version}", program.name))?;
        let note = found.compare(program.name, &version)?;
        tried.compare_with_ours(&found)?;
        said.push(note.unwrap_or_else(|| format!("{} {version}", program.name)));
    }
    ensure!(!said.is_empty(), "no runtime was tried");
    Ok(format!("as documented: {}", said.join(", ")))
}

struct Tried<'a> {
    program: &'static Program,
    stage: &'a Stage,
    group: &'a str,
}

impl Tried<'_> {
    fn find(&self) -> Result<Found> {
        let deeds = try_all(|option| self.give(option))?;
        Ok(Found {
            lists: self.lists()?,
            given_rro: deeds.given_rro,
            given_ro: deeds.given_ro,
        })
    }

    /// Runs a container whose mount has this option. One that does not end is tried once more.
    fn give(&self, option: &str) -> Result<Ended> {
        let source = Path::new(SOURCE);
        for _ in 0..2 {
            for name in ["top", "below/file"] {
                // Left by the container before, if it could write.
                let _ = std::fs::remove_file(source.join(name));
            }
            let bind = Bind {
                source,
                options: &["rbind", option],
            };
            let id = format!("{}-{option}", self.program.name);
            let bundle = bundle::write(&id, self.group, SCRIPT, Some(&bind))?;
            let Some((success, said)) = self.run_container(&bundle, &id)? else {
                continue;
            };
            let written = ["top", "below/file"].map(|name| source.join(name).exists());
            let has_run = said.lines().any(|line| line == "end");
            return judge(has_run, success, written, &said)
                .with_context(|| format!("{option}: success {success}, {written:?}: {said}"));
        }
        bail!("{option}: twice it did not end within {LIMIT:?}")
    }

    /// Whether the runtime ended with success, and what it and its container said; `None` if it did
    /// not end, and was removed.
    fn run_container(&self, bundle: &Path, id: &str) -> Result<Option<(bool, String)>> {
        // A pipe would be held open by what is left of a container that hangs.
        let log = Path::new("/tmp/rro.log");
        let file = File::create(log).context("rro.log")?;
        let mut command = self.called("run");
        command.arg("--bundle").arg(bundle).arg(id);
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let mut child = command.spawn().context("running it")?;
        let end = Instant::now() + LIMIT;
        while Instant::now() < end {
            if let Some(status) = child.try_wait()? {
                let said = std::fs::read(log).context("rro.log")?;
                let said = String::from_utf8_lossy(&said).into_owned();
                return Ok(Some((status.success(), said)));
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        let delete = |words: &[&str]| self.called("delete").args(words).status();
        delete(&["--force", id]).context("removing what hangs")?;
        Ok(None)
    }

    fn called(&self, subcommand: &str) -> Command {
        let mut command = self.stage.command(self.program.path);
        command.args(self.program.arguments).arg(subcommand);
        command
    }

    /// Whether its features document lists the option.
    fn lists(&self) -> Result<&'static str> {
        let output = self
            .stage
            .command(self.program.path)
            .arg("features")
            .output()?;
        if !output.status.success() {
            return Ok("no command");
        }
        let document: Value = serde_json::from_slice(&output.stdout).context("its features")?;
        let options = document["mountOptions"]
            .as_array()
            .context("mountOptions")?;
        Ok(if options.contains(&json!("rro")) {
            "yes"
        } else {
            "no"
        })
    }

    fn compare_with_ours(&self, found: &Found) -> Result<()> {
        let config = json!({"runtimes": {"tried": {
            "path": self.program.path, "runtimeArgs": self.program.arguments,
        }}});
        self.stage.write("/tmp/daemon.json", &config.to_string())?;
        let mut command = self.stage.tool();
        command.args([
            "rro",
            "--json",
            "--runtime",
            "tried",
            "--config",
            "/tmp/daemon.json",
        ]);
        let output = command.output().context("asking our command")?;
        let answer: Value = serde_json::from_slice(&output.stdout).context("its answer")?;
        let ours = &answer["runtimes"][0];
        let verdict = match found.given_rro {
            Deed::Recursive => "yes",
            _ => "no",
        };
        let plain = match found.given_ro {
            Deed::Recursive => "recursive",
            _ => "alone",
        };
        ensure!(
            ours["verdict"] == verdict && ours["plain_ro"] == plain,
            "{} does {found:?}, and we say {ours}",
            self.program.name
        );
        Ok(())
    }
}
