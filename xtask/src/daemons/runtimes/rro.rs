//! What each runtime does with `ro` and `rro`, by a container that writes to a mount and to
//! one below it. It is compared with the documented table, and with what our command says.

use super::bundle::{self, Bind};
use super::facts::{Deed, Found};
use super::program::{self, Program};
use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::Path;

const SOURCE: &str = "/source";

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
        let control = self.give("rw")?;
        ensure!(control == Deed::Writable, "a writable mount is {control:?}");
        Ok(Found {
            lists: self.lists()?,
            given_rro: self.give("rro")?,
            given_ro: self.give("ro")?,
        })
    }

    /// Starts a container whose mount has this option.
    fn give(&self, option: &str) -> Result<Deed> {
        let source = Path::new(SOURCE);
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
        let mut command = self.stage.command(self.program.path);
        command
            .args(self.program.arguments)
            .args(["run", "--bundle"]);
        let output = command
            .arg(bundle)
            .arg(&id)
            .output()
            .context("running it")?;
        let written = ["top", "below/file"].map(|name| source.join(name).exists());
        let has_run = String::from_utf8_lossy(&output.stdout).contains("end");
        match (has_run, output.status.success(), written) {
            (true, true, [true, true]) => Ok(Deed::Writable),
            (true, true, [false, true]) => Ok(Deed::Alone),
            (true, true, [false, false]) => Ok(Deed::Recursive),
            (false, false, [false, false]) => Ok(Deed::Refused),
            _ => bail!("{option}: {output:?}, written: {written:?}"),
        }
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
