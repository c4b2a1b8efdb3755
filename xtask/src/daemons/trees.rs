//! The trees that scenarios run on.

use super::program::Program;
use super::recipe::Recipe;
use crate::vm::{cache, mirrors};
use anyhow::{Context, Result};
use std::ffi::OsString;

/// What the engines of a suite are made of; each with all that it depends on.
const ENGINES: &[&str] = &[
    "busybox-static",
    "containerd",
    "crun",
    "docker-cli",
    "docker.io",
    "podman",
    "runc",
    "runsc",
];

/// The same where the client still came with the daemon.
const OLDER_ENGINES: &[&str] = &[
    "busybox-static",
    "containerd",
    "crun",
    "docker.io",
    "podman",
    "runc",
    "runsc",
];

const TREES: &[Recipe] = &[
    Recipe {
        name: "bookworm",
        suite: "bookworm",
        packages: OLDER_ENGINES,
        may_lag: false,
    },
    Recipe {
        name: "trixie",
        suite: "trixie",
        packages: ENGINES,
        may_lag: false,
    },
    Recipe {
        name: "forky",
        suite: "forky",
        packages: ENGINES,
        may_lag: true,
    },
    Recipe {
        name: "buildah",
        suite: "trixie",
        packages: &["buildah", "busybox-static", "crun", "podman", "runc"],
        may_lag: false,
    },
    Recipe {
        name: "resolved",
        suite: "trixie",
        packages: &["systemd-resolved"],
        may_lag: false,
    },
    Recipe {
        name: "node_exporter",
        suite: "trixie",
        packages: &["prometheus-node-exporter", "busybox-static"],
        may_lag: false,
    },
    Recipe {
        name: "fleet",
        suite: "trixie",
        packages: &[
            "prometheus",
            "prometheus-node-exporter",
            "busybox-static",
            "systemd",
        ],
        may_lag: false,
    },
];

/// The youngest of the runtimes; Debian has no package of it.
const YOUKI: Program = Program {
    name: "youki",
    version: "0.7.0",
    features: "v1,v2",
};
/// The tree that it lies over; its libc is not older than that of any machine it is built on.
const YOUKI_TREE: &str = "trixie";

/// The tree of a scenario, with what lies over it, as overlayfs takes them.
pub(super) fn tree(scenario: &str, mirror: Option<&str>) -> Result<OsString> {
    let name = scenario.split(':').next().unwrap_or(scenario);
    let over = (name == YOUKI.name).then_some(&YOUKI);
    let below = if over.is_some() { YOUKI_TREE } else { name };
    let recipe = TREES
        .iter()
        .find(|recipe| recipe.name == below)
        .context("each scenario has a tree")?;
    let mut layers = OsString::new();
    if let Some(program) = over {
        layers.push(program.obtain(&cache()?)?);
        layers.push(":");
    }
    layers.push(recipe.obtain(&cache()?, &|| mirrors(mirror))?);
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemons::lane::scenarios;
    use crate::daemons::live::on_request;

    #[test]
    fn each_scenario_has_a_tree() {
        for name in scenarios().into_iter().chain(on_request()) {
            let tree = name.split(':').next().unwrap();
            let is_made = tree == YOUKI.name || TREES.iter().any(|recipe| recipe.name == tree);
            assert!(is_made, "{name}");
        }
    }
}
