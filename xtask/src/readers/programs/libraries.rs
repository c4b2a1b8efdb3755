//! Readers in languages of their own: Java, dnspython and libunbound.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

/// A look-up by libunbound.
pub(super) const UNBOUND: &str = include_str!("look_up_unbound.c");

const JAVA: &str = include_str!("LookUp.java");

const PYTHON: &str = "import sys\nfrom dns import resolver\n\
    r = resolver.Resolver()\nr.lifetime = 4\nr.resolve(sys.argv[1], 'A', search=False)\n";

/// The words that run dnspython in the tree.
pub(super) fn python(root: &Path) -> Option<Vec<String>> {
    let is_there = root.join("usr/bin/python3").exists()
        && root.join("usr/lib/python3/dist-packages/dns").is_dir();
    is_there.then(|| words(&["/usr/bin/python3", "-c", PYTHON]))
}

/// Compiles the look-up in the tree, and gives the words that run it.
pub(super) fn java(root: &Path) -> Result<Option<Vec<String>>> {
    let virtual_machines = root.join("usr/lib/jvm");
    let Ok(found) = virtual_machines.read_dir() else {
        return Ok(None);
    };
    let homes = found.flatten().map(|entry| entry.file_name());
    let home = homes
        .filter(|name| virtual_machines.join(name).join("bin/javac").is_file())
        .min();
    let Some(home) = home else { return Ok(None) };
    let bin = format!("/usr/lib/jvm/{}/bin", home.to_string_lossy());
    std::fs::write(root.join("tmp/LookUp.java"), JAVA).context("write the program")?;
    let mut command = Command::new("chroot");
    command.arg(root).arg(format!("{bin}/javac"));
    command.args(["-d", "/tmp", "/tmp/LookUp.java"]);
    command.stdout(Stdio::null());
    let compiled = command.status().context("javac")?.success();
    let run = [
        &format!("{bin}/java"),
        "-Xshare:auto",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        "/tmp",
        "LookUp",
    ];
    Ok(compiled.then(|| words(&run)))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
