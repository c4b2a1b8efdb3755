//! A clean-up that leaves the peers of the data root alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::mount::{MsFlags, mount};
use rootmount::{ExecuteOptions, MountTable, PlanOptions, Rules, execute, plan};

use crate::mounts;
use crate::operation::{Action, Operation, Stage};

pub(super) static APART: Apart = Apart;

pub(super) struct Apart;

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// Mounts of dead containers, in the order they are made; one nested.
fn dead() -> [String; 3] {
    let merged = format!("overlay2/{}/merged", id('a'));
    let shm = format!("containers/{}/mounts/shm", id('a'));
    [merged.clone(), format!("{merged}/proc"), shm]
}

/// The peer group of what is mounted at a point.
fn group(point: &Path) -> anyhow::Result<Option<String>> {
    let text = fs::read_to_string("/proc/thread-self/mountinfo").context("the mount table")?;
    let point = point.to_str().context("a plain path")?;
    let row = text
        .lines()
        .find(|row| row.split(' ').nth(4) == Some(point));
    let mut tags = row.context("the root is mounted")?.split(' ').skip(6);
    Ok(tags
        .find(|tag| tag.starts_with("shared:"))
        .map(str::to_owned))
}

fn is_apart(dir: &Path) -> anyhow::Result<bool> {
    Ok(group(&dir.join("root"))? != group(&dir.join("peer"))?)
}

fn run(dir: &Path) -> anyhow::Result<()> {
    let table = MountTable::from_file(Path::new("/proc/thread-self/mountinfo"))?;
    let plan = plan(&table, &Rules::sweep(), &PlanOptions::new(dir.join("root")))?;
    let mut execution = ExecuteOptions::new();
    execution.propagate = false;
    let report = execute(&plan, &execution)?;
    if report.is_clean() {
        Ok(())
    } else {
        bail!("{report}")
    }
}

struct Run(PathBuf);

impl Action for Run {
    fn run(&mut self) -> anyhow::Result<()> {
        run(&self.0)
    }

    /// A root that stays private must have been said to.
    fn inspect(&mut self, result: &anyhow::Result<()>, again: bool) -> anyhow::Result<Vec<String>> {
        let said = matches!(result, Err(error) if error.to_string().contains("is private now"));
        if is_apart(&self.0)? && !said {
            return Ok(vec!["the root is private, and nobody said so".to_owned()]);
        }
        if result.is_ok() || !again {
            return Ok(Vec::new());
        }
        let second = run(&self.0).err();
        Ok(second
            .map(|e| format!("a second try fails: {e:#}"))
            .into_iter()
            .collect())
    }
}

impl Operation for Apart {
    fn name(&self) -> &'static str {
        "cleanup-apart"
    }

    fn about(&self) -> &'static str {
        "unmounts three leftovers on a shared root; its peer keeps them, and it comes back to its group"
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        let (root, peer) = (dir.join("root"), dir.join("peer"));
        let new = |from: &Path, point: &Path, kind, flags| {
            fs::create_dir_all(point).context("mount point")?;
            mount(Some(from), point, kind, flags, None::<&str>).context("a mount")
        };
        let (tmpfs, none) = (Some("tmpfs"), MsFlags::empty());
        new(Path::new("root"), &root, tmpfs, none)?;
        new(&root, &root, None, MsFlags::MS_SHARED)?;
        new(&root, &peer, None, MsFlags::MS_BIND)?;
        for place in dead() {
            new(Path::new("shm"), &root.join(place), tmpfs, none)?;
        }
        Ok(())
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        Ok(Box::new(Run(dir.to_path_buf())))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        run(dir)
    }

    /// A kill between leaving and coming back leaves the root private, as the crate says.
    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let all = mounts::below(dir)?;
        let peer = mounts::points(&dir.join("peer"), &all);
        let lost = dead().into_iter().filter(|place| !peer.contains(place));
        let mut wrong: Vec<String> = lost.map(|place| format!("the peer lost {place}")).collect();
        if stage == Stage::Done && is_apart(dir)? {
            wrong.push("the root is not in its group any more".to_owned());
        }
        let left = mounts::points(&dir.join("root"), &all);
        let may_stay = matches!(stage, Stage::Crashed | Stage::Failed);
        let stays = dead()
            .into_iter()
            .filter(|place| left.contains(place) && !may_stay);
        wrong.extend(stays.map(|place| format!("{place} is mounted")));
        Ok(wrong)
    }
}
