//! Makes the place where the demo plays: namespaces, a tmpfs, mounts of containers.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

/// Says that the machine forbids what the demo needs.
pub(super) struct Forbidden {
    pub(super) what: String,
    pub(super) remedy: String,
}

/// Makes and enters a user, a mount and a network namespace. Where user namespaces are forbidden,
/// root does without one. The process must have one thread.
pub(super) fn enter_namespaces() -> Result<(), Forbidden> {
    let (uid, gid) = (getuid(), getgid());
    let flags = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET;
    // In one call: the user namespace is made first and owns the others, so root is not needed.
    if let Err(errno) = unshare(flags | CloneFlags::CLONE_NEWUSER) {
        return unshare(flags).map_err(|_| forbidden(&format!("unshare: {}", errno.desc())));
    }
    let write = |path: &str, text: String| fs::write(path, text);
    // Without privilege, the kernel takes a gid_map only after setgroups is denied.
    write("/proc/self/setgroups", "deny".into())
        .and_then(|()| write("/proc/self/uid_map", format!("0 {uid} 1\n")))
        .and_then(|()| write("/proc/self/gid_map", format!("0 {gid} 1\n")))
        .map_err(|error| forbidden(&format!("map ids: {error}")))
}

/// Says which switch of the machine is off, if the kernel shows it.
fn forbidden(what: &str) -> Forbidden {
    let is =
        |path: &str, value: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == value);
    let remedy = if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        "kernel.unprivileged_userns_clone is 0; run as root, or set it to 1"
    } else if is(
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
    ) {
        "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns); \
         run as root"
    } else if is("/proc/sys/user/max_user_namespaces", "0") {
        "user.max_user_namespaces is 0; run as root, or raise it"
    } else if is("/proc/sys/user/max_mnt_namespaces", "0") {
        "user.max_mnt_namespaces is 0; raise it"
    } else if is("/proc/sys/user/max_net_namespaces", "0") {
        "user.max_net_namespaces is 0; raise it"
    } else {
        "a system call filter, as in most containers, may forbid it; try on the host"
    };
    Forbidden {
        what: format!("this machine forbids namespaces of one's own ({what})"),
        remedy: remedy.into(),
    }
}

/// A data root and an exec root on a tmpfs of their own.
pub(super) struct Stage {
    dir: PathBuf,
    overlay: bool,
}

impl Stage {
    /// Makes the stage over the temporary directory. Only this process sees it.
    pub(super) fn set() -> anyhow::Result<Self> {
        let none = None::<&str>;
        // Before the first mount: nothing may propagate to the machine.
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
            .context("make / private")?;
        let dir = std::env::temp_dir();
        mount(Some("demo"), &dir, Some("tmpfs"), MsFlags::empty(), none)
            .with_context(|| format!("mount a tmpfs on {}", dir.display()))?;
        let mut stage = Self { dir, overlay: true };
        for made in ["data", "exec"] {
            fs::create_dir(stage.path(made))?;
        }
        // Only a try tells whether the kernel lets us mount an overlay.
        stage.overlay = stage.mount_overlay(Path::new("probe")).is_ok();
        if stage.overlay {
            nix::mount::umount(&stage.path("probe"))?;
        }
        Ok(stage)
    }

    pub(super) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.join(name)
    }

    /// What the root filesystems of containers are here. Without privilege, overlay needs Linux
    /// 5.11.
    pub(super) fn layer_kind(&self) -> &'static str {
        if self.overlay {
            "overlay"
        } else {
            "tmpfs in place of overlay"
        }
    }

    /// Mounts what a container has: its root filesystem and its shm.
    pub(super) fn container(&self, id: &str) -> anyhow::Result<()> {
        let layer = layer_of(id);
        let names = Path::new("data/image/overlay2/layerdb/mounts").join(id);
        fs::create_dir_all(self.path(&names))?;
        fs::write(self.path(names.join("mount-id")), &layer)?;
        let merged = Path::new("data/overlay2").join(layer).join("merged");
        match self.overlay {
            true => self.mount_overlay(&merged)?,
            false => self.mount_tmpfs(&merged)?,
        }
        self.mount_tmpfs(&Path::new("data/containers").join(id).join("mounts/shm"))
    }

    fn mount_tmpfs(&self, at: &Path) -> anyhow::Result<()> {
        let at = self.path(at);
        fs::create_dir_all(&at)?;
        mount(
            Some("shm"),
            &at,
            Some("tmpfs"),
            MsFlags::empty(),
            None::<&str>,
        )
        .with_context(|| format!("mount shm on {}", at.display()))
    }

    fn mount_overlay(&self, at: &Path) -> anyhow::Result<()> {
        let at = self.path(at);
        let layers = self.path("layers").join(at.strip_prefix(&self.dir)?);
        let part = |name: &str| layers.join(name);
        for dir in [&at, &part("lower"), &part("upper"), &part("work")] {
            fs::create_dir_all(dir)?;
        }
        let shown = |name: &str| part(name).display().to_string();
        let (lower, upper, work) = (shown("lower"), shown("upper"), shown("work"));
        // Overlay's usual attributes need privilege over the machine. userxattr does without (Linux
        // 5.11).
        let options = format!("userxattr,lowerdir={lower},upperdir={upper},workdir={work}");
        mount(
            Some("overlay"),
            &at,
            Some("overlay"),
            MsFlags::empty(),
            Some(options.as_str()),
        )
        .with_context(|| format!("mount overlay on {}", at.display()))
    }

    /// Writes the daemon's configuration with one runtime whose wrapper has this argument.
    pub(super) fn configure(&self, argument: &str) -> io::Result<()> {
        let runtime = serde_json::json!({
            "path": "/bin/echo",
            "runtimeArgs": [argument],
        });
        self.configure_runtimes(&serde_json::json!({ "demo": runtime }))
    }

    pub(super) fn configure_runtimes(&self, runtimes: &serde_json::Value) -> io::Result<()> {
        let config = serde_json::json!({
            "data-root": self.path("data"),
            "exec-root": self.path("exec"),
            "runtimes": runtimes,
        });
        fs::write(self.path("daemon.json"), config.to_string())
    }

    /// Starts this program again in a role of the demo.
    pub(super) fn spawn(&self, role: &str) -> io::Result<Child> {
        Command::new("/proc/self/exe")
            .args(["demo", "--role", role, "--config"])
            .arg(self.path("daemon.json"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }

    /// Writes the state that runc keeps about a container, with its first process.
    pub(super) fn live(&self, id: &str, child: &Child) -> io::Result<()> {
        let state = self.path("exec/runtime-runc/moby").join(id);
        fs::create_dir_all(&state)?;
        let text = format!(r#"{{"init_process_pid": {}}}"#, child.id());
        fs::write(state.join("state.json"), text)
    }
}

/// A layer has an id of its own, as in Docker.
pub(super) fn layer_of(id: &str) -> String {
    id.chars().rev().collect()
}
