//! Sets the scene, runs the command there, and writes its pictures.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::terminal::picture;
use crate::cargo::{cargo, root, succeeds, target};
use crate::verdict::Verdict;

/// The machine on which the command runs: namespaces of its own.
const SCENE: &str = include_str!("scene.sh");

/// Terminal pictures: the file, and what was typed.
const TYPED: [(&str, &str); 1] = [("report", "daemon-host report --no-probe")];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Draw what this build of the command prints, instead of a release build made now
    #[arg(long, value_name = "FILE")]
    command: Option<PathBuf>,
}

/// Makes all pictures anew, in `docs/pictures`.
pub(crate) fn run(args: &Args) -> Verdict {
    let command = match &args.command {
        Some(file) => file.clone(),
        None => {
            let built = succeeds(&mut cargo(["build", "--release", "-p", "daemon-host-cli"]))?;
            ensure!(built, "the command does not build");
            target().join("release/daemon-host")
        }
    };
    let drawn = target().join("pictures");
    let kept = root().join("docs/pictures");
    for directory in [&drawn, &kept] {
        fs::create_dir_all(directory).with_context(|| format!("create({directory:?})"))?;
    }
    play(&command, &drawn)?;
    for (name, typed) in TYPED {
        let printed = drawn.join(format!("{name}.txt"));
        let text = fs::read_to_string(&printed).with_context(|| format!("read({printed:?})"))?;
        write(&kept.join(format!("{name}.svg")), &picture(typed, &text))?;
    }
    let peers = drawn.join("peers.svg");
    let drawing = fs::read_to_string(&peers).with_context(|| format!("read({peers:?})"))?;
    write(&kept.join("peers.svg"), &drawing)?;
    Ok(true)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("write({path:?})"))?;
    println!("{}  {} bytes", path.display(), text.len());
    Ok(())
}

/// Runs the scene in namespaces of mounts, names, networks and processes of its own.
fn play(command: &Path, drawn: &Path) -> anyhow::Result<()> {
    let mut scene = Command::new("unshare");
    scene
        .args(["-Urmunpf", "--mount-proc", "bash", "-es"])
        .args([command, drawn])
        .stdin(Stdio::piped());
    let mut scene = scene.spawn().context("unshare(1)")?;
    let input = scene.stdin.take();
    input.context("a pipe")?.write_all(SCENE.as_bytes())?;
    let ended = scene.wait()?;
    ensure!(ended.success(), "the scene ended with {ended}");
    Ok(())
}
