//! System packages a chore needs: found, installed where that is ours to do, or named.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes sure that each program is there: pairs of program and Debian package.
///
/// Root on a Debian machine has them installed, said first. Elsewhere the
/// error names them.
pub(crate) fn provide(needs: &[(&str, &str)], who: &str) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !may_install() {
        bail!("{who} needs packages that are not here: apt-get install {names}");
    }
    eprintln!("{who}: installing {names}");
    apt_get(&["update", "-q"])?;
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(&missing);
    apt_get(&arguments).with_context(|| format!("{who} needs {names}"))?;
    let still = self::missing(needs);
    if !still.is_empty() {
        bail!("installed, but not found: {}", still.join(" "));
    }
    Ok(())
}

/// The packages whose program is not there.
pub(crate) fn missing<'a>(needs: &[(&str, &'a str)]) -> Vec<&'a str> {
    needs
        .iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(_, package)| *package)
        .collect()
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // runc lives in sbin, which a user's PATH often lacks.
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .any(|directory| directory.join(program).is_file())
}

/// Whether packages are ours to install: root, on a Debian machine.
pub(crate) fn may_install() -> bool {
    rustix::process::geteuid().is_root() && Path::new("/etc/debian_version").exists()
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .context("apt-get")?;
    if !output.status.success() {
        bail!(
            "apt-get {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_by_package() {
        let needs = [("sh", "dash"), ("no-such-program-here", "a-package")];
        assert_eq!(missing(&needs), ["a-package"]);
    }
}
