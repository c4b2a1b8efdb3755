//! Finds the directories of the machine's engines.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, ensure};
use daemon_host::engines::{DetectOptions, Detection, Engine, FoundEngine, Unread, detect};
use daemon_host::mountscan::MountTable;
use daemon_host::rootmount::{self, RunningEngine};

use super::target::{Target, running};
use crate::input::look;
use crate::place::as_here;
use crate::root::EvidenceArgs;

/// Files of engines of one's own.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct EngineFiles {
    /// A file with further engines, TOML or JSON; `engines show` prints its form. May be
    /// repeated.
    #[arg(long, value_name = "FILE")]
    engine_file: Vec<PathBuf>,

    /// What the files say, once they were read.
    #[arg(skip)]
    loaded: OnceLock<Vec<Engine>>,
}

impl EngineFiles {
    /// Reads the files. It must come before another mount namespace is entered: their paths are
    /// those of the caller.
    pub(crate) fn load(&self) -> anyhow::Result<()> {
        self.engines().map(drop)
    }

    /// The built-in engines and those of the files.
    fn engines(&self) -> anyhow::Result<Vec<Engine>> {
        if let Some(engines) = self.loaded.get() {
            return Ok(engines.clone());
        }
        let mut engines = Engine::built_in();
        for file in &self.engine_file {
            let own = look(&as_here(file), Engine::from_file);
            let own = own.and_then(|own| Ok(own?));
            engines.extend(own.with_context(|| format!("--engine-file {file:?}"))?);
        }
        Ok(self.loaded.get_or_init(|| engines).clone())
    }
}

/// The engines of this machine, and their directories in this mount namespace.
pub(crate) struct Survey {
    pub(crate) detection: Detection,
    pub(crate) targets: Vec<Target>,
}

/// Finds the engines; with `only`, the engines of this name. The directory `known` is left out,
/// because it is looked at elsewhere.
pub(crate) fn survey(
    table: &MountTable,
    evidence: &EvidenceArgs,
    files: &EngineFiles,
    only: Option<&str>,
    known: Option<&Path>,
) -> anyhow::Result<Survey> {
    let mut engines = files.engines()?;
    if let Some(name) = only {
        let names = words(&engines);
        engines.retain(|engine| engine.is_called(name));
        ensure!(
            !engines.is_empty(),
            "--engine {name:?}: unknown; known are {}",
            names.join(", ")
        );
    }
    let detection = detect(table, &DetectOptions::new().engines(engines));
    let mut targets: Vec<Target> = Vec::new();
    let mut seen: Vec<PathBuf> = known.map(Path::to_owned).into_iter().collect();
    for found in &detection.engines {
        if found.namespace.is_some() {
            continue;
        }
        for (root, kind) in found.rules() {
            if let Some(target) = Target::new(found, root, kind, evidence)? {
                // Two engines may share a directory, such as that of network namespaces.
                let is_new = !seen.contains(&root.path);
                if is_new || kind.is_shared {
                    seen.push(root.path.clone());
                    targets.push(target);
                }
            }
        }
    }
    Ok(Survey { detection, targets })
}

/// Says whether an engine works in this directory that may be starting containers. It may be one
/// without a daemon, such as podman: then a process that has its name counts.
pub(crate) fn engine_on(root: &Path, files: &EngineFiles) -> anyhow::Result<RunningEngine> {
    let table = rootmount::live_table()?;
    let detection = detect(&table, &DetectOptions::new().engines(files.engines()?));
    let is_there = |found: &&FoundEngine| found.roots.iter().any(|it| it.path == root);
    let mut there = detection.engines.iter().filter(is_there);
    Ok(match (there.find_map(running), detection.unread.first()) {
        (Some(by), _) => RunningEngine::Yes { by },
        (None, Some(unread)) => RunningEngine::Unknown {
            why: unread.to_string(),
        },
        (None, None) => RunningEngine::No,
    })
}

/// Whether it is the directory of a process in a procfs.
fn is_process(unread: &Unread) -> bool {
    let name = unread.path.file_name().map(OsStr::as_encoded_bytes);
    name.is_some_and(|name| name.iter().all(u8::is_ascii_digit))
}

/// All words for these engines, each once.
pub(super) fn words(engines: &[Engine]) -> Vec<String> {
    let called = |engine: &Engine| [&[engine.name.clone()][..], &engine.aliases].concat();
    let mut words: Vec<String> = Vec::new();
    for word in engines.iter().flat_map(called) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

impl Survey {
    /// What could not be looked at, one line for each thing. An engine may hide there. Processes
    /// are counted: a `/proc` that is closed to this user has hundreds.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let all = &self.detection.unread;
        let (processes, others): (Vec<_>, Vec<_>) = all.iter().partition(|one| is_process(one));
        let mut lines: Vec<String> = others.iter().map(ToString::to_string).collect();
        lines.extend(processes.first().map(|first| match processes.len() {
            1 => first.to_string(),
            n => format!("{n} processes, of which one is {first}"),
        }));
        lines
    }

    /// The directories below which a mount lies that a rule names.
    pub(crate) fn with_mounts<'s>(
        &'s self,
        table: &'s MountTable,
    ) -> impl Iterator<Item = &'s Target> {
        self.targets
            .iter()
            .filter(|target| target.has_mounts(table))
    }
}
