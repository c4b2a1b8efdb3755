//! The arguments of `root cleanup`.

use std::path::PathBuf;

use super::choice::Asked;
use crate::engines::EngineFiles;
use crate::place::PidArgs;
use crate::root::{EvidenceArgs, RootArgs};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A mount goes only if its container is proved dead: by the states of runtimes and the bundles
of shims, and by all processes. What cannot be told stays, and exit code 1 says so. Each
mount is unmounted plainly; one that stays busy is detached lazily, and who holds it is named.
A detached mount lives on until its last holder ends. The answer says whether it does, and
mounts safe-to-remove DIR tells it later, before the data is removed.
The root itself goes last, if it is ours and nothing below it stays. Exit code 1 when
something is left, 2 when an id or a directory that was named does not exist.

Examples:
  daemon-host root cleanup --dry-run                     of every engine that is found
  daemon-host root cleanup --engine containers-storage   of podman, buildah and CRI-O
  daemon-host root cleanup --keep web                    spare a container, by name or id
  daemon-host root cleanup --id 3f1c5e1c0d2b             one container only
  daemon-host root cleanup --rule 'custom/[a-z]+/mnt'    also what a rule names
  daemon-host root cleanup --mountinfo captured.txt      plan from a captured table")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) root: RootArgs,

    #[command(flatten)]
    pub(super) evidence: EvidenceArgs,

    /// Only this engine's mounts, in every directory of it that is found: docker, containerd
    /// (nerdctl, k3s, rke2), podman, buildah or cri-o (one store), nspawn. Default: all engines,
    /// where no root, configuration or rule is named.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["rule", "mountinfo", "data_root", "exec_root", "config"]
    )]
    pub(super) engine: Option<String>,

    #[command(flatten)]
    pub(super) engines: EngineFiles,

    #[command(flatten)]
    pub(super) pid: PidArgs,

    /// Only this container's mounts, with its layers, or this layer's: by its id, the
    /// beginning of that, or its name, in the stores of the engines. It must be dead.
    #[arg(long, value_name = "ID")]
    pub(super) id: Option<String>,

    /// A container to spare, by its id, the beginning of that, or its name, in the stores of
    /// the engines: it and everything below it stays. May be repeated.
    #[arg(long, value_name = "ID")]
    pub(super) keep: Vec<String>,

    /// One more rule, a regular expression over the path below the root (without a slash in
    /// front); it must match the whole of it. May be repeated.
    #[arg(long, value_name = "RE", value_parser = rule)]
    pub(super) rule: Vec<String>,

    /// Show what would be done and do nothing.
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Plan from this captured mountinfo; implies --dry-run. Whether a container lives is
    /// not looked at. - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "pid")]
    pub(super) mountinfo: Option<PathBuf>,

    /// Leave what stays busy instead of detaching it lazily.
    #[arg(long)]
    pub(super) no_lazy: bool,

    /// Leave the copies that other mount namespaces share. What cannot be unmounted
    /// without them (before Linux 5.15, stacked mounts) stays.
    #[arg(long)]
    pub(super) no_propagate: bool,

    /// How long a mount must look dead, in seconds, where an engine runs on the root.
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub(super) settle: u64,

    /// Do nothing where an engine runs on the root, instead of looking twice.
    #[arg(long, conflicts_with = "settle")]
    pub(super) no_wait: bool,
}

/// A rule is over a path below the root, which begins with no slash.
fn rule(text: &str) -> Result<String, String> {
    match text.trim_start_matches('^').starts_with('/') {
        true => Err("it begins with a slash, and the path below the root never does".to_owned()),
        false => Ok(text.to_owned()),
    }
}

impl Args {
    /// The containers that are named.
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            keep: &self.keep,
            only: self.id.as_deref(),
        }
    }
}
