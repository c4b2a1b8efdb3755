//! Replaces a small file, rightly and in the usual wrong ways. The driver has to
//! find every wrong one; its tests say so.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;

use anyhow::Context;

use crate::operation::{Action, Operation, Simple, Stage};

const OLD: &[u8] = b"old\n";
const NEW: &[u8] = b"new, and longer\n";

pub(super) static SOUND: Toy = Toy {
    name: "toy-sound",
    about: "replaces by rename",
    act: sound,
};
pub(super) static TORN: Toy = Toy {
    name: "toy-torn",
    about: "truncates and writes in place",
    act: torn,
};
pub(super) static DEAF: Toy = Toy {
    name: "toy-deaf",
    about: "ignores a failing write",
    act: deaf,
};
pub(super) static PANICKY: Toy = Toy {
    name: "toy-panicky",
    about: "expects fsync to work",
    act: panicky,
};
pub(super) static HANGING: Toy = Toy {
    name: "toy-hanging",
    about: "tries a failing fsync for ever",
    act: hanging,
};
pub(super) static LEAKY: Toy = Toy {
    name: "toy-leaky",
    about: "forgets its file on an error",
    act: leaky,
};
pub(super) static THREADED: Toy = Toy {
    name: "toy-threaded",
    about: "replaces from a thread",
    act: threaded,
};

pub(super) struct Toy {
    name: &'static str,
    about: &'static str,
    act: fn(&Path) -> anyhow::Result<()>,
}

impl Operation for Toy {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn set_up(&self, dir: &Path) -> anyhow::Result<()> {
        fs::write(dir.join("file"), OLD).context("the old file")
    }

    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>> {
        let (act, dir) = (self.act, dir.to_path_buf());
        Ok(Box::new(Simple(move || act(&dir))))
    }

    fn recover(&self, dir: &Path) -> anyhow::Result<()> {
        sound(dir)
    }

    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>> {
        let text = fs::read(dir.join("file")).context("read the file")?;
        let good = match stage {
            Stage::Done | Stage::Recovered => text == NEW,
            Stage::Crashed | Stage::Failed => text == NEW || text == OLD,
        };
        Ok(if good {
            Vec::new()
        } else {
            vec![format!(
                "a reader sees {:?}",
                String::from_utf8_lossy(&text)
            )]
        })
    }
}

fn sound(dir: &Path) -> anyhow::Result<()> {
    let mut file = File::create(dir.join("next")).context("create")?;
    file.write_all(NEW).context("write")?;
    retry(|| file.sync_all()).context("fsync")?;
    fs::rename(dir.join("next"), dir.join("file")).context("rename")?;
    let directory = File::open(dir).context("open the directory")?;
    retry(|| directory.sync_all()).context("fsync of the directory")
}

fn torn(dir: &Path) -> anyhow::Result<()> {
    File::create(dir.join("file"))
        .context("create")?
        .write_all(NEW)
        .context("write")
}

fn deaf(dir: &Path) -> anyhow::Result<()> {
    let mut file = File::create(dir.join("next")).context("create")?;
    let _ = file.write(NEW);
    fs::rename(dir.join("next"), dir.join("file")).context("rename")
}

fn panicky(dir: &Path) -> anyhow::Result<()> {
    let file = File::create(dir.join("next")).context("create")?;
    fs::write(dir.join("next"), NEW).context("write")?;
    file.sync_all().expect("a disk that works");
    fs::rename(dir.join("next"), dir.join("file")).context("rename")
}

fn hanging(dir: &Path) -> anyhow::Result<()> {
    let mut file = File::create(dir.join("next")).context("create")?;
    file.write_all(NEW).context("write")?;
    while file.sync_all().is_err() {}
    fs::rename(dir.join("next"), dir.join("file")).context("rename")
}

fn leaky(dir: &Path) -> anyhow::Result<()> {
    let file = File::create(dir.join("next")).context("create")?;
    if let Err(error) = file.sync_all() {
        std::mem::forget(file);
        return Err(error).context("fsync");
    }
    sound(dir)
}

fn threaded(dir: &Path) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .spawn_scoped(scope, || sound(dir))
            .context("thread")?;
        worker
            .join()
            .unwrap_or_else(|_| Err(anyhow::anyhow!("the thread panicked")))
    })
}

fn retry(mut call: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
