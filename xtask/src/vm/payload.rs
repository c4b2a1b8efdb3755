//! The programs that run in the guest: PID 1, test binaries, runtimes, tools.

use super::cpio::Archive;
use super::elf;
use crate::cargo;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::plan::Item;

/// A test that says nothing else is given this long.
const LIMIT: Duration = Duration::from_secs(60);

/// The crates whose own tests may ask for a VM by `#[ignore = "vm: …"]`.
const CRATES: &[&str] = &[
    "mountscan",
    "rootmount",
    "resolvconf",
    "ifaddrs",
    "rroprobe",
    "runtimes",
    "daemon-host",
    "daemon-host-cli",
];

/// Programs of this machine that tests use: name in the guest, places here, and
/// whether the lane can do without.
const TOOLS: &[(&str, &[&str], bool)] = &[
    ("/bin/busybox", &["/bin/busybox", "/usr/bin/busybox"], false),
    ("/usr/bin/runc", &["/usr/sbin/runc", "/usr/bin/runc"], false),
    ("/usr/bin/crun", &["/usr/bin/crun"], false),
    ("/bin/sh", &["/bin/dash", "/usr/bin/dash"], true),
    ("/sbin/mke2fs", &["/sbin/mke2fs", "/usr/sbin/mke2fs"], true),
];

/// What busybox is called in a container's root.
const APPLETS: &[&str] = &[
    "sh", "cat", "echo", "ls", "mount", "umount", "sleep", "touch", "true", "false", "id", "ps",
    "kill", "mkdir", "rm", "printf", "head", "test", "ip", "env", "wc", "grep", "uname", "dmesg",
    "stat",
];

/// One test of one binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// What the matrix calls it: `mountscan::rows::stacked`.
    pub(crate) label: String,
    pub(crate) item: Item,
}

/// Everything built.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) init: PathBuf,
    /// Path in the guest and here.
    binaries: Vec<(String, PathBuf)>,
    pub(crate) tests: Vec<Test>,
    /// The command itself, if it was built.
    command: Option<PathBuf>,
}

/// Builds PID 1 and the test binaries, and asks those for their tests.
///
/// `workspace`: build all harnesses in the one call that `cargo xtask test`
/// uses, so that nothing is compiled twice. `only`: these packages, if any.
pub(crate) fn build(workspace: bool, only: &[String]) -> Result<Payload> {
    let mut command = cargo::cargo([
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    if workspace {
        command.arg("--workspace");
    } else {
        let all = CRATES.iter().copied().chain(["vm"]);
        let wanted = all.filter(|name| only.is_empty() || only.iter().any(|only| only == name));
        command
            .args(["-p", "guest"])
            .args(wanted.flat_map(|name| ["-p", name]));
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo test --no-run")?;
    if !output.status.success() {
        bail!("the test binaries do not build");
    }
    collect(&String::from_utf8_lossy(&output.stdout))
}

fn collect(messages: &str) -> Result<Payload> {
    let (mut init, mut command) = (None, None);
    let (mut binaries, mut tests) = (Vec::new(), Vec::new());
    for message in messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let Some(path) = message["executable"].as_str().map(PathBuf::from) else {
            continue;
        };
        let target = cargo::text(&message["target"]["name"]);
        let package = package(cargo::text(&message["manifest_path"]));
        match (message["profile"]["test"] == true, target) {
            (false, "guest-init") => init = Some(path),
            (false, "daemon-host") => command = Some(path),
            (true, _) if package == "vm" || CRATES.contains(&package.as_str()) => {
                let label = label(&package, target, cargo::text(&message["target"]["kind"][0]));
                let guest = format!("/t/{}", label.replace(':', "-"));
                let found = list(&path, &label, &guest)?;
                if !found.is_empty() {
                    binaries.push((guest, path));
                    tests.extend(found);
                }
            }
            _ => {}
        }
    }
    tests.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(Payload {
        init: init.context("cargo built no guest-init")?,
        binaries,
        tests,
        command,
    })
}

/// The directory's name, but `daemon-host-cli` and not `crates`.
fn package(manifest: &str) -> String {
    let directory = Path::new(manifest).parent().and_then(Path::file_name);
    directory.unwrap_or_default().to_string_lossy().into_owned()
}

fn label(package: &str, target: &str, kind: &str) -> String {
    match (package, kind) {
        ("vm", _) => target.to_owned(),
        (_, "test") => format!("{package}:{target}"),
        _ => format!("{package}:lib"),
    }
}

/// The tests that are ignored with a reason that begins with `vm:`.
fn list(binary: &Path, label: &str, guest: &str) -> Result<Vec<Test>> {
    let output = Command::new(binary)
        .args(["--list", "--format", "json", "-Zunstable-options"])
        // The only listing that tells why a test is ignored.
        .env("RUSTC_BOOTSTRAP", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| binary.display().to_string())?;
    if !output.status.success() {
        bail!(
            "{}: --list: {}",
            binary.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(lines
        .lines()
        .filter_map(|line| test(line, label, guest))
        .collect())
}

fn test(line: &str, label: &str, guest: &str) -> Option<Test> {
    let test: Value = serde_json::from_str(line).ok()?;
    let reason = cargo::text(&test["ignore_message"]);
    let name = cargo::text(&test["name"]);
    (test["ignore"] == true && reason.starts_with("vm:") && !name.is_empty()).then(|| Test {
        label: format!("{label}::{name}"),
        item: Item {
            binary: guest.to_owned(),
            test: name.to_owned(),
            limit: limit(reason),
        },
    })
}

/// `vm: ten thousand races (limit 300 s)` asks for 300 seconds.
fn limit(reason: &str) -> Duration {
    let seconds = reason
        .split_once("limit ")
        .and_then(|(_, rest)| rest.split_once(" s"))
        .and_then(|(number, _)| number.trim().parse().ok());
    seconds.map_or(LIMIT, Duration::from_secs)
}

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
    pub(crate) fn pack(&self) -> Result<Vec<u8>> {
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
        Ok(packer.archive.finish()?)
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
    let output = Command::new(&loader)
        .arg("--list")
        .arg(program)
        .stdin(Stdio::null())
        .output()
        .with_context(|| loader.clone())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{loader} --list {}: {said}", program.display());
    }
    let mut found = vec![PathBuf::from(loader)];
    found.extend(needed(&String::from_utf8_lossy(&output.stdout)));
    Ok(found)
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
    fn only_tests_for_the_vm_are_taken() {
        let line = |ignore: bool, reason: &str| {
            format!(
                r#"{{"type":"test","name":"m::a","ignore":{ignore},"ignore_message":"{reason}"}}"#
            )
        };
        let found = test(&line(true, "vm: needs root"), "mountscan", "/t/mountscan").unwrap();
        assert_eq!(found.label, "mountscan::m::a");
        assert_eq!(found.item.limit, LIMIT);
        assert!(test(&line(true, "#12"), "x", "/t/x").is_none());
        assert!(test(&line(false, ""), "x", "/t/x").is_none());
        assert!(test(r#"{"type":"suite","event":"discovery"}"#, "x", "/t/x").is_none());
    }

    #[test]
    fn a_reason_may_ask_for_time() {
        assert_eq!(limit("vm: races (limit 300 s)"), Duration::from_secs(300));
        assert_eq!(limit("vm: limit many s"), LIMIT);
        assert_eq!(limit("vm: needs root"), LIMIT);
    }

    #[test]
    fn the_loaders_listing() {
        let listing = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x2)\n\t/lib64/ld.so (0x3)\n";
        assert_eq!(needed(listing), [PathBuf::from("/lib/x/libc.so.6")]);
    }

    #[test]
    fn labels_name_the_crate() {
        assert_eq!(label("vm", "mountscan", "test"), "mountscan");
        assert_eq!(
            label("rootmount", "rootmount", "test"),
            "rootmount:rootmount"
        );
        assert_eq!(label("rootmount", "rootmount", "lib"), "rootmount:lib");
        assert_eq!(
            package("/a/crates/daemon-host-cli/Cargo.toml"),
            "daemon-host-cli"
        );
    }
}
