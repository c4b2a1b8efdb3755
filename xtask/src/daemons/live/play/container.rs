//! A container of a scene and the mounts that it brought.

use crate::daemons::live::engines::engine::{Engine, Part};
use crate::daemons::stage::table::{Row, rows_below};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// One container, known by what changed in the mount table when it started.
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) part: Part,
    pub(crate) mounts: Vec<Row>,
    /// Whether it ought to live.
    pub(crate) lives: bool,
    /// The process that lives on after its first one was killed.
    pub(crate) survivor: Option<u32>,
}

impl Container {
    /// Starts one and looks at what it mounted.
    pub(crate) fn start(engine: &dyn Engine, name: &str, part: Part) -> Result<Self> {
        let before = table(engine)?;
        engine
            .run(name, part)
            .with_context(|| format!("starting {name}"))?;
        let mounts = new_rows(engine, &before)?;
        let id = engine.id(name)?;
        let container = Self {
            name: name.to_owned(),
            id,
            part,
            mounts,
            lives: true,
            survivor: None,
        };
        container.file_system()?;
        Ok(container)
    }

    /// Takes another look after it was started anew; `others` keep their mounts.
    pub(crate) fn look_again(&mut self, engine: &dyn Engine, before: &BTreeSet<u64>) -> Result<()> {
        self.mounts = new_rows(engine, before)?;
        self.lives = true;
        self.survivor = None;
        self.file_system().map(drop)
    }

    /// Where the host has its root file system.
    pub(crate) fn file_system(&self) -> Result<&PathBuf> {
        let root = self.mounts.iter().find(|row| row.kind == "overlay");
        let row = root.with_context(|| format!("{} mounted no root file system", self.name))?;
        Ok(&row.point)
    }
}

/// The ids of all mounts below the engine's roots.
pub(crate) fn table(engine: &dyn Engine) -> Result<BTreeSet<u64>> {
    Ok(rows(engine)?.into_iter().map(|row| row.id).collect())
}

/// All mounts below the engine's roots.
pub(crate) fn rows(engine: &dyn Engine) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for root in engine.roots() {
        let below = rows_below(&root)?.into_iter();
        found.extend(below.filter(|row| !engine.is_own(&row.point)));
    }
    Ok(found)
}

fn new_rows(engine: &dyn Engine, before: &BTreeSet<u64>) -> Result<Vec<Row>> {
    let rows = rows(engine)?.into_iter();
    Ok(rows.filter(|row| !before.contains(&row.id)).collect())
}
