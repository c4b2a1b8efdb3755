//! Readers that this machine does not have, in trees made of Debian's packages.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::daemons::recipe::Recipe;
use crate::readers::call::command;
use crate::vm::{cache, mirrors};

/// Debian 12: older versions of all of them.
const OLD: Recipe = Recipe {
    name: "readers",
    suite: "bookworm",
    packages: &["golang-go", "libc-ares2", "systemd-resolved"],
    may_lag: false,
};

/// The newest versions that Debian has.
const NEW: Recipe = Recipe {
    name: "readers",
    suite: "sid",
    packages: &["golang-go", "libc-ares2", "libc-bin", "musl"],
    may_lag: true,
};

/// A newer systemd-resolved. Its packages are many, so they have a tree of their own.
const NEW_RESOLVED: Recipe = Recipe {
    name: "resolved",
    suite: "sid",
    packages: &["systemd-resolved"],
    may_lag: true,
};

/// Programs that read the file themselves.
const TOOLS: Recipe = Recipe {
    name: "readers-tools",
    suite: "bookworm",
    packages: &["bind9-dnsutils", "busybox", "haproxy"],
    may_lag: false,
};

/// Libraries and servers that read the file themselves, in languages of their own.
const LIBRARIES: Recipe = Recipe {
    name: "readers-libraries",
    suite: "bookworm",
    packages: &[
        "dnsmasq-base",
        "libunbound8",
        "openjdk-17-jdk-headless",
        "python3-dnspython",
        "python3-minimal",
    ],
    may_lag: false,
};

/// Which tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Old,
    New,
    NewResolved,
    Tools,
    Libraries,
}

impl Which {
    const ALL: [Self; 5] = [
        Self::Old,
        Self::New,
        Self::NewResolved,
        Self::Tools,
        Self::Libraries,
    ];

    fn recipe(self) -> &'static Recipe {
        match self {
            Self::Old => &OLD,
            Self::New => &NEW,
            Self::NewResolved => &NEW_RESOLVED,
            Self::Tools => &TOOLS,
            Self::Libraries => &LIBRARIES,
        }
    }

    /// The tree, if it was fetched before.
    pub(super) fn fetched(self) -> Option<PathBuf> {
        let never = || anyhow::bail!("nothing is fetched inside the namespaces");
        self.recipe().obtain(&cache().ok()?, &never).ok()
    }

    /// A program that looks a name up with this tree's Go, if it was built before.
    pub(super) fn go(self) -> Option<PathBuf> {
        let program = self.go_path().ok()?;
        program.is_file().then_some(program)
    }

    fn go_path(self) -> Result<PathBuf> {
        Ok(cache()?.join(format!("trees/readers-go-{}", self.recipe().suite)))
    }
}

/// Fetches the trees and builds what must be built with their compilers. What cannot be fetched is
/// told; its readers are skipped later.
pub(crate) fn prepare(mirror: Option<&str>) {
    for which in Which::ALL {
        let made = obtain(which, mirror);
        if let Err(error) = made {
            let Recipe { name, suite, .. } = which.recipe();
            println!("skipped: {name} of {suite}: {error:#}");
        }
    }
}

fn obtain(which: Which, mirror: Option<&str>) -> Result<()> {
    let tree = which.recipe().obtain(&cache()?, &|| mirrors(mirror))?;
    let has_go = which.recipe().packages.contains(&"golang-go");
    let program = which.go_path()?;
    if has_go && !program.exists() {
        build_go(&tree, &program)?;
    }
    Ok(())
}

const GO: &str = "package main\n\nimport (\n\t\"context\"\n\t\"net\"\n\t\"os\"\n)\n\n\
    func main() {\n\tr := net.Resolver{PreferGo: true}\n\
    \tr.LookupHost(context.Background(), os.Args[1])\n}\n";

fn build_go(tree: &Path, program: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source = dir.path().join("look_up.go");
    std::fs::write(&source, GO).context("write the program")?;
    let lib = tree.join("usr/lib");
    let entries = lib.read_dir().with_context(|| lib.display().to_string())?;
    let root = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join("bin/go").is_file())
        .context("no Go in the tree")?;
    let output = Command::new(root.join("bin/go"))
        .args(["build", "-o"])
        .args([program, &source])
        .current_dir(&dir)
        .env("GOROOT", &root)
        .env("GOCACHE", dir.path().join("cache"))
        .env("GOFLAGS", "-mod=mod")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .env("HOME", dir.path())
        .stdin(Stdio::null())
        .output()
        .context("go build")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "go build: {}", said.trim());
    Ok(())
}

/// A tree that may be written to, for as long as the namespaces are there.
pub(super) fn writable(tree: &Path, dir: &Path, name: &str) -> Result<PathBuf> {
    let layers = dir.join(format!("layers-{name}"));
    let root = dir.join(format!("root-{name}"));
    for place in [&layers, &root] {
        std::fs::create_dir(place).with_context(|| place.display().to_string())?;
    }
    command(
        "mount",
        &["-t", "tmpfs", "layers", &layers.to_string_lossy()],
    )?;
    for place in ["upper", "work"] {
        std::fs::create_dir(layers.join(place)).context("a layer")?;
    }
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        tree.display(),
        layers.join("upper").display(),
        layers.join("work").display()
    );
    let root_name = root.to_string_lossy();
    command(
        "mount",
        &["-t", "overlay", "readers", "-o", &options, &root_name],
    )?;
    let run = root.join("run").to_string_lossy().into_owned();
    command("mount", &["-t", "tmpfs", "run", &run])?;
    for name in ["dev", "proc"] {
        let (from, to) = (format!("/{name}"), root.join(name));
        command("mount", &["--rbind", &from, &to.to_string_lossy()])?;
    }
    std::fs::write(root.join("etc/nsswitch.conf"), "hosts: dns\n").context("nsswitch.conf")?;
    Ok(root)
}
