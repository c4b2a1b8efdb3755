//! A clean-up that nobody told who lives: it has to see that by itself.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use daemon_host::{LivenessOptions, evidence, layers, look_from};
use nix::mount::{MsFlags, mount};
use rootmount::{ExecuteOptions, KeepReason, PlanOptions, Rules};

use crate::mounts;
use crate::operation::{Action, Operation, Simple, Stage};

pub(super) static EVIDENCE: ByEvidence = ByEvidence;

pub(super) struct ByEvidence;

/// Only the state of its runtime shows that it lives: it names the driver's process, which does
/// not touch the container's file systems.
const WITH_STATE: char = 'c';
/// Only a process shows that it lives: the driver stands in its root file system. The runtime has
/// no state of it.
const WITH_PROCESS: char = 'd';
const DEAD: char = 'a';

fn id(container: char) -> String {
    container.to_string().repeat(64)
}

/// The layer with the root file system. The store says whose it is.
fn layer(container: char) -> String {
    format!("{container}0").repeat(32)
}

fn merged(container: char) -> String {
    format!("overlay2/{}/merged", layer(container))
}

fn shm(container: char) -> String {
    format!("containers/{}/mounts/shm", id(container))
}

fn of_living() -> [String; 4] {
    let of = |container| [merged(container), shm(container)];
    let ([a, b], [c, d]) = (of(WITH_STATE), of(WITH_PROCESS));
    [a, b, c, d]
}

/// The state as runc writes it, as far as it says who the first process is.
fn state() -> anyhow::Result<String> {
    let stat = fs::read_to_string("/proc/self/stat").context("own stat")?;
    let after_name = stat.rsplit_once(") ").context("own stat")?.1;
    // The 22nd field of the file; the first two are cut off.
    let start: u64 = after_name
        .split(' ')
        .nth(19)
        .context("own start")?
        .parse()?;
    let state = serde_json::json!({
        "id": id(WITH_STATE),
        "init_process_pid": std::process::id(),
        "init_process_start": start,
        "created": "2026-01-01T00:00:00Z",
        "config": {"rootfs": "/"},
    });
    Ok(state.to_string())
}

fn make_container(root: &Path, container: char) -> anyhow::Result<()> {
    for place in [merged(container), shm(container)] {
        let point = root.join(place);
        fs::create_dir_all(&point).context("mount point")?;
        let none = None::<&str>;
        mount(Some("shm"), &point, Some("tmpfs"), MsFlags::empty(), none).context("a mount")?;
    }
    let stored = root
        .join("image/overlay2/layerdb/mounts")
        .join(id(container));
    fs::create_dir_all(&stored).context("the store of layers")?;
    fs::write(stored.join("mount-id"), layer(container)).context("the layer")
}

fn run(dir: &Path) -> anyhow::Result<()> {
    let root = rootmount::resolve_root(&dir.join("root"))?;
    let options = LivenessOptions::of_exec_root(&dir.join("run/exec"));
    let table = rootmount::live_table()?;
    let known = evidence(&root, &table, &options);
    let plan_options = PlanOptions::new(&root)
        .evidence(known)
        .layers(layers(&root));
    let plan = rootmount::plan(&table, &Rules::sweep(), &plan_options)?;
    let mut execution = ExecuteOptions::new();
    execution.look = Some(look_from(&root, table, &options));
    let report = rootmount::execute(&plan, &execution)?;
    let is_unknown = |kept: &rootmount::Kept| matches!(kept.reason, KeepReason::Unknown { .. });
    match report.is_clean() && !plan.is_uncertain() && !plan.kept().iter().any(is_unknown) {
        true => Ok(()),
        false => bail!("{plan}\n{report}"),
    }
}

impl Operation for ByEvidence {
    fn name(&self) -> &'static str {
        "cleanup-evidence"
    }

    fn about(&self) -> &'static str {
        "unmounts a dead container's leftovers; of two that live, one has a state and one a process"
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        let root = dir.join("root");
        for container in [WITH_STATE, WITH_PROCESS, DEAD] {
            make_container(&root, container)?;
        }
        let states = dir.join("run/exec/runtime-runc/moby").join(id(WITH_STATE));
        fs::create_dir_all(&states).context("a directory of states")?;
        fs::write(states.join("state.json"), state()?).context("a state")?;
        // The children begin elsewhere, so that the driver alone lives here.
        std::env::set_current_dir(root.join(merged(WITH_PROCESS))).context("chdir")
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let dir = dir.to_path_buf();
        Ok(Box::new(Simple(move || run(&dir))))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        run(dir)
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let left = mounts::points(&dir.join("root"), &mounts::below(dir)?);
        let living = of_living();
        let lost = living.iter().filter(|place| !left.contains(place));
        let mut wrong: Vec<String> = lost
            .map(|place| format!("{place} was unmounted, and its container lives"))
            .collect();
        let may_stay = matches!(stage, Stage::Crashed | Stage::Failed);
        let dead = [merged(DEAD), shm(DEAD)];
        let may_be = |place: &&String| living.contains(*place) || may_stay && dead.contains(*place);
        let strangers = left.iter().filter(|place| !may_be(place));
        wrong.extend(strangers.map(|place| format!("{place} is mounted")));
        Ok(wrong)
    }
}
