//! Where the states of containers are looked for.

use std::path::{Path, PathBuf};

/// The containerd namespaces that Docker uses.
const NAMESPACES: [&str; 2] = ["moby", "plugins.moby"];

/// Below containerd's run-time directory: the bundles of its shims, by namespace.
pub(crate) const TASKS: &str = "io.containerd.runtime.v2.task";

/// Where to look for containers; see [`containers`](crate::containers()).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatesOptions {
    /// Directories with the states of runtimes. The state of a container that lives must
    /// be in one of them, or in one of `bundle_dirs`.
    pub state_dirs: Vec<PathBuf>,
    /// Directories with bundles of containerd's shims: `<dir>/<id>`.
    pub bundle_dirs: Vec<PathBuf>,
    /// Further directories with states, which are often missing.
    pub further_dirs: Vec<PathBuf>,
    /// Where procfs is; default `/proc`.
    pub proc: PathBuf,
    /// Where the cgroup file systems are; default `/sys/fs/cgroup`.
    pub cgroup: PathBuf,
}

impl StatesOptions {
    /// Looks in these directories of states alone.
    pub fn new(state_dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            state_dirs: state_dirs.into_iter().collect(),
            bundle_dirs: Vec::new(),
            further_dirs: Vec::new(),
            proc: PathBuf::from("/proc"),
            cgroup: PathBuf::from("/sys/fs/cgroup"),
        }
    }

    /// Looks wherever a dockerd with this exec root lets the state of containers be.
    ///
    /// The system's containerd keeps its own beside the exec root: `/run/containerd` for
    /// `/run/docker`. Runtimes that are named by their type keep their state there, too.
    pub fn of_exec_root(exec_root: &Path) -> Self {
        let own = exec_root.join("containerd/daemon");
        let beside = exec_root.parent().unwrap_or(exec_root).join("containerd");
        let each = |dir: PathBuf| NAMESPACES.map(move |namespace| dir.join(namespace));
        Self {
            bundle_dirs: [own.join(TASKS), beside.join(TASKS)]
                .into_iter()
                .flat_map(each)
                .collect(),
            further_dirs: ["runc", "runsc"]
                .into_iter()
                .flat_map(|runtime| each(beside.join(runtime)))
                .collect(),
            ..Self::new(each(exec_root.join("runtime-runc")))
        }
    }
}
