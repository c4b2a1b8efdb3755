//! The place where everything happens: a mount namespace of the driver's own
//! with a filesystem in memory, so that nothing reaches the machine, and with the
//! processes of its own pid namespace in `/proc`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use tempfile::TempDir;

use crate::mounts;

/// A private mount namespace with an empty filesystem.
pub(crate) struct World {
    dir: TempDir,
    count: usize,
}

/// A directory for one run, with everything that is mounted in it.
pub(crate) struct Fixture {
    dir: PathBuf,
}

/// Why nothing can be run here.
pub(crate) struct Forbidden(pub(crate) String);

impl World {
    /// Makes the place. Call it as the first process of a pid namespace, after [`leave`].
    pub(crate) fn enter() -> anyhow::Result<Result<World, Forbidden>> {
        let dir = tempfile::Builder::new()
            .prefix("faults-")
            .tempdir()
            .context("temporary directory")?;
        match make_place(dir.path()) {
            Ok(()) => Ok(Ok(World { dir, count: 0 })),
            Err(errno) => Ok(Err(Forbidden(format!(
                "mounting in a namespace of our own: {errno}"
            )))),
        }
    }

    /// A new, empty fixture.
    pub(crate) fn fixture(&mut self) -> anyhow::Result<Fixture> {
        self.count += 1;
        let dir = self.dir.path().join(self.count.to_string());
        let fixture = Fixture { dir };
        fs::create_dir_all(fixture.world()).context("make a fixture")?;
        Ok(fixture)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The directory itself is the machine's; what is mounted on it is ours.
        let _ = umount2(self.dir.path(), MntFlags::MNT_DETACH);
    }
}

impl Fixture {
    /// What the operation is given.
    pub(crate) fn world(&self) -> PathBuf {
        self.dir.join("world")
    }

    /// A file beside it, for the driver.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Unmounts and removes all of it.
    pub(crate) fn remove(self) -> anyhow::Result<()> {
        // Each round takes the topmost of a stack away.
        for _ in 0..16 {
            let left = mounts::below(&self.dir)?;
            if left.is_empty() {
                return fs::remove_dir_all(&self.dir).context("remove a fixture");
            }
            for line in left.iter().rev() {
                detach(&line.point)?;
            }
        }
        bail!("mounts stay behind in {}", self.dir.display())
    }
}

/// Keeps what happens here from everybody else, and mounts a filesystem in memory.
fn make_place(dir: &Path) -> nix::Result<()> {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>)?;
    // As in a container: a procfs of another pid namespace would be a sign that somebody else is
    // in this mount namespace. In a user namespace it is locked and stays.
    let _ = umount2("/proc", MntFlags::MNT_DETACH);
    mount(
        Some("proc"),
        "/proc",
        Some("proc"),
        MsFlags::empty(),
        None::<&str>,
    )?;
    mount(
        Some("faults"),
        dir,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=0755"),
    )
}

fn detach(point: &Path) -> anyhow::Result<()> {
    match umount2(point, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
        // It went with another one, or is hidden below one that goes next.
        Ok(()) | Err(Errno::EINVAL | Errno::ENOENT) => Ok(()),
        Err(errno) => bail!("umount2({point:?}, MNT_DETACH): {errno}"),
    }
}

/// Leaves the machine's mounts and, with the next process, its pids; where we are not root, also
/// its users. One call makes all of it, so that nobody is in one of them without the others. Call
/// it before any thread is started.
pub(crate) fn leave() -> nix::Result<()> {
    let (user, group) = (geteuid(), getegid());
    let both = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    match unshare(both) {
        Err(Errno::EPERM) => unshare(CloneFlags::CLONE_NEWUSER | both)?,
        other => return other,
    }
    let maps = [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {user} 1")),
        ("/proc/self/gid_map", format!("0 {group} 1")),
    ];
    for (path, text) in maps {
        fs::write(path, text)
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
    }
    Ok(())
}
