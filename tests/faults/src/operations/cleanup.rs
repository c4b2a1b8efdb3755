//! The clean-up of what dead containers left mounted.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nix::mount::{MsFlags, mount};
use rootmount::{ExecuteOptions, MountTable, PlanOptions, Rules, execute, plan};

use crate::mounts;
use crate::operation::{Action, Operation, Simple, Stage};

/// One thread, a busy mount among the leftovers.
pub(super) static CLEANUP: Cleanup = Cleanup { threads: 1 };
/// Independent subtrees on two threads.
pub(super) static PARALLEL: Cleanup = Cleanup { threads: 2 };

pub(super) struct Cleanup {
    threads: usize,
}

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn root(dir: &Path) -> PathBuf {
    dir.join("root")
}

/// Mounts of dead containers, in the order they are made; one twice, one nested.
fn dead() -> Vec<String> {
    let merged = format!("overlay2/{}/merged", id('a'));
    vec![
        merged.clone(),
        format!("{merged}/proc"),
        format!("containers/{}/mounts/shm", id('a')),
        format!("overlay2/{}/merged", id('b')),
        format!("overlay2/{}/merged", id('b')),
    ]
}

/// What has to stay: a live container, and the administrator's disk.
fn kept() -> Vec<String> {
    vec![
        format!("containers/{}/mounts/shm", id('c')),
        format!("overlay2/{}/merged", id('c')),
        "volumes".to_owned(),
    ]
}

impl Cleanup {
    fn run(&self, dir: &Path) -> anyhow::Result<()> {
        let table = MountTable::from_file(Path::new("/proc/thread-self/mountinfo"))?;
        let options = PlanOptions::new(root(dir)).keep([id('c')]);
        let plan = plan(&table, &Rules::sweep(), &options)?;
        let mut execution = ExecuteOptions::new();
        execution.threads = self.threads;
        execution.parallel_from = 2;
        let report = execute(&plan, &execution)?;
        match report.left().next() {
            None => Ok(()),
            Some(left) => bail!("{left}"),
        }
    }
}

impl Operation for Cleanup {
    fn name(&self) -> &'static str {
        if self.threads == 1 {
            "cleanup"
        } else {
            "cleanup-parallel"
        }
    }

    fn about(&self) -> &'static str {
        if self.threads == 1 {
            "unmounts five leftovers, nested and stacked ones among them; a live container and a disk stay"
        } else {
            "the same on two threads"
        }
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        for place in dead().iter().chain(&kept()) {
            let point = root(dir).join(place);
            fs::create_dir_all(&point).context("mount point")?;
            mount(
                Some("shm"),
                &point,
                Some("tmpfs"),
                MsFlags::empty(),
                None::<&str>,
            )
            .context("a leftover")?;
        }
        Ok(())
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let (threads, dir) = (self.threads, dir.to_path_buf());
        Ok(Box::new(Simple(move || Cleanup { threads }.run(&dir))))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        self.run(dir)
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let root = root(dir);
        let left = mounts::points(&root, &mounts::below(dir)?);
        let mut wrong: Vec<String> = kept()
            .into_iter()
            .filter(|place| !left.contains(place))
            .map(|place| format!("{place} was unmounted, and is in use"))
            .collect();
        let mut expected = kept();
        if matches!(stage, Stage::Crashed | Stage::Failed) {
            expected.extend(dead());
        }
        let strangers = left.iter().filter(|place| !expected.contains(place));
        wrong.extend(strangers.map(|place| format!("{place} is mounted")));
        Ok(wrong)
    }
}
