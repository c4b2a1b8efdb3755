//! A clean-up that nobody told who lives: it has to see that by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use daemon_host::{LivenessOptions, evidence, layers, look_from};
use nix::mount::{MsFlags, mount};
use rootmount::{ExecuteOptions, KeepReason, PlanOptions, Rules};

use crate::mounts;
use crate::operation::{Action, Operation, Simple, Stage};

pub(super) static EVIDENCE: ByEvidence = ByEvidence;

pub(super) struct ByEvidence;

/// What alone shows that a container lives.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// The state of runc names the driver's process. That does not touch the container's mounts.
    Runc,
    /// crun's does.
    Crun,
    /// The bundle of its shim does, and there is no state.
    Bundle,
    /// The driver stands in its root file system. The runtime has no state of it.
    Process,
    /// The state of runc names a process that is gone. Another one is in the cgroup.
    GroupOfState,
    /// The same by the bundle.
    GroupOfBundle,
}

/// The containers that live.
const LIVING: [(char, Sign); 6] = [
    ('b', Sign::Crun),
    ('c', Sign::Runc),
    ('d', Sign::Process),
    ('e', Sign::GroupOfState),
    ('f', Sign::Bundle),
    ('1', Sign::GroupOfBundle),
];
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

/// The mounts of those that live. Only who lives in a root file system has one: its shm lives with
/// it.
fn of_living() -> Vec<String> {
    let root = |(container, sign)| matches!(sign, Sign::Process).then(|| merged(container));
    let roots = LIVING.into_iter().filter_map(root);
    let shms = LIVING.into_iter().map(|(container, _)| shm(container));
    roots.chain(shms).collect()
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let parent = file.parent().context("a file is in a directory")?;
    fs::create_dir_all(parent).context("a directory")?;
    fs::write(file, text).with_context(|| file.display().to_string())
}

fn make_mount(point: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(point).context("mount point")?;
    let none = None::<&str>;
    mount(Some("shm"), point, Some("tmpfs"), MsFlags::empty(), none).context("a mount")
}

/// Makes a container's root file system.
fn make_root(root: &Path, container: char) -> anyhow::Result<()> {
    make_mount(&root.join(merged(container)))?;
    let stored = format!("image/overlay2/layerdb/mounts/{}/mount-id", id(container));
    write(&root.join(stored), &layer(container))
}

fn give_sign(dir: &Path, container: char, sign: Sign) -> anyhow::Result<()> {
    let own = std::process::id();
    let state = dir.join("run/exec/runtime-runc/moby").join(id(container));
    match sign {
        Sign::Runc => write(&state.join("state.json"), &runc_state(dir, own, &[])?),
        Sign::Crun => {
            let status = serde_json::json!({"pid": own, "process-start-time": own_start()?});
            write(&state.join("status"), &status.to_string())
        }
        Sign::Bundle => make_bundle(dir, container, own),
        Sign::Process => {
            let root = dir.join("root");
            make_root(&root, container)?;
            let root = root.join(merged(container));
            // The children begin elsewhere, so that the driver alone lives here.
            std::env::set_current_dir(root).context("chdir")
        }
        Sign::GroupOfState => {
            let group = make_group(dir, container)?;
            write(
                &state.join("state.json"),
                &runc_state(dir, gone()?, &[group])?,
            )
        }
        Sign::GroupOfBundle => {
            make_group(dir, container)?;
            make_bundle(dir, container, gone()?)
        }
    }
}

/// The state as runc writes it, as far as it says who the first process is and where.
fn runc_state(dir: &Path, pid: u32, groups: &[String]) -> anyhow::Result<String> {
    let state = serde_json::json!({
        "init_process_pid": pid,
        "init_process_start": own_start()?,
        "cgroup_paths": groups.iter().map(|group| ("pids", group)).collect::<BTreeMap<_, _>>(),
        "config": {"labels": [format!("bundle={}", dir.display())]},
    });
    Ok(state.to_string())
}

fn make_bundle(dir: &Path, container: char, init: u32) -> anyhow::Result<()> {
    let tasks = "run/exec/containerd/daemon/io.containerd.runtime.v2.task/moby";
    let bundle = dir.join(tasks).join(id(container));
    write(&bundle.join("init.pid"), &init.to_string())?;
    let config = serde_json::json!({"linux": {"cgroupsPath": group(container)}});
    write(&bundle.join("config.json"), &config.to_string())?;
    std::os::unix::fs::symlink(dir, bundle.join("work")).context("work")
}

fn group(container: char) -> String {
    format!("/docker/{}", id(container))
}

/// A group with a process, as cgroup v1 shows it; its path as runc writes it.
fn make_group(dir: &Path, container: char) -> anyhow::Result<String> {
    let group = format!("pids{}", group(container));
    write(&groups(dir).join("pids/cgroup.procs"), "1\n")?;
    write(&groups(dir).join("pids/release_agent"), "\n")?;
    write(&groups(dir).join(&group).join("cgroup.procs"), "1\n")?;
    Ok(format!("/sys/fs/cgroup/{group}"))
}

fn groups(dir: &Path) -> PathBuf {
    dir.join("cgroup")
}

/// The pid of a process that was here and has ended.
fn gone() -> anyhow::Result<u32> {
    let program = std::env::current_exe().context("own path")?;
    let mut child = Command::new(program);
    let mut child = child.arg("--help").stdout(Stdio::null()).spawn()?;
    child.wait().context("a process that ends")?;
    Ok(child.id())
}

/// When the driver started, in ticks since the boot.
fn own_start() -> anyhow::Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat").context("own stat")?;
    let after_name = stat.rsplit_once(") ").context("own stat")?.1;
    // The 22nd field of the file; the first two are cut off.
    let start = after_name.split(' ').nth(19).context("own start")?;
    start.parse().context("own start")
}

fn run(dir: &Path) -> anyhow::Result<()> {
    let root = rootmount::resolve_root(&dir.join("root"))?;
    let mut options = LivenessOptions::of_exec_root(&dir.join("run/exec"));
    options.states.cgroup = groups(dir);
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
        "unmounts a dead container's leftovers; of six that live, each shows it by one sign only"
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        let root = dir.join("root");
        make_root(&root, DEAD)?;
        make_mount(&root.join(shm(DEAD)))?;
        LIVING.into_iter().try_for_each(|(container, sign)| {
            make_mount(&root.join(shm(container)))?;
            give_sign(dir, container, sign)
        })
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
