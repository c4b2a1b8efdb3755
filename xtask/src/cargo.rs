//! Runs cargo and reads what it says about the workspace.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// The workspace's top directory.
pub(crate) fn root() -> PathBuf {
    let manifest =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest
        .parent()
        .map_or(manifest.clone(), Path::to_path_buf)
}

/// Where cargo builds to.
pub(crate) fn target() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(target)
}

/// The cargo that runs us, at the workspace's top.
pub(crate) fn cargo<I, S>(args: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<std::ffi::OsStr>,
{
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// Runs to the end with the output going through; true on success.
pub(crate) fn succeeds(command: &mut Command) -> anyhow::Result<bool> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{command:?}"))?;
    Ok(status.success())
}

/// Standard output of a command that has to succeed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("{command:?}: output is not UTF-8"))
}

/// Files under version control and new ones that are not ignored, relative to the top.
pub(crate) fn files() -> anyhow::Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root()).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let mut files: Vec<PathBuf> = output(&mut git)?
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// One member of the workspace, as `cargo metadata` tells it.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Directory, relative to the top.
    pub(crate) dir: PathBuf,
    /// Goes to the registry.
    pub(crate) published: bool,
    pub(crate) rust_version: Option<String>,
    /// Names in `[dependencies]`, `[dev-dependencies]` and `[build-dependencies]`.
    pub(crate) dependencies: Vec<String>,
}

/// The workspace's members, in name order.
pub(crate) fn packages() -> anyhow::Result<Vec<Package>> {
    let text = output(&mut cargo([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
    ]))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata")?;
    let top = root();
    let mut packages: Vec<Package> = array(&metadata["packages"])
        .map(|package| package_of(package, &top))
        .collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

fn package_of(package: &Value, top: &Path) -> Package {
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let dir = manifest.parent().unwrap_or(&manifest);
    Package {
        name: text(&package["name"]).to_owned(),
        dir: dir.strip_prefix(top).unwrap_or(dir).to_path_buf(),
        published: package["publish"].is_null(),
        rust_version: package["rust_version"].as_str().map(str::to_owned),
        dependencies: array(&package["dependencies"])
            .map(|dependency| text(&dependency["name"]).to_owned())
            .collect(),
    }
}

/// The elements of a JSON array; none for anything else.
pub(crate) fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A JSON string; empty for anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
