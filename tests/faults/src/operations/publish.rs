//! Publishing wrapper scripts, into a new directory and into one with a past.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context;
use runtimes::{References, Script, ScriptStore, sweep};

use crate::operation::{Action, Operation, Simple, Stage};
use crate::operations::scripts;

/// Two new scripts; the directory does not exist.
pub(super) static FIRST: Publish = Publish { first: true };
/// Two new scripts beside a whole one, a damaged one, and one of a live container.
pub(super) static PUBLISH: Publish = Publish { first: false };

pub(super) struct Publish {
    first: bool,
}

/// The script that is damaged beforehand, and wanted.
const DAMAGED: &str = "damaged";

impl Publish {
    fn wanted(&self) -> anyhow::Result<Vec<Script>> {
        let names: &[&str] = if self.first {
            &["new", "newer"]
        } else {
            &["old", DAMAGED, "new", "newer"]
        };
        names.iter().map(|name| scripts::script(name)).collect()
    }

    /// What was there before and may not go: a container's runtime, and what is wanted.
    fn kept(&self) -> anyhow::Result<Vec<Script>> {
        let names: &[&str] = if self.first { &[] } else { &["live", "old"] };
        names.iter().map(|name| scripts::script(name)).collect()
    }
}

impl Operation for Publish {
    fn name(&self) -> &'static str {
        if self.first {
            "publish-first"
        } else {
            "publish"
        }
    }

    fn about(&self) -> &'static str {
        if self.first {
            "publishes two wrapper scripts, the directory has to be made"
        } else {
            "publishes two new wrapper scripts, one that is there and one that is damaged"
        }
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        if self.first {
            return Ok(());
        }
        let state = dir.join("scripts");
        ScriptStore::open(&state)?.publish(&self.kept()?)?;
        let path = state.join(scripts::script(DAMAGED)?.file_name());
        fs::write(&path, scripts::DAMAGE).context("damage a script")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).context("mode of a script")
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let (state, wanted) = (dir.join("scripts"), self.wanted()?);
        Ok(Box::new(Simple(move || {
            ScriptStore::open(&state)?.publish(&wanted)?;
            Ok(())
        })))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        let state = dir.join("scripts");
        let mut references = References::new();
        for script in self.kept()? {
            references.add(&state.join(script.file_name()), "a live container");
        }
        sweep(&state, &references)?;
        ScriptStore::open(&state)?.publish(&self.wanted()?)?;
        Ok(())
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let state = dir.join("scripts");
        let listing = scripts::list(&state)?;
        let damaged = scripts::script(DAMAGED)?;
        let mut wrong = listing.torn(
            &state,
            Some(damaged.file_name()).filter(|_| stage != Stage::Recovered),
        );
        wrong.extend(listing.missing(&self.kept()?));
        let mut expected = self.kept()?;
        match stage {
            Stage::Crashed => return Ok(wrong),
            Stage::Failed => expected.push(damaged),
            Stage::Done | Stage::Recovered => {
                expected.extend(self.wanted()?);
                wrong.extend(listing.missing(&self.wanted()?));
            }
        }
        wrong.extend(listing.beyond(&expected));
        Ok(wrong)
    }
}
