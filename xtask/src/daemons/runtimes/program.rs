//! The runtimes of each tree.

use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result};

/// The trees with runtimes.
pub(super) const TREES: &[&str] = &["bookworm", "trixie", "forky", "youki"];

/// A runtime, and what it is always called with.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) arguments: &'static [&'static str],
    trees: &'static [&'static str],
    /// Characters that it does not bear in the name of its state directory.
    pub(super) abhors: &'static str,
}

const RUNC: Program = Program {
    name: "runc",
    path: "/usr/sbin/runc",
    arguments: &[],
    trees: &["bookworm", "trixie", "forky"],
    abhors: "",
};

/// gVisor by the platform that needs no virtual machine. It looks for its containers by a
/// pattern, which it makes of the directory's name.
const RUNSC: Program = Program {
    name: "runsc",
    path: "/usr/bin/runsc",
    arguments: &["--platform=ptrace", "--network=none", "--ignore-cgroups"],
    trees: &["bookworm"],
    abhors: r"*?[\",
};

const PROGRAMS: &[Program] = &[
    RUNC,
    Program {
        name: "crun",
        path: "/usr/bin/crun",
        ..RUNC
    },
    Program {
        name: "youki",
        path: "/usr/bin/youki",
        trees: &["youki"],
        ..RUNC
    },
    RUNSC,
    // That of forky does not come up with this platform.
    Program {
        arguments: &[
            "--platform=ptrace",
            "--network=none",
            "--ignore-cgroups",
            "--overlay2=none",
        ],
        trees: &["trixie"],
        ..RUNSC
    },
];

/// Those that are tried on a tree.
pub(super) fn of(tree: &str) -> impl Iterator<Item = &'static Program> {
    PROGRAMS
        .iter()
        .filter(move |program| program.trees.contains(&tree))
}

impl Program {
    /// Its version, without what a distribution adds: `1.1.5` of `runc version 1.1.5+ds1`.
    pub(super) fn version(&self, stage: &Stage) -> Result<String> {
        let text = inside::output(stage.command(self.path).arg("--version"))?;
        let line = text.lines().next().unwrap_or_default();
        version(line).with_context(|| format!("no version in {line:?}"))
    }
}

fn version(line: &str) -> Option<String> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let begins = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    // gVisor's is a date after zeros.
    let found = words.filter(begins).find(|word| !word.starts_with("0.0"))?;
    let is_date = found.len() > 8 && found.bytes().take(8).all(|byte| byte.is_ascii_digit());
    Some(if is_date { &found[..8] } else { found }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_without_what_distributions_add() {
        for (line, want) in [
            ("runc version 1.1.5+ds1", "1.1.5"),
            ("crun version 1.21", "1.21"),
            ("youki version: 0.7.0", "0.7.0"),
            ("runsc version 0.0~20221219.0", "20221219"),
            ("runsc version release-20240729.0", "20240729"),
        ] {
            assert_eq!(version(line).as_deref(), Some(want), "{line}");
        }
        assert_eq!(version("runsc version"), None);
    }
}
