//! What the oldest compiler builds.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{layer, stage};
use crate::arch::{AMD64, Arch};
use crate::cargo;
use crate::vm::{cache, mirrors};

/// Cargo of the root, and what keeps the root in place while it runs.
pub(crate) struct Toolchain {
    stage: stage::Stage,
    /// The topmost layer, which has the libraries of the architecture.
    layer: PathBuf,
    arch: &'static Arch,
}

impl Toolchain {
    /// Fetches what is not in the cache: the compiler, and the crates of the lock file.
    pub(crate) fn obtain(arch: &'static Arch) -> Result<Self> {
        let layers = layer::layers(&cache()?, &mirrors(None)?, arch)?;
        anyhow::ensure!(
            cargo::succeeds(&mut cargo::cargo(["fetch", "--quiet", "--locked"]))?,
            "cargo cannot fetch the crates of Cargo.lock"
        );
        Ok(Self {
            stage: stage::Stage::new(&layers)?,
            layer: layers[0].clone(),
            arch,
        })
    }

    /// Its cargo, for the architecture, offline, with a target directory of its own.
    pub(crate) fn cargo(&self, chore: &str) -> Result<Command> {
        let mut cargo = self.stage.command("cargo")?;
        cargo.args([chore, "--quiet", "--locked", "--offline", "--manifest-path"]);
        cargo.arg(cargo::root().join("Cargo.toml"));
        cargo.arg("--target-dir").arg(cargo::target().join("msrv"));
        cargo.env(AMD64.variable("LINKER"), "gcc");
        // Debian makes the name cc when it configures a package, which nobody does here.
        cargo.env("HOST_CC", "gcc").env("CC", "gcc");
        if self.arch != AMD64 {
            cargo.args(["--target", self.arch.triple]);
            let linker = format!("{}-gcc", self.arch.gnu);
            cargo.env(self.arch.variable("LINKER"), linker);
            cargo.env(self.arch.variable("RUSTFLAGS"), self.flags());
        }
        Ok(cargo)
    }

    /// Programs that find their loader and libraries in the layer, where this machine has none.
    fn flags(&self) -> String {
        let libraries = self.layer.join("usr").join(self.arch.gnu).join("lib");
        let name = self.arch.loader.rsplit('/').next().unwrap_or_default();
        format!(
            "-Clink-arg=-Wl,--dynamic-linker={0}/{name} -Clink-arg=-Wl,-rpath,{0}",
            libraries.display()
        )
    }
}

/// Why this compiler cannot run here; nothing if it can.
pub(crate) fn cannot_run() -> Option<String> {
    let output = stage::unshare()
        .args(["--", "true"])
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

/// Builds every published crate with all its features, then every target of the workspace, tests
/// and benches included; true if all of it builds. Nothing is fetched any more.
pub(crate) fn check_msrv(toolchain: &Toolchain) -> Result<bool> {
    let packages = cargo::packages()?;
    let mut published = toolchain.cargo("check")?;
    published.arg("--all-features");
    for package in packages.iter().filter(|package| package.published) {
        published.args(["-p", &package.name]);
    }
    let mut all = toolchain.cargo("check")?;
    all.args(["--workspace", "--all-targets", "--keep-going"]);
    let published = cargo::succeeds(&mut published).context("the published crates")?;
    let all = cargo::succeeds(&mut all).context("the workspace")?;
    Ok(published && all)
}
