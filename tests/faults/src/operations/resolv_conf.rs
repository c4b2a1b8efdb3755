//! Writing a container's resolv.conf on the inode that is mounted into it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use resolvconf::{FileStatus, WriteOptions, Written, status, write};
use sha2::{Digest as _, Sha256};

use crate::operation::{Action, Operation, Simple, Stage};

const LONG: &[u8] = b"nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch corp.example lab.example\noptions ndots:2\n";
const SHORT: &[u8] = b"nameserver 198.51.100.7\n";
const EDIT: &[u8] = b"# mine\nnameserver 203.0.113.9\n";

/// What is there before, and what it means for the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Nothing: a fresh file.
    Fresh,
    /// A short text of ours that becomes long.
    Grow,
    /// A long text of ours that becomes short.
    Shrink,
    /// A text that a user changed.
    Edited,
    /// The wanted text, but no record of it.
    Adopt,
    /// A text of ours; and once the write has ended, however it ended, a user
    /// changes the file before anybody else looks.
    ThenEdited,
    /// A text of moby's, with its hash file and no record.
    Moby,
}

pub(super) static FRESH: ResolvConf = ResolvConf { case: Case::Fresh };
pub(super) static GROW: ResolvConf = ResolvConf { case: Case::Grow };
pub(super) static SHRINK: ResolvConf = ResolvConf { case: Case::Shrink };
pub(super) static EDITED: ResolvConf = ResolvConf { case: Case::Edited };
pub(super) static STATE: ResolvConf = ResolvConf { case: Case::Adopt };

pub(super) static THEN_EDITED: ResolvConf = ResolvConf {
    case: Case::ThenEdited,
};
pub(super) static MOBY: ResolvConf = ResolvConf { case: Case::Moby };

pub(super) struct ResolvConf {
    case: Case,
}

fn file(dir: &Path) -> PathBuf {
    dir.join("container/resolv.conf")
}

fn options(dir: &Path) -> WriteOptions {
    let mut options = WriteOptions::new();
    options.state = Some(dir.join("daemon/state"));
    options.moby_hash = Some(dir.join("daemon/hash"));
    options
}

impl ResolvConf {
    fn old(&self) -> Option<&'static [u8]> {
        match self.case {
            Case::Fresh => None,
            Case::Grow => Some(SHORT),
            Case::Shrink | Case::ThenEdited | Case::Moby => Some(LONG),
            Case::Edited => Some(EDIT),
            Case::Adopt => Some(self.wanted()),
        }
    }

    fn wanted(&self) -> &'static [u8] {
        if self.case == Case::Grow { LONG } else { SHORT }
    }

    /// What the file holds when all is done: a user's text stays.
    fn last(&self, stage: Stage) -> &'static [u8] {
        match (self.case, stage) {
            (Case::Edited, _) | (Case::ThenEdited, Stage::Recovered) => EDIT,
            _ => self.wanted(),
        }
    }
}

impl Operation for ResolvConf {
    fn name(&self) -> &'static str {
        match self.case {
            Case::Fresh => "resolv-fresh",
            Case::Grow => "resolv-grow",
            Case::Shrink => "resolv-shrink",
            Case::Edited => "resolv-edited",
            Case::Adopt => "resolv-state",
            Case::ThenEdited => "resolv-then-edited",
            Case::Moby => "resolv-moby",
        }
    }

    fn about(&self) -> &'static str {
        match self.case {
            Case::Fresh => "writes a container's resolv.conf that is not there yet",
            Case::Grow => "rewrites a container's resolv.conf in place, longer",
            Case::Shrink => "rewrites a container's resolv.conf in place, shorter",
            Case::Edited => "does not rewrite a resolv.conf that a user changed",
            Case::Adopt => "writes the record of a resolv.conf that is right already",
            Case::ThenEdited => {
                "rewrites a resolv.conf; then a user changes it, then comes a next start"
            }
            Case::Moby => "rewrites a resolv.conf that moby wrote, with its hash file",
        }
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        fs::create_dir(dir.join("container")).context("directory of the container")?;
        fs::create_dir(dir.join("daemon")).context("directory of the daemon")?;
        let Some(old) = self.old() else { return Ok(()) };
        match self.case {
            Case::Adopt => fs::write(file(dir), old).context("a file without a record")?,
            Case::Moby => write_as_moby(dir, old)?,
            _ => {
                let ours = if self.case == Case::Edited { LONG } else { old };
                write(&file(dir), ours, &options(dir))?;
                fs::write(file(dir), old).context("a user's change")?;
            }
        }
        let inode = fs::metadata(file(dir)).context("inode of the file")?.ino();
        fs::write(dir.join("inode"), inode.to_string()).context("note the inode")
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let (dir, new) = (dir.to_path_buf(), self.wanted());
        Ok(Box::new(Simple(move || {
            write(&file(&dir), new, &options(&dir))?;
            Ok(())
        })))
    }

    /// Writes again; then a user's change has to be seen as one.
    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        let is_edited = matches!(self.case, Case::Edited | Case::ThenEdited);
        if self.case == Case::ThenEdited {
            fs::write(file(dir), EDIT).context("a user's change")?;
        }
        let written = write(&file(dir), self.wanted(), &options(dir))?;
        let kept = written == Written::KeptEdit;
        ensure!(kept == is_edited, "the next write says {written:?}");
        if is_edited {
            return Ok(());
        }
        let state = status(&file(dir), &options(dir))?;
        ensure!(
            state == FileStatus::Ours,
            "after the next write the file counts as {state:?}"
        );
        fs::write(file(dir), EDIT).context("a user's change")?;
        let written = write(&file(dir), self.wanted(), &options(dir))?;
        ensure!(
            written == Written::KeptEdit,
            "a user's change after the next write is {written:?}"
        );
        fs::write(file(dir), self.wanted()).context("take the change back")
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let mut wrong = Vec::new();
        let content = match fs::read(file(dir)) {
            Ok(content) => Some(content),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => bail!("read the file: {error}"),
        };
        let is = |text: Option<&[u8]>| is_but_for_padding(content.as_deref(), text);
        let good = match stage {
            Stage::Done | Stage::Recovered => content.as_deref() == Some(self.last(stage)),
            Stage::Crashed | Stage::Failed => is(self.old()) || is(Some(self.last(stage))),
        };
        if !good {
            let seen = content.as_deref().map(String::from_utf8_lossy);
            wrong.push(format!("a reader sees {seen:?}"));
        }
        wrong.extend(self.inode_changed(dir)?);
        if stage != Stage::Crashed {
            wrong.extend(strangers(dir)?);
        }
        Ok(wrong)
    }
}

impl ResolvConf {
    fn inode_changed(&self, dir: &Path) -> anyhow::Result<Option<String>> {
        if self.old().is_none() {
            return Ok(None);
        }
        let noted = fs::read_to_string(dir.join("inode")).context("the noted inode")?;
        let inode = fs::metadata(file(dir))
            .context("inode of the file")?
            .ino()
            .to_string();
        Ok((noted != inode)
            .then(|| "the file has another inode: the container keeps the old one".to_owned()))
    }
}

/// The file with moby's hash of it, which stands beside it.
fn write_as_moby(dir: &Path, text: &[u8]) -> anyhow::Result<()> {
    let digest = Sha256::digest(text);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(file(dir), text).context("moby's file")?;
    fs::write(dir.join("daemon/hash"), format!("sha256:{digest}")).context("moby's hash")
}

/// Empty lines at the end mean nothing to any reader of resolv.conf.
fn is_but_for_padding(content: Option<&[u8]>, text: Option<&[u8]>) -> bool {
    let (Some(content), Some(text)) = (content, text) else {
        return content.is_none() && text.is_none();
    };
    content
        .strip_prefix(text)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'\n'))
}

/// Files that have no business there.
fn strangers(dir: &Path) -> anyhow::Result<Vec<String>> {
    let mut strangers = Vec::new();
    for (place, known) in [
        ("container", &["resolv.conf"][..]),
        ("daemon", &["state", "hash"]),
    ] {
        for entry in fs::read_dir(dir.join(place)).context("list a directory")? {
            let name = entry.context("list a directory")?.file_name();
            if !known.iter().any(|known| name == *known) {
                strangers.push(format!(
                    "{place}/{} was left behind",
                    Path::new(&name).display()
                ));
            }
        }
    }
    Ok(strangers)
}
