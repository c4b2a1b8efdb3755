//! Where it happens: namespaces, a tmpfs with two roots, containers' leftovers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daemon_host::HostConfig;
use daemon_host::mountscan::MountTable;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use serde_json::json;
use support::link::Links;

/// How many different tables of runtimes there are: they come round again, so that the
/// scripts of a living process have an end.
pub(crate) const TABLES: u64 = 8;

/// Leftover containers of each round.
pub(crate) const CONTAINERS: u64 = 6;

/// Two places, one for the hosts of this process and one for the daemon beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Own,
    Daemon,
}

/// A tmpfs that only this process and its children see.
#[derive(Debug)]
pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    /// Leaves the machine's mounts and links; call it before any thread is started. The
    /// inner error says what the machine forbids.
    pub(crate) fn enter() -> anyhow::Result<Result<Self, Errno>> {
        if let Err(errno) = leave() {
            return Ok(Err(errno));
        }
        let dir = tempfile::Builder::new().prefix("soak-").tempdir()?;
        let none = None::<&str>;
        mount(
            Some("soak"),
            dir.path(),
            Some("tmpfs"),
            MsFlags::empty(),
            none,
        )
        .context("tmpfs")?;
        let world = Self { dir };
        for side in [Side::Own, Side::Daemon] {
            fs::create_dir_all(world.data(side))?;
            // A source that knows containers, and knows none that lives.
            fs::create_dir_all(world.exec(side).join("runtime-runc/moby"))?;
        }
        world.servers(0)?;
        Links::open().up("lo");
        Ok(Ok(world))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn data(&self, side: Side) -> PathBuf {
        self.path(match side {
            Side::Own => "own/data",
            Side::Daemon => "daemon/data",
        })
    }

    pub(crate) fn exec(&self, side: Side) -> PathBuf {
        self.data(side).with_file_name("exec")
    }

    /// The text of a configuration: which of the tables of runtimes, and the paths.
    pub(crate) fn text(&self, side: Side, table: u64) -> String {
        let wrapper = |argument: String| json!({ "path": "/bin/echo", "runtimeArgs": [argument] });
        json!({
            "data-root": self.data(side),
            "exec-root": self.exec(side),
            "resolv-conf": self.path("resolv.conf"),
            "default-runtime": "wrapped",
            "runtimes": {
                "wrapped": wrapper(format!("table {}", table % TABLES)),
                "fixed": wrapper("always".into()),
                "plain": { "path": "/bin/true" },
                "shim": { "runtimeType": "io.containerd.kata.v2" },
            },
        })
        .to_string()
    }

    pub(crate) fn config(&self, side: Side, table: u64) -> anyhow::Result<HostConfig> {
        Ok(HostConfig::parse(self.text(side, table).as_bytes())?)
    }

    /// Another server in the host's resolv.conf, by rename as NetworkManager does.
    pub(crate) fn servers(&self, round: u64) -> anyhow::Result<()> {
        let text = format!(
            "nameserver 192.0.2.{}\nsearch soak.test\n",
            100 + round % 100
        );
        fs::write(self.path("resolv.conf.new"), text)?;
        Ok(fs::rename(
            self.path("resolv.conf.new"),
            self.path("resolv.conf"),
        )?)
    }

    /// What dead containers leave: the same ids every time, so that directories do not add up.
    pub(crate) fn leave_containers(&self, side: Side) -> anyhow::Result<()> {
        for id in 0..CONTAINERS {
            let id = format!("{id:064x}");
            let shm = Path::new("containers").join(&id).join("mounts/shm");
            for below in [shm, Path::new("overlay2").join(&id).join("merged")] {
                self.mount_on(&self.data(side).join(below))?;
            }
        }
        Ok(())
    }

    /// Mounts a small file system.
    pub(crate) fn mount_on(&self, point: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(point)?;
        let none = None::<&str>;
        mount(Some("shm"), point, Some("tmpfs"), MsFlags::empty(), none)
            .with_context(|| format!("mount on {}", point.display()))
    }

    /// Rows of the whole mount table.
    pub(crate) fn mounts(&self) -> anyhow::Result<u64> {
        Ok(MountTable::current()?.len() as u64)
    }

    /// The wrapper scripts there are.
    pub(crate) fn scripts(&self, side: Side) -> anyhow::Result<Vec<PathBuf>> {
        let mut scripts = Vec::new();
        for entry in fs::read_dir(self.data(side).join("runtimes"))? {
            let entry = entry?;
            if daemon_host::runtimes::is_script_name(&entry.file_name()) {
                scripts.push(entry.path());
            }
        }
        Ok(scripts)
    }

    /// Files and directories in all of it.
    pub(crate) fn files(&self) -> anyhow::Result<u64> {
        fn count(dir: &Path) -> anyhow::Result<u64> {
            let mut files = 0;
            for entry in fs::read_dir(dir)? {
                let entry = entry?;
                files += 1;
                if entry.file_type()?.is_dir() {
                    files += count(&entry.path())?;
                }
            }
            Ok(files)
        }
        count(self.dir.path())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The directory itself is the machine's, under the mount.
        let _ = nix::mount::umount2(self.dir.path(), nix::mount::MntFlags::MNT_DETACH);
    }
}

/// A network namespace, private mounts, and a procfs of the own pid namespace.
fn leave() -> Result<(), Errno> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    // As in a container. In a user namespace it is locked and stays.
    let _ = nix::mount::umount2("/proc", nix::mount::MntFlags::MNT_DETACH);
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none)
}
