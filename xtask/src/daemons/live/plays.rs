//! Which engine plays on which tree.

use super::engines::engine::Engine;
use super::engines::{containerd, docker, image, podman, runtime};
use super::play::{buildah, builds, pods, scene, storm};
use crate::daemons::stage::Stage;
use anyhow::{Result, bail};

/// Engines and runtimes that each tree has. gVisor of the last suite does not come up with
/// the platform that works without virtual machines.
const PLAYS: &[(&str, &[&str])] = &[
    (
        "bookworm",
        &[
            "docker-runc",
            "docker-crun",
            "docker-runsc-2022",
            "podman",
            "containerd",
            "containerd-runsc-2022",
        ],
    ),
    (
        "trixie",
        &[
            "docker-runc",
            "docker-crun",
            "docker-runsc-2024",
            "podman",
            "storm",
            "storm-podman",
            "containerd",
            "containerd-runsc-2024",
        ],
    ),
    ("youki", &["docker-youki"]),
    (
        "forky",
        &["docker-runc", "docker-crun", "podman", "containerd"],
    ),
];

/// Those that run on request only, because the lane of every change has no time for them.
const ON_REQUEST: &[(&str, &[&str])] = &[
    ("bookworm", &["builds", "pods"]),
    ("buildah", &["buildah"]),
    ("forky", &["pods"]),
];

/// Those that always run, as `tree:live-NAME`.
pub(in crate::daemons) fn scenarios() -> impl Iterator<Item = String> {
    named(PLAYS)
}

/// Those that run on request.
pub(in crate::daemons) fn on_request() -> impl Iterator<Item = String> {
    named(ON_REQUEST)
}

fn named(
    plays: &'static [(&'static str, &'static [&'static str])],
) -> impl Iterator<Item = String> {
    let named = |(tree, plays): &(&'static str, &'static [&'static str])| {
        let tree = *tree;
        plays.iter().map(move |play| format!("{tree}:live-{play}"))
    };
    plays.iter().flat_map(named)
}

/// Plays one, inside the namespaces; gives one line for the summary.
pub(in crate::daemons) fn run(name: &str, stage: &Stage, group: &str) -> Result<String> {
    image::set_up(stage)?;
    let docker = |runtime| docker::Docker::new(stage, group, runtime);
    let containerd = |gvisor| containerd::Containerd::new(stage, group, gvisor);
    let mut engine: Box<dyn Engine + '_> = match name {
        "docker-runc" => Box::new(docker(runtime::RUNC)?),
        "docker-crun" => Box::new(docker(runtime::CRUN)?),
        "docker-runsc-2022" => Box::new(docker(runtime::RUNSC_2022)?),
        "docker-runsc-2024" => Box::new(docker(runtime::RUNSC_2024)?),
        "docker-youki" => Box::new(docker(runtime::YOUKI)?),
        "podman" => Box::new(podman::Podman::new(stage, group)?),
        "storm" => return storm::run(&mut docker(runtime::RUNC)?, &["lasting"], stage),
        "storm-podman" => {
            let mut podman = podman::Podman::new(stage, group)?;
            return storm::run(&mut podman, &["runc-lasting", "crun-lasting"], stage);
        }
        "buildah" => return buildah::run(podman::Podman::new(stage, group)?, stage),
        "pods" => return pods::run(containerd(None)?, stage),
        "builds" => return builds::run(docker(runtime::RUNC)?, stage),
        "containerd" => Box::new(containerd(None)?),
        "containerd-runsc-2022" => Box::new(containerd(Some(runtime::RUNSC_2022))?),
        "containerd-runsc-2024" => Box::new(containerd(Some(runtime::RUNSC_2024))?),
        _ => bail!("no live scene is named {name:?}"),
    };
    scene::play(engine.as_mut(), stage)
}
