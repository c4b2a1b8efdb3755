//! Asking a runtime for its features: a child process with pipes and a limit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use runtimes::{Config, FeaturesState, Registry, RuntimeEntry, TableOptions};

use crate::operation::{Action, Operation, Stage};

pub(super) static PROBE: Probe = Probe;

pub(super) struct Probe;

const NAME: &str = "talks";
const ANSWER: &str =
    r#"{"ociVersionMin":"1.0.0","ociVersionMax":"1.2.0","mountOptions":["ro","rro"]}"#;

fn program(dir: &Path) -> PathBuf {
    dir.join("runtime")
}

fn open(dir: &Path) -> anyhow::Result<Registry> {
    let mut config = Config::default();
    config
        .runtimes
        .insert(NAME.to_owned(), RuntimeEntry::program(program(dir)));
    let mut settings = TableOptions::new(dir.join("scripts"));
    // The stock runtime is not one of this machine's.
    settings.search_path = dir.into();
    Ok(Registry::open(&config.check()?, settings)?.0)
}

/// What the table says of the runtime.
fn state(registry: &Registry) -> anyhow::Result<FeaturesState> {
    let table = registry.load();
    let row = table
        .lookup(NAME)
        .context("the runtime is not in the table")?;
    Ok(row.features.clone())
}

impl Operation for Probe {
    fn name(&self) -> &'static str {
        "features-probe"
    }

    fn about(&self) -> &'static str {
        "asks a runtime for its features"
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        let text = format!("#!/bin/sh\necho '{ANSWER}'\n");
        fs::write(program(dir), text).context("a runtime")?;
        fs::set_permissions(program(dir), fs::Permissions::from_mode(0o700))
            .context("mode of a runtime")
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        Ok(Box::new(Act {
            registry: open(dir)?,
            dir: dir.to_path_buf(),
        }))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        let registry = open(dir)?;
        registry.probe();
        let state = state(&registry)?;
        ensure!(
            state.document().is_some(),
            "a new process gets no features: {state:?}"
        );
        Ok(())
    }

    fn check(&self, _: &Path, _: Stage) -> anyhow::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

struct Act {
    registry: Registry,
    dir: PathBuf,
}

impl Action for Act {
    fn run(&mut self) -> anyhow::Result<()> {
        self.registry.probe();
        match state(&self.registry)? {
            state if state.document().is_some() => Ok(()),
            state => bail!("{state:?}"),
        }
    }

    /// A passing fault must not be remembered as the runtime's own answer.
    fn inspect(&mut self, result: &anyhow::Result<()>, again: bool) -> anyhow::Result<Vec<String>> {
        let mut wrong = Vec::new();
        let table = self.registry.load();
        if let Err(error) = table.resolve(NAME) {
            wrong.push(format!(
                "the table does not resolve {NAME} any more: {error}"
            ));
        }
        if table.lookup(NAME).and_then(|row| row.binary.clone()) != Some(program(&self.dir)) {
            wrong.push("the table names another program".to_owned());
        }
        if result.is_err() && again && self.run().is_err() {
            wrong.push(format!(
                "asked again, undisturbed, the runtime is still {:?}",
                state(&self.registry)?
            ));
        }
        Ok(wrong)
    }
}
