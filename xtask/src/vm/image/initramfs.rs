//! The common part of the initramfs: PID 1, test binaries, and this machine's programs with
//! their loaders and libraries.

use super::bundle::Bundle;
use super::cpio::Archive;
use super::elf;
use super::payload::Payload;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Programs of this machine that tests use: name in the guest, places here, and
/// whether the lane can do without.
const TOOLS: &[(&str, &[&str], bool)] = &[
    ("/bin/busybox", &["/bin/busybox", "/usr/bin/busybox"], false),
    ("/bin/sh", &["/bin/dash", "/usr/bin/dash"], true),
    ("/sbin/mke2fs", &["/sbin/mke2fs", "/usr/sbin/mke2fs"], false),
    (
        "/sbin/mkfs.btrfs",
        &["/sbin/mkfs.btrfs", "/usr/sbin/mkfs.btrfs"],
        false,
    ),
    ("/bin/btrfs", &["/bin/btrfs", "/usr/bin/btrfs"], false),
];

/// What busybox is called in a container's root.
const APPLETS: &[&str] = &[
    "sh", "cat", "echo", "ls", "mount", "umount", "sleep", "touch", "true", "false", "id", "ps",
    "kill", "mkdir", "rm", "printf", "head", "test", "ip", "env", "wc", "grep", "uname", "dmesg",
    "stat",
];

/// What the guest has of this machine besides the tests.
pub(crate) fn tools() -> (Vec<(&'static str, PathBuf)>, Vec<&'static str>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (guest, places, optional) in TOOLS {
        match places.iter().map(PathBuf::from).find(|path| path.is_file()) {
            Some(path) => found.push((*guest, path)),
            None if *optional => {}
            None => missing.push(*guest),
        }
    }
    (found, missing)
}

impl Payload {
    /// Writes everything but kernel modules and plan as a newc archive.
    ///
    /// The newest of the runtimes, which come last, are `/usr/bin/runc` and `/usr/bin/crun`.
    pub(crate) fn pack(&self, runtimes: &[Bundle]) -> Result<Vec<u8>> {
        let mut packer = Packer {
            archive: Archive::new(Vec::new()),
            libraries: BTreeSet::new(),
        };
        packer.archive.device("/dev/console", 0o600, (5, 1))?;
        for directory in [
            "/proc",
            "/sys",
            "/run",
            "/tmp",
            "/var",
            "/root",
            "/rootfs/proc",
            "/rootfs/sys",
            "/rootfs/dev",
        ] {
            packer.archive.directory(directory)?;
        }
        packer.program("/init", &self.init)?;
        packer.archive.symlink("/sbin/modprobe", "/init")?;
        for (guest, path) in &self.binaries {
            packer.program(guest, path)?;
        }
        if let Some(command) = &self.command {
            packer.program("/usr/bin/daemon-host", command)?;
        }
        for (guest, path) in tools().0 {
            packer.program(guest, &path)?;
        }
        packer.userland()?;
        let newest = runtimes.last().context("no runtimes")?;
        for name in ["runc", "crun"] {
            let target = format!("/oci/{}/{name}", newest.series()?);
            packer
                .archive
                .symlink(&format!("/usr/bin/{name}"), &target)?;
        }
        let mut image = packer.archive.finish()?;
        for bundle in runtimes {
            let path = bundle.runtimes();
            image.extend(std::fs::read(&path).with_context(|| path.display().to_string())?);
        }
        Ok(image)
    }
}

struct Packer {
    archive: Archive<Vec<u8>>,
    libraries: BTreeSet<PathBuf>,
}

impl Packer {
    /// A program with its loader and libraries, each at the path it has here.
    fn program(&mut self, guest: &str, path: &Path) -> Result<()> {
        let bytes = stripped(path)?;
        for library in libraries(path)? {
            if self.libraries.insert(library.clone()) {
                let image = std::fs::read(&library);
                let image = image.with_context(|| library.display().to_string())?;
                let name = library.display().to_string();
                self.archive.file(&name, 0o755, &image)?;
            }
        }
        self.archive.file(guest, 0o755, &bytes)?;
        Ok(())
    }

    /// A busybox root for containers, and the few files programs look up.
    fn userland(&mut self) -> Result<()> {
        let busybox = tools()
            .0
            .into_iter()
            .find(|(guest, _)| *guest == "/bin/busybox");
        let busybox = busybox.context("no busybox")?.1;
        let image = std::fs::read(&busybox).with_context(|| busybox.display().to_string())?;
        self.archive.file("/rootfs/bin/busybox", 0o755, &image)?;
        // Where the static busybox is not installed, the other one serves.
        for library in libraries(&busybox)? {
            let image = std::fs::read(&library);
            let image = image.with_context(|| library.display().to_string())?;
            let name = format!("/rootfs{}", library.display());
            self.archive.file(&name, 0o755, &image)?;
        }
        for applet in APPLETS {
            self.archive
                .symlink(&format!("/rootfs/bin/{applet}"), "busybox")?;
            // In the guest's own /bin only where no real program took the name.
            self.archive.symlink(&format!("/bin/{applet}"), "busybox")?;
        }
        for root in ["", "/rootfs"] {
            self.archive.file(
                &format!("{root}/etc/passwd"),
                0o644,
                b"root:x:0:0:root:/root:/bin/sh\n",
            )?;
            self.archive
                .file(&format!("{root}/etc/group"), 0o644, b"root:x:0:\n")?;
        }
        Ok(())
    }
}

/// The file without debug information, which is most of a test binary.
fn stripped(path: &Path) -> Result<Vec<u8>> {
    let place = tempfile::NamedTempFile::new().context("making a temporary file")?;
    let done = Command::new("strip")
        .args(["--strip-debug", "-o"])
        .arg(place.path())
        .arg(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let source = if done.is_ok_and(|status| status.success()) {
        place.path()
    } else {
        path
    };
    std::fs::read(source).with_context(|| source.display().to_string())
}

/// What a program needs to run, by its loader's own answer: the loader first,
/// then the libraries; nothing for a static one.
pub(crate) fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let bytes = std::fs::read(program).with_context(|| program.display().to_string())?;
    let Some(loader) = elf::interpreter(&bytes) else {
        return Ok(Vec::new());
    };
    let mut found = vec![PathBuf::from(&loader)];
    found.extend(listed(Command::new(loader).arg("--list").arg(program))?);
    Ok(found)
}

/// The libraries that a program has in an unpacked tree of packages, by that tree's loader.
pub(crate) fn libraries_in(tree: &Path, loader: &str, program: &Path) -> Result<Vec<PathBuf>> {
    let mut command = Command::new(tree.join(loader));
    command.arg("--inhibit-cache").arg("--library-path");
    command.arg(tree.join("usr/lib/x86_64-linux-gnu"));
    let found = listed(command.arg("--list").arg(program))?;
    match found.iter().find(|library| !library.starts_with(tree)) {
        Some(library) => bail!("{} is not from the packages", library.display()),
        None => Ok(found),
    }
}

fn listed(command: &mut Command) -> Result<Vec<PathBuf>> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}", said.trim());
    }
    Ok(needed(&String::from_utf8_lossy(&output.stdout)))
}

/// Paths of `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)` lines.
fn needed(listing: &str) -> Vec<PathBuf> {
    let path = |line: &str| {
        let (_, right) = line.split_once(" => ")?;
        let path = right
            .rsplit_once(" (")
            .map_or(right, |(path, _)| path)
            .trim();
        path.starts_with('/').then(|| PathBuf::from(path))
    };
    listing.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_listing() {
        let listing = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x2)\n\t/lib64/ld.so (0x3)\n";
        assert_eq!(needed(listing), [PathBuf::from("/lib/x/libc.so.6")]);
    }
}
