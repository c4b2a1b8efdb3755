//! Where the states of containers are looked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mountscan::Proc;

/// The containerd namespaces that Docker uses.
const NAMESPACES: [&str; 2] = ["moby", "plugins.moby"];

/// The directory of the shims' bundles below containerd's run-time directory. It has one directory
/// for each namespace.
pub(crate) const TASKS: &str = "io.containerd.runtime.v2.task";

/// Where to look for containers; see [`containers`](crate::containers()).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StatesOptions {
    /// Directories with the states of runtimes. The state of a container that lives must
    /// be in one of them, or in one of `bundle_dirs`.
    pub state_dirs: Vec<PathBuf>,
    /// Directories with bundles of containerd's shims: `<dir>/<id>`.
    pub bundle_dirs: Vec<PathBuf>,
    /// Further directories with states, which are often missing.
    pub further_dirs: Vec<PathBuf>,
    /// Which procfs to read; by default the one at `/proc`. If something else is there, or if it
    /// is the procfs of a pid namespace that does not show the caller, no container is dead.
    pub proc: Proc,
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
            proc: Proc::default(),
            cgroup: PathBuf::from("/sys/fs/cgroup"),
        }
    }

    /// Looks in every place where a dockerd with this exec root keeps states of containers.
    ///
    /// The system's containerd keeps its own beside the exec root: `/run/containerd` for
    /// `/run/docker`. Runtimes that are configured by their type also keep their state there.
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

/// Adds to each directory the ones beside it that belong to daemons with remapped users.
///
/// With `userns-remap` dockerd (since 23.0) names its namespace after the first user and
/// group, as in `moby-100000.100000`.
///
/// # Errors
///
/// The directory that could not be listed. A directory that does not exist has nothing beside it.
pub(super) fn with_remapped(dirs: &[PathBuf]) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut all = Vec::with_capacity(dirs.len());
    for dir in dirs {
        all.push(dir.clone());
        let name = dir.file_name().and_then(|name| name.to_str());
        let Some(namespace) = name.filter(|name| NAMESPACES.contains(name)) else {
            continue;
        };
        let parent = dir.parent().unwrap_or(dir);
        let failed = |error| (parent.to_owned(), error);
        let entries = match fs::read_dir(parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if entry
                .file_name()
                .to_str()
                .is_some_and(|name| is_remapped(name, namespace))
            {
                all.push(entry.path());
            }
        }
    }
    Ok(all)
}

/// Whether a name is `<namespace>-<uid>.<gid>`.
fn is_remapped(name: &str, namespace: &str) -> bool {
    let ids = name
        .strip_prefix(namespace)
        .and_then(|rest| rest.strip_prefix('-'));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    ids.and_then(|ids| ids.split_once('.'))
        .is_some_and(|(uid, gid)| number(uid) && number(gid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remapped_namespaces_stand_beside_their_own() {
        let place = tempfile::tempdir().unwrap();
        let dir = |name: &str| place.path().join(name);
        for name in [
            "moby-100000.100000",
            "moby-5.x",
            "moby-x",
            "mobyx-1.1",
            "plugins.moby-7.8",
            "other-1.1",
        ] {
            fs::create_dir(dir(name)).unwrap();
        }
        let asked = ["moby", "plugins.moby", "other"].map(dir);
        let expected = [
            "moby",
            "moby-100000.100000",
            "plugins.moby",
            "plugins.moby-7.8",
            "other",
        ];
        assert_eq!(with_remapped(&asked).unwrap(), expected.map(dir));
        let missing = dir("missing/moby");
        assert_eq!(
            with_remapped(std::slice::from_ref(&missing)).unwrap(),
            [missing]
        );
        fs::write(dir("file"), "").unwrap();
        assert_eq!(
            with_remapped(&[dir("file/moby")]).unwrap_err().0,
            dir("file")
        );
    }
}
