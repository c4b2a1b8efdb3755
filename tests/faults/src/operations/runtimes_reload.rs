//! Reloading the table of runtimes under a reader that holds the old one.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use runtimes::{References, Registry, Runtimes, Script, TableOptions, sweep};

use crate::operation::{Action, Operation, Stage};
use crate::operations::scripts;

pub(super) static RELOAD: Reload = Reload;

pub(super) struct Reload;

/// Names before: one stays, one goes. And after: one comes.
const BEFORE: [&str; 2] = ["stays", "goes"];
const AFTER: [&str; 3] = ["stays", "comes", "comes-too"];

fn all(names: &[&str]) -> anyhow::Result<Vec<Script>> {
    names.iter().map(|name| scripts::script(name)).collect()
}

fn open(dir: &Path, names: &[&str]) -> anyhow::Result<Registry> {
    let settings = TableOptions::new(dir.join("scripts"));
    let (registry, _) = Registry::open(&scripts::config(names), settings)?;
    Ok(registry)
}

impl Operation for Reload {
    fn name(&self) -> &'static str {
        "runtimes-reload"
    }

    fn about(&self) -> &'static str {
        "reloads a table: one runtime stays, one goes, two come; a reader holds the old table"
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        open(dir, &BEFORE).map(drop)
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let registry = open(dir, &BEFORE)?;
        let old = registry.load();
        Ok(Box::new(Act { registry, old }))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        let state = dir.join("scripts");
        let mut references = References::new();
        for script in all(&BEFORE)? {
            references.add(&state.join(script.file_name()), "a live container");
        }
        sweep(&state, &references)?;
        open(dir, &AFTER).map(drop)
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let state = dir.join("scripts");
        let listing = scripts::list(&state)?;
        let mut wrong = listing.torn(&state, None);
        wrong.extend(listing.missing(&all(&BEFORE)?));
        let mut expected = all(&BEFORE)?;
        match stage {
            Stage::Crashed => return Ok(wrong),
            Stage::Failed => {}
            Stage::Done | Stage::Recovered => {
                expected.extend(all(&AFTER)?);
                wrong.extend(listing.missing(&all(&AFTER)?));
            }
        }
        wrong.extend(listing.beyond(&expected));
        Ok(wrong)
    }
}

struct Act {
    registry: Registry,
    old: Arc<Runtimes>,
}

impl Action for Act {
    fn run(&mut self) -> anyhow::Result<()> {
        self.registry
            .reload(&scripts::config(&AFTER))
            .context("reload")?;
        Ok(())
    }

    fn inspect(&mut self, result: &anyhow::Result<()>, again: bool) -> anyhow::Result<Vec<String>> {
        let mut wrong = Vec::new();
        if result.is_err() {
            wrong.extend(differs(
                "after a failed reload, the table",
                &self.registry.load(),
                &BEFORE,
            ));
        }
        if result.is_err() && again {
            self.run().context("a second, undisturbed reload")?;
        }
        if result.is_ok() || again {
            wrong.extend(differs("the table", &self.registry.load(), &AFTER));
        }
        wrong.extend(differs("the old table", &self.old, &BEFORE));
        for name in BEFORE {
            if let Err(error) = self.old.resolve(name) {
                wrong.push(format!(
                    "the old table does not resolve {name} any more: {error}"
                ));
            }
        }
        Ok(wrong)
    }
}

/// Whether a table has all of these entries and none of the others.
fn differs(what: &str, table: &Runtimes, names: &[&str]) -> Option<String> {
    let mut found: Vec<&str> = table
        .iter()
        .filter(|row| !row.stock)
        .map(|row| row.name.as_str())
        .collect();
    let mut expected = names.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    (found != expected).then(|| format!("{what} has {found:?}"))
}
