//! Preparing and releasing a data root: the bind of a directory onto itself that
//! must never be left without a record, nor taken from someone else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use nix::mount::{MsFlags, mount};
use rootmount::{DataRootOptions, PrepareAction, Released, prepare, release};

use crate::mounts::{self, Line};
use crate::operation::{Action, Operation, Simple, Stage};

/// What is done, and what the next start does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Prepares; the next start prepares again.
    Prepare,
    /// Prepares; the next thing is a release.
    Abandon,
    /// A prepared root is prepared again, as after a crash of the daemon.
    Again,
    /// Releases what an earlier process prepared; the next thing is a release.
    Release,
    /// The same; the next thing is a start.
    Restart,
}

pub(super) static PREPARE: DataRoot = DataRoot {
    case: Case::Prepare,
};
pub(super) static ABANDON: DataRoot = DataRoot {
    case: Case::Abandon,
};
pub(super) static AGAIN: DataRoot = DataRoot { case: Case::Again };
pub(super) static RELEASE: DataRoot = DataRoot {
    case: Case::Release,
};
pub(super) static RESTART: DataRoot = DataRoot {
    case: Case::Restart,
};

pub(super) struct DataRoot {
    case: Case,
}

/// A separate disk of the administrator below the root.
const DISK: &str = "root/volumes";

fn root(dir: &Path) -> PathBuf {
    dir.join("root")
}

fn options(dir: &Path) -> DataRootOptions {
    DataRootOptions::new(root(dir), dir.join("run/exec"))
}

/// The mounts at the root itself.
fn binds(dir: &Path) -> anyhow::Result<Vec<Line>> {
    let root = root(dir);
    Ok(mounts::below(dir)?
        .into_iter()
        .filter(|line| line.point == root)
        .collect())
}

fn is_recorded(dir: &Path) -> bool {
    let record = options(dir).exec_root.join(rootmount::RECORD_NAME);
    fs::read(record).is_ok_and(|text| !text.is_empty())
}

impl Operation for DataRoot {
    fn name(&self) -> &'static str {
        match self.case {
            Case::Prepare => "root-prepare",
            Case::Abandon => "root-prepare-release",
            Case::Again => "root-prepare-again",
            Case::Release => "root-release",
            Case::Restart => "root-release-prepare",
        }
    }

    fn about(&self) -> &'static str {
        match self.case {
            Case::Prepare => {
                "binds a data root onto itself, with a disk below it; then a next start"
            }
            Case::Abandon => "binds a data root onto itself; then nothing but a release",
            Case::Again => "prepares a root whose bind an earlier process left behind",
            Case::Release => "releases a root that an earlier process bound",
            Case::Restart => "releases a root that an earlier process bound; then a next start",
        }
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        let disk = dir.join(DISK);
        fs::create_dir_all(&disk).context("data root")?;
        mount(
            Some("disk"),
            &disk,
            Some("tmpfs"),
            MsFlags::empty(),
            None::<&str>,
        )
        .context("a separate disk")?;
        fs::write(disk.join("data"), "precious").context("data on the disk")?;
        if matches!(self.case, Case::Again | Case::Release | Case::Restart) {
            let prepared = prepare(&options(dir))?;
            ensure!(
                prepared.action == PrepareAction::Bound,
                "the root is not bound but {:?}",
                prepared.action
            );
        }
        Ok(())
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let (options, releases) = (
            options(dir),
            matches!(self.case, Case::Release | Case::Restart),
        );
        Ok(Box::new(Simple(move || {
            if releases {
                release(&options)?;
            } else {
                prepare(&options)?;
            }
            Ok(())
        })))
    }

    /// A whole life of the daemon, or only its end; both leave nothing.
    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        if matches!(self.case, Case::Prepare | Case::Again | Case::Restart) {
            prepare(&options(dir))?;
            let binds = binds(dir)?;
            ensure!(
                binds.len() == 1,
                "{} mounts are stacked at the root",
                binds.len()
            );
            ensure!(binds[0].shared, "the bind is not shared");
            ensure!(is_recorded(dir), "the bind has no record");
            fs::read(dir.join(DISK).join("data")).context("the disk is hidden")?;
        }
        let released = release(&options(dir))?;
        let left = !matches!(
            released,
            Released::Unmounted | Released::Detached | Released::NotMounted
        );
        ensure!(!left, "release says {released:?}");
        Ok(())
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let binds = binds(dir)?;
        let mut wrong = Vec::new();
        if !binds.is_empty() && !is_recorded(dir) {
            wrong.push("the root is mounted and no record says whose it is".to_owned());
        }
        // A release that is cut short may have hidden the disk; nothing that
        // follows may leave it so.
        let may_hide = matches!(self.case, Case::Release | Case::Restart)
            && matches!(stage, Stage::Crashed | Stage::Failed);
        if !may_hide && fs::read(dir.join(DISK).join("data")).ok().as_deref() != Some(b"precious") {
            wrong.push("the administrator's disk below the root is gone".to_owned());
        }
        let bound = match (self.case, stage) {
            (_, Stage::Recovered) | (Case::Release | Case::Restart, Stage::Done) => Some(0),
            (Case::Release | Case::Restart, _)
            | (Case::Prepare | Case::Abandon, Stage::Crashed) => None,
            (Case::Prepare | Case::Abandon, Stage::Failed) => Some(0),
            (_, Stage::Done) | (Case::Again, _) => Some(1),
        };
        if bound.is_some_and(|bound| bound != binds.len()) || binds.len() > 1 {
            wrong.push(format!("{} mounts are at the root", binds.len()));
        }
        if stage == Stage::Done && binds.iter().any(|line| !line.shared) {
            wrong.push("the bind is not shared".to_owned());
        }
        if stage == Stage::Recovered {
            wrong.extend(leftovers(dir)?);
        }
        Ok(wrong)
    }
}

/// What is left when a daemon has come and gone.
fn leftovers(dir: &Path) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let left = mounts::points(dir, &mounts::below(dir)?);
    if left != [DISK] {
        wrong.push(format!("mounts are {left:?}"));
    }
    for (place, known) in [(options(dir).exec_root, None), (root(dir), Some("volumes"))] {
        if !place.exists() {
            continue;
        }
        for entry in fs::read_dir(&place).context("list a directory")? {
            let name = entry.context("list a directory")?.file_name();
            if Some(&*name) != known.map(AsRef::as_ref) {
                wrong.push(format!("{} was left behind", place.join(name).display()));
            }
        }
    }
    Ok(wrong)
}
