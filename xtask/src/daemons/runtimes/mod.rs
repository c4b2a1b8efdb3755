//! The OCI runtimes without their engines: what each does with `rro`, and whether our wrapper
//! scripts carry a container through its life. All of it touches the machine.

mod bundle;
mod facts;
mod program;
mod rro;
mod trial;
mod wrappers;

use crate::daemons::stage::Stage;
use anyhow::Result;

/// What is played on each tree.
const SCENES: [&str; 2] = ["rro", "wrappers"];

/// It passed alone, and did not end within ten minutes beside the other scenarios.
const ON_REQUEST: &str = "youki:rro";

/// The scenarios, as `tree:NAME`.
pub(super) fn scenarios() -> impl Iterator<Item = String> {
    let on = |tree: &&'static str| SCENES.map(|scene| format!("{tree}:{scene}"));
    program::TREES
        .iter()
        .flat_map(on)
        .filter(|name| name != ON_REQUEST)
}

/// The one that runs on request only.
pub(super) fn on_request() -> String {
    ON_REQUEST.to_owned()
}

/// Whether a scenario's name after the colon is one of these.
pub(super) fn is_scene(name: &str) -> bool {
    SCENES.contains(&name)
}

/// Plays one, inside the namespaces; gives one line for the summary.
pub(super) fn run(tree: &str, scene: &str, stage: &Stage, group: &str) -> Result<String> {
    bundle::set_up(stage)?;
    match scene {
        "rro" => rro::run(tree, stage, group),
        _ => wrappers::run(tree, stage, group),
    }
}
