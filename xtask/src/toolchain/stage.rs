//! Runs a program in a root of layers, in a mount namespace of its own. The layers stay as they
//! are: what is written goes to a file system in memory that ends with the namespace.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo;

/// Needs `mount` and `chroot` of this machine; `$1` the layers, `$2` the stage, then directories
/// to be the same inside up to `--`, then the program.
const SCRIPT: &str = r#"
layers=$1 stage=$2; shift 2
mount -t tmpfs -o mode=755 tmpfs "$stage"
mkdir "$stage/upper" "$stage/work" "$stage/root"
mount -t overlay -o "lowerdir=$layers,upperdir=$stage/upper,workdir=$stage/work" overlay "$stage/root"
mkdir -p -m 1777 "$stage/root/tmp"
while [ "$1" != -- ]; do
    mkdir -p "$stage/root$1"
    mount --rbind "$1" "$stage/root$1"
    shift
done
shift
exec chroot "$stage/root" "$@"
"#;

/// A root of layers.
pub(super) struct Stage {
    layers: String,
    place: tempfile::TempDir,
}

impl Stage {
    pub(super) fn new(layers: &[PathBuf]) -> Result<Self> {
        let layers: Vec<String> = layers.iter().map(|it| it.display().to_string()).collect();
        Ok(Self {
            layers: layers.join(":"),
            place: tempfile::Builder::new()
                .prefix("toolchain-")
                .tempdir()
                .context("making a place for the compiler's root")?,
        })
    }

    /// A command in the root, which sees the workspace and cargo's home where they are.
    pub(super) fn command(&self, program: &str) -> Result<Command> {
        let mut command = unshare();
        command.args(["--", "sh", "-euc", SCRIPT, "sh"]);
        command.arg(&self.layers).arg(self.place.path());
        let home = cargo_home()?;
        let shared = ["/proc", "/sys", "/dev"].map(PathBuf::from);
        command.args(shared).arg(cargo::root()).arg(&home);
        if !cargo::target().starts_with(cargo::root()) {
            command.arg(cargo::target());
        }
        command.args(["--", program]);
        command.env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("CARGO_HOME", &home).env("HOME", "/root");
        Ok(command)
    }
}

/// util-linux's; who is not root is it in a user namespace.
pub(super) fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.arg("--mount").args(["--propagation", "private"]);
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?;
    Ok(Path::new(&home).join(".cargo"))
}
