//! The sweep of wrapper scripts at the daemon's start.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use runtimes::{References, Script, ScriptStore, sweep};

use crate::operation::{Action, Operation, Simple, Stage};
use crate::operations::scripts;

pub(super) static SWEEP: Sweep = Sweep;

pub(super) struct Sweep;

/// What containerd keeps of a running container, and what it names.
const BUNDLE: &str = "bundles/moby/c1";
const STALE: &str = ".tmp-1-1";
const FOREIGN: &str = "README";

fn live() -> anyhow::Result<Vec<Script>> {
    Ok(vec![scripts::script("live")?])
}

fn references(dir: &Path) -> anyhow::Result<References> {
    let mut references = References::new();
    references.scan_bundles(&dir.join("bundles"));
    if !references.is_complete() {
        let unreadable: Vec<String> = references
            .unreadable()
            .map(|(path, why)| format!("{path:?}: {why}"))
            .collect();
        bail!("{}", unreadable.join("; "));
    }
    Ok(references)
}

impl Operation for Sweep {
    fn name(&self) -> &'static str {
        "script-sweep"
    }

    fn about(&self) -> &'static str {
        "scans a live container's bundle, removes what it does not name, and what a crash left"
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        let state = dir.join("scripts");
        let all = [
            scripts::script("live")?,
            scripts::script("dead")?,
            scripts::script("dead-too")?,
        ];
        ScriptStore::open(&state)?.publish(&all)?;
        fs::write(state.join(STALE), "#!/bin").context("what a crash left")?;
        fs::write(state.join(FOREIGN), "not ours\n").context("a foreign file")?;
        let bundle = dir.join(BUNDLE);
        fs::create_dir_all(&bundle).context("a bundle")?;
        let live = state.join(live()?[0].file_name());
        let options = format!("{{\"binary_name\":{:?}}}", live.display().to_string());
        fs::write(bundle.join("options.json"), options).context("a bundle's options")?;
        fs::write(bundle.join("runtime"), live.display().to_string()).context("a bundle's runtime")
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let dir = dir.to_path_buf();
        Ok(Box::new(Simple(move || {
            let report = sweep(&dir.join("scripts"), &references(&dir)?)?;
            match report.failed.into_iter().next() {
                Some((path, error)) => {
                    Err(error).with_context(|| format!("remove {}", path.display()))
                }
                None => Ok(()),
            }
        })))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        sweep(&dir.join("scripts"), &references(dir)?)?;
        Ok(())
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let state = dir.join("scripts");
        let listing = scripts::list(&state)?;
        let mut wrong = listing.torn(&state, None);
        wrong.extend(listing.missing(&live()?));
        if listing.other != [FOREIGN] {
            wrong.push(format!("foreign files are {:?}", listing.other));
        }
        // A sweep that may not be sure removes nothing, and says so in its report.
        if stage == Stage::Recovered {
            let left = listing.beyond(&live()?);
            wrong.extend(left.into_iter().filter(|what| !what.starts_with(FOREIGN)));
        }
        Ok(wrong)
    }
}
