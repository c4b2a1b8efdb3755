//! `--host-root`: a node agent in a container looks and acts on its host.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context as _, bail, ensure};
use daemon_host::mountscan::{ErrorKind, Proc, ProcRoot};
use nix::sched::CloneFlags;

use super::enter::{Namespaces, enter};
use super::ground::set_host;

/// What makes a container that sees its host.
const REMEDY: &str = "start the container with the pid namespace of the host, and bind the host's \
                      / with all mounts below it (docker: --pid host -v /:/host:rslave; \
                      Kubernetes: hostPID and a hostPath volume of /)";

#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct HostArgs {
    /// In a container: look and act on the host whose / is bound here. Paths are those of the
    /// host, or lie below DIR.
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    host_root: Option<PathBuf>,
}

impl HostArgs {
    /// Enters the host, if its root directory is named: its mount namespace, and those of its
    /// network and its name.
    ///
    /// # Errors
    ///
    /// When the directory is not the root directory of process 1 in the `/proc` below it, and when
    /// the namespaces cannot be entered.
    pub(crate) fn enter(&self) -> anyhow::Result<()> {
        match &self.host_root {
            Some(dir) => enter_host(dir).with_context(|| format!("--host-root {dir:?}")),
            None => Ok(()),
        }
    }

    /// Whether a host is named.
    pub(crate) fn is_named(&self) -> bool {
        self.host_root.is_some()
    }
}

fn enter_host(dir: &Path) -> anyhow::Result<()> {
    let dir = absolute(dir)?;
    let dir: PathBuf = dir.components().collect();
    let proc = procfs(&dir.join("proc"))?;
    let host = Namespaces::of(&proc, 1);
    check_root(&dir, &proc, &host)?;
    let others = [
        ("net", CloneFlags::CLONE_NEWNET),
        ("uts", CloneFlags::CLONE_NEWUTS),
    ];
    // They are opened before: their files are reached by paths of this namespace.
    let opened = others.map(|(kind, flag)| Ok((host.other(kind)?, flag)));
    let opened: Vec<_> = opened.into_iter().collect::<anyhow::Result<_>>()?;
    // Also if the namespace is this one already: then only the root directory changes.
    host.enter_mounts()?;
    for (file, flag) in opened {
        file.map_or(Ok(()), |file| enter(&file, flag))?;
    }
    set_host(dir);
    Ok(())
}

/// Opens the procfs and checks that it shows this process: it is the one of this pid namespace, or
/// of an outer one.
fn procfs(path: &Path) -> anyhow::Result<ProcRoot> {
    let proc = match ProcRoot::open(&Proc::from(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("{path:?} does not exist; {REMEDY}")
        }
        Err(error) if error.kind() == ErrorKind::Untrusted => {
            bail!("{path:?} is not a procfs; {REMEDY}")
        }
        opened => opened?,
    };
    match proc.own_pid() {
        // A procfs of a pid namespace in which we have no pid answers ENOENT.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("{path:?} is of a pid namespace in which this process is not; {REMEDY}")
        }
        shown => shown?,
    };
    Ok(proc)
}

/// Checks that the directory is the root directory of process 1. In the procfs of a container,
/// process 1 is the container's own.
fn check_root(dir: &Path, proc: &ProcRoot, host: &Namespaces) -> anyhow::Result<()> {
    // The name of the namespace is read first: the answer says what is missing if it is refused.
    host.name("mnt")?;
    let here = fs::metadata(dir).with_context(|| format!("stat({dir:?})"))?;
    let root = proc.path_through("1/root")?;
    let first = fs::metadata(&root).with_context(|| format!("stat({root:?})"))?;
    ensure!(
        (here.dev(), here.ino()) == (first.dev(), first.ino()),
        "it is not the root directory of process 1 in {:?}: that is not the host's first \
         process; {REMEDY}",
        dir.join("proc")
    );
    Ok(())
}
