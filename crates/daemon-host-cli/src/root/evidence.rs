//! Says which containers live: what the caller claims, and what was found, as JSON.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use daemon_host::LivenessOptions;
use daemon_host::rootmount::{Claim, Evidence, Processes};
use daemon_host::runtimes::{ContainerState, StatesOptions, containers};
use serde::Serialize;
use tracing::warn;

use crate::engines::Work;
use crate::input::look;
use crate::place::as_here;

/// Where evidence of life is looked for, and what is claimed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// A directory with the states of a runtime (runc, crun, youki, runsc). It must exist, and
    /// need not be one of Docker's below the exec root; those still count. May be repeated.
    #[arg(long, value_name = "DIR")]
    state_dir: Vec<PathBuf>,

    /// Claim that no container lives, for what no evidence tells. What a process or a state
    /// shows to live still stays.
    #[arg(long)]
    none_live: bool,
}

impl EvidenceArgs {
    /// The sources of evidence for a daemon with this exec root, with the changes of the caller.
    /// `doubt` says why the exec root may be another daemon's.
    pub(crate) fn liveness(
        &self,
        exec_root: &Path,
        doubt: Option<String>,
    ) -> anyhow::Result<LivenessOptions> {
        let mut options = LivenessOptions::of_exec_root(exec_root);
        let work = Work::of_docker(exec_root, &options.proc);
        options = options.witness(Arc::new(work));
        let dirs = self.dirs()?;
        match dirs.is_empty() {
            true => options.doubt = doubt,
            // Who names the states knows whose they are.
            false => options = options.state_dirs(dirs),
        }
        if self.none_live {
            options = options.claim(Claim::NoneLive);
        }
        Ok(options)
    }

    /// The directories that were named. All of them exist and may hold states.
    pub(crate) fn dirs(&self) -> anyhow::Result<Vec<PathBuf>> {
        self.checked(|dir| {
            ensure_directory(dir)?;
            check(dir)
        })
    }

    /// The same for a service. What lies there besides states may be made at this moment, or be
    /// left behind by anything, and must not keep the service from starting. So it is only logged.
    pub(crate) fn dirs_of_service(&self) -> anyhow::Result<Vec<PathBuf>> {
        self.checked(|dir| {
            ensure_directory(dir)?;
            if let Err(error) = check(dir) {
                warn!(dir = %dir.display(), %error, "the state directory may be a wrong one");
            }
            Ok(())
        })
    }

    fn checked(&self, check: fn(&Path) -> anyhow::Result<()>) -> anyhow::Result<Vec<PathBuf>> {
        let dirs: Vec<PathBuf> = self.state_dir.iter().map(|dir| as_here(dir)).collect();
        for dir in &dirs {
            let checked = look(dir, check).and_then(|checked| checked);
            checked.with_context(|| format!("--state-dir {dir:?}"))?;
        }
        Ok(dirs)
    }

    /// Whether the caller claims that no container lives.
    pub(crate) fn none_live(&self) -> bool {
        self.none_live
    }
}

/// Checks that a directory may hold states. A mistyped one, or one a level too high or too low,
/// knows no container. With it, living containers would be swept.
///
/// It may be empty, and there may be files and empty directories: a container that is being made
/// has no state yet. But if there is no state at all, nothing may look like another level.
fn check(dir: &Path) -> anyhow::Result<()> {
    let states = containers(&StatesOptions::new([dir.to_owned()]));
    let is_plain = |path: &&PathBuf| !path.file_name().is_some_and(is_hidden);
    let skipped = states.skipped.iter().filter(is_plain);
    let mut entries = states.found.iter().map(|state| &state.path).chain(skipped);
    match entries.find(|path| is_of_other_level(path)) {
        Some(other) if !states.found.iter().any(is_state) => {
            bail!("no entry is the state of a container, {other:?} for one; is it another level?")
        }
        _ => Ok(()),
    }
}

/// Whether an entry that is no state is a directory of directories, or a part of a state. If it
/// cannot be read, it may be.
fn is_of_other_level(path: &Path) -> bool {
    let is_dir = |entry: io::Result<DirEntry>| {
        let kind = entry.and_then(|entry| entry.file_type());
        kind.map_or_else(|error| error.kind() != NotFound, |kind| kind.is_dir())
    };
    match fs::read_dir(path) {
        Ok(mut entries) => entries.any(is_dir),
        Err(error) if error.kind() == NotADirectory => {
            let parts = ["state.json", "status", "config.json"].map(OsStr::new);
            path.file_name().is_some_and(|name| parts.contains(&name))
        }
        Err(error) => error.kind() != NotFound,
    }
}

fn ensure_directory(dir: &Path) -> anyhow::Result<()> {
    ensure!(is_directory(dir)?, "no such directory");
    Ok(())
}

/// Whether a directory is there. If that cannot be told, it is an error.
pub(super) fn is_directory(path: &Path) -> anyhow::Result<bool> {
    match fs::metadata(path) {
        Ok(seen) => Ok(seen.is_dir()),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether an entry is a state, be it one that cannot be read. A runtime that is killed early
/// leaves an empty directory with the id.
fn is_state(state: &ContainerState) -> bool {
    let is_id = state.id.len() == 64 && state.id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has = |name: &str| fs::symlink_metadata(state.path.join(name)).is_ok();
    is_id || state.path.is_file() || has("state.json") || has("status")
}

/// What was looked at, and what could not be, as JSON.
#[derive(Serialize)]
pub(crate) struct EvidenceJson<'e> {
    looked: &'e [String],
    missing: &'e [String],
    unread: &'e [String],
    processes: ProcessesJson<'e>,
    claim: &'static str,
}

#[derive(Serialize)]
struct ProcessesJson<'e> {
    seen: Option<usize>,
    unreadable: Option<usize>,
    why: Option<&'e str>,
}

impl<'e> EvidenceJson<'e> {
    pub(crate) fn new(evidence: &'e Evidence) -> Self {
        let processes = match &evidence.processes {
            Processes::Seen(seen) => ProcessesJson {
                seen: Some(seen.view.processes),
                unreadable: Some(seen.view.unreadable),
                why: evidence.outsiders.as_deref(),
            },
            Processes::Unseen(why) => ProcessesJson {
                seen: None,
                unreadable: None,
                why: Some(why),
            },
        };
        Self {
            looked: &evidence.looked,
            missing: &evidence.missing,
            unread: &evidence.complaints,
            processes,
            claim: match evidence.claim {
                Claim::Nothing => "nothing",
                Claim::NoneLive => "none-live",
                Claim::All(_) => "all",
            },
        }
    }
}
