//! Says which containers live: what the caller claims, and what was found, as JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::ensure;
use daemon_host::LivenessOptions;
use daemon_host::rootmount::{Claim, Evidence, Processes};
use serde::Serialize;

use crate::engines::Work;
use crate::place::as_here;

/// Where evidence of life is looked for, and what is claimed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// A directory with the states of a runtime (runc, crun, youki, runsc), in place of
    /// Docker's below the exec root. It must exist. May be repeated.
    #[arg(long, value_name = "DIR")]
    state_dir: Vec<PathBuf>,

    /// Claim that no container lives, for what no evidence tells. What a process or a state
    /// shows to live still stays.
    #[arg(long)]
    none_live: bool,
}

impl EvidenceArgs {
    /// The sources of evidence for a daemon with this exec root, with the changes of the caller.
    pub(crate) fn liveness(&self, exec_root: &Path) -> anyhow::Result<LivenessOptions> {
        let mut options = LivenessOptions::of_exec_root(exec_root);
        let work = Work::of_docker(exec_root, &options.proc);
        options = options.witness(Arc::new(work));
        let dirs = self.dirs()?;
        if !dirs.is_empty() {
            options = options.state_dirs(dirs);
        }
        if self.none_live {
            options = options.claim(Claim::NoneLive);
        }
        Ok(options)
    }

    /// The directories that were named. All of them exist.
    pub(crate) fn dirs(&self) -> anyhow::Result<Vec<PathBuf>> {
        let dirs: Vec<PathBuf> = self.state_dir.iter().map(|dir| as_here(dir)).collect();
        for dir in &dirs {
            // A mistyped directory has no containers. With it, living containers would be swept.
            ensure!(dir.is_dir(), "--state-dir {dir:?}: no such directory");
        }
        Ok(dirs)
    }

    /// Whether the caller claims that no container lives.
    pub(crate) fn none_live(&self) -> bool {
        self.none_live
    }
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
                why: None,
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
