//! Finds evidence of life in an engine's own files and namespaces.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use daemon_host::engines::{Containers, network_users};
use daemon_host::mountscan::{Proc, ProcRoot};
use daemon_host::rootmount::{self, Says, Statement, Testimony, Witness};

type Answer = Result<Statement, Box<dyn Error + Send + Sync>>;

/// Network namespaces that are mounted below a directory, and the processes in them.
pub(super) struct Networks {
    proc: Proc,
}

impl Networks {
    pub(super) fn new(proc: Proc) -> Self {
        Self { proc }
    }
}

impl Witness for Networks {
    fn name(&self) -> String {
        "the network namespaces of all processes".to_owned()
    }

    fn testify(&self, root: &Path) -> Answer {
        let table = rootmount::live_table()?;
        let mut statement = Statement::default();
        let rows = table.under(root).filter(|row| *row.fs_type() == *"nsfs");
        let mounted: Vec<(OsString, Option<u64>)> = rows
            .filter_map(|row| {
                let point = row.mount_point();
                let below = point.strip_prefix(root).ok()?.as_os_str().to_owned();
                Some((below, inode(&row.root())))
            })
            .collect();
        // To look at every process costs much. Without such mounts it is not needed.
        if mounted.is_empty() {
            return Ok(statement);
        }
        let found = network_users(&self.proc).map_err(|unread| unread.to_string())?;
        let user = |inode: &Option<u64>| inode.and_then(|inode| found.users.get(&inode));
        let is_own = |below: &OsString| !is_of_a_network(below);
        let any_lives = mounted.iter().find_map(|(below, inode)| {
            // The namespace of the host itself says nothing about containers.
            let is_host = below.as_bytes().ends_with(b"netns/default");
            (is_own(below) && !is_host).then(|| user(inode)).flatten()
        });
        for (below, inode) in &mounted {
            let said = match (user(inode), any_lives) {
                (Some(by), _) => Some((Says::Lives, format!("network of {by}"))),
                (None, Some(by)) if is_of_a_network(below) => {
                    Some((Says::Lives, format!("joins containers that live: {by}")))
                }
                _ if inode.is_none() => {
                    Some((Says::Unknown, "its namespace is not named".to_owned()))
                }
                _ if found.unreadable > 0 && is_initial_user(&self.proc) => {
                    let n = found.unreadable;
                    Some((Says::Unknown, format!("{n} processes hide their network")))
                }
                _ => None,
            };
            let testimony = said.map(|(says, by)| Testimony::new(below, says, by));
            statement.testimonies.extend(testimony);
        }
        Ok(statement)
    }
}

/// Whether this is the initial user namespace. From another one, the processes outside of it can
/// never be looked into. No container of an engine in that namespace is among them.
fn is_initial_user(proc: &Proc) -> bool {
    let own = ProcRoot::open(proc).and_then(|proc| proc.link("self/ns/user"));
    // PROC_USER_INIT_INO in the kernel: the number is the same on every machine. If it cannot be
    // read, the processes count.
    own.map_or(true, |own| own == Path::new("user:[4026531837]"))
}

/// The number in `net:[4026532325]`.
fn inode(root: &Path) -> Option<u64> {
    let text = root.to_str()?.trim_start_matches('/');
    text.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok()
}

/// Whether the namespace belongs to a whole network of Docker's swarm. No process is ever in it,
/// but living containers are connected by it.
fn is_of_a_network(below: &OsString) -> bool {
    let name = Path::new(below).file_name().map(|name| name.as_bytes());
    let Some(name) = name else { return false };
    let numbered = name.split(|&byte| byte == b'-').next().unwrap_or_default();
    let is_numbered = name.contains(&b'-') && numbered.iter().all(u8::is_ascii_digit);
    matches!(name, b"ingress_sbox" | b"lb_ingress") || name.starts_with(b"lb_") || is_numbered
}

/// Mounts of containers/storage that a person asked for, with `podman mount` or `podman image
/// mount`.
pub(super) struct Deliberate {
    run_root: Option<PathBuf>,
}

impl Deliberate {
    pub(super) fn new(run_root: Option<PathBuf>) -> Self {
        Self { run_root }
    }
}

impl Witness for Deliberate {
    fn name(&self) -> String {
        "the store of containers".to_owned()
    }

    fn testify(&self, root: &Path) -> Answer {
        let store = Containers::of_storage(root, self.run_root.as_deref());
        let mut statement = Statement::default();
        // A store that cannot be read makes every layer unknown. Another place reports that.
        if !store.unread.is_empty() {
            return Ok(statement);
        }
        let table = rootmount::live_table()?;
        for row in table.under(root) {
            let point = row.mount_point();
            let Some(layer) = layer_of(&point, root) else {
                continue;
            };
            let said = match store.of_layer(layer) {
                None => Some((
                    layer,
                    "asked for by a person or an image volume: no container has it",
                )),
                Some(container) if is_of_buildah(root, &container.id) => {
                    let why = "asked for by a person: buildah works in its container";
                    Some((container.id.as_str(), why))
                }
                Some(container) if self.has_never_run(&container.id) => {
                    let why = "asked for by a person: its container has never run";
                    Some((container.id.as_str(), why))
                }
                Some(_) => None,
            };
            let lives = said.map(|(id, by)| Testimony::new(id, Says::Lives, by));
            statement.testimonies.extend(lives);
        }
        Ok(statement)
    }
}

impl Deliberate {
    /// Whether the container has never run. podman makes a directory for each container, and a pid
    /// file when it starts it.
    fn has_never_run(&self, id: &str) -> bool {
        let Some(run_root) = &self.run_root else {
            return false;
        };
        let own = run_root
            .join("overlay-containers")
            .join(id)
            .join("userdata");
        own.is_dir() && !own.join("pidfile").exists() && !own.join("conmon.pid").exists()
    }
}

/// Whether buildah made the container: no engine ever runs it. What `buildah mount` mounts stays
/// until the person is done with it. An interrupted build leaves the very same, and `buildah rm`
/// ends both. What cannot be looked at may be buildah's.
fn is_of_buildah(root: &Path, id: &str) -> bool {
    let own = root.join("overlay-containers").join(id).join("userdata");
    let seen = fs::symlink_metadata(own.join("buildah.json"));
    !seen.is_err_and(|error| matches!(error.kind(), NotFound | NotADirectory))
}

/// The layer in `overlay/<layer>/merged`.
fn layer_of<'p>(point: &'p Path, root: &Path) -> Option<&'p str> {
    let below = point.strip_prefix(root).ok()?.to_str()?;
    let layer = below.strip_prefix("overlay/")?.strip_suffix("/merged")?;
    (layer.len() == 64).then_some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_namespaces_and_layers() {
        assert_eq!(inode(Path::new("net:[4026532325]")), Some(4_026_532_325));
        assert_eq!(inode(Path::new("/net:[7]")), Some(7));
        assert_eq!(inode(Path::new("mnt:[7]")), None);
        for (name, expected) in [
            ("netns/ingress_sbox", true),
            ("netns/1-pnl4ql42xf", true),
            ("netns/lb_abc", true),
            ("netns/ba9546d5027c", false),
            ("netns/default", false),
            ("netns-9c5f62d1-89f9-50f1-54f5-c8001710198f", false),
        ] {
            assert_eq!(is_of_a_network(&name.into()), expected, "{name}");
        }
        let layer = "a".repeat(64);
        let merged = format!("/g/overlay/{layer}/merged");
        assert_eq!(layer_of(Path::new(&merged), Path::new("/g")), Some(&*layer));
        assert_eq!(layer_of(Path::new("/g/overlay"), Path::new("/g")), None);
    }
}
