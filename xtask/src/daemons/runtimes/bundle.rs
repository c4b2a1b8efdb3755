//! A container for a runtime alone: a root file system of busybox, and a bundle beside it.

use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result};
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The root file system of all containers.
const ROOT: &str = "/rootfs";

const APPLETS: &[&str] = &["sh", "sleep", "cat", "echo", "touch"];

/// A mount of a container: where it is, and its options.
pub(super) struct Bind<'a> {
    pub(super) source: &'a Path,
    pub(super) options: &'a [&'a str],
}

/// Makes the root file system.
pub(super) fn set_up(stage: &Stage) -> Result<()> {
    for name in ["bin", "proc", "sys", "dev", "mnt"] {
        let path = Path::new(ROOT).join(name);
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
    }
    std::fs::copy("/usr/bin/busybox", "/rootfs/bin/busybox").context("copying busybox")?;
    for applet in APPLETS {
        symlink("busybox", Path::new("/rootfs/bin").join(applet)).context("linking busybox")?;
    }
    let mut command = stage.command("/usr/bin/busybox");
    inside::output(command.args(["ip", "link", "set", "lo", "up"])).map(drop)
}

/// Writes a bundle that runs a shell script; gives its directory.
pub(super) fn write(
    id: &str,
    group: &str,
    script: &str,
    bind: Option<&Bind<'_>>,
) -> Result<PathBuf> {
    let directory = Path::new("/bundles").join(id);
    std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let mut mounts = vec![
        json!({"destination": "/proc", "type": "proc", "source": "proc"}),
        json!({"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]}),
        json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
               "options": ["mode=755"]}),
    ];
    mounts.extend(bind.map(|bind| {
        json!({"destination": "/mnt", "type": "bind", "source": bind.source,
               "options": bind.options})
    }));
    let namespaces = ["pid", "mount", "ipc", "uts"].map(|kind| json!({ "type": kind }));
    let config = json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false, "user": {"uid": 0, "gid": 0}, "cwd": "/",
            "args": ["/bin/sh", "-c", script], "env": ["PATH=/bin"],
        },
        "root": {"path": ROOT, "readonly": false},
        "mounts": mounts,
        "linux": {"cgroupsPath": format!("/{group}/{id}"), "namespaces": namespaces},
    });
    let path = directory.join("config.json");
    std::fs::write(&path, config.to_string()).with_context(|| path.display().to_string())?;
    Ok(directory)
}
