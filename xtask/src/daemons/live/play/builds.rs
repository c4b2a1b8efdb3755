//! A build that is interrupted: what lives in it stays, and what it leaves is found.

use super::container::{Container, rows};
use super::{check, product};
use crate::daemons::live::engines::docker::Docker;
use crate::daemons::live::engines::engine::{Engine, Part};
use crate::daemons::live::engines::image;
use crate::daemons::live::processes;
use crate::daemons::stage::table::Row;
use crate::daemons::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result, ensure};
use std::process::Command;
use std::time::Duration;

const DIRECTORY: &str = "/tmp/build";
const LIMIT: Duration = Duration::from_secs(60);
/// What the step sleeps for; no container of a scene does so.
const STEP: &str = "2002";

/// Runs it; gives one line for the summary.
pub(crate) fn run(mut docker: Docker<'_>, stage: &Stage) -> Result<String> {
    let version = docker.start()?;
    // dockerd makes its root shared when it starts.
    docker.unshare()?;
    let mut lasting = vec![Container::start(&docker, "lasting", Part::Plain)?];
    let build = start_build(&docker, stage)?;
    let mounts = rows_of_builds(&docker)?;
    ensure!(!mounts.is_empty(), "the build has mounted nothing");
    let step = processes::sleeping(STEP).context("the step has no process")?;

    let stays = |docker: &Docker<'_>, when: &str| -> Result<()> {
        product::clean_up(docker, stage).with_context(|| when.to_owned())?;
        let left = rows_of_builds(docker)?;
        ensure!(
            left == mounts,
            "HARMED: {when}: of {mounts:?} {left:?} is left"
        );
        ensure!(
            processes::is_alive(step),
            "HARMED: {when}: the step is gone"
        );
        check::all(docker, &lasting).with_context(|| when.to_owned())
    };
    stays(&docker, "a build runs")?;
    docker.kill()?;
    stays(&docker, "the engine was killed in a build")?;

    drop(build);
    inside::kill_all()?;
    let report = product::clean_up(&docker, stage)?;
    let left = rows_of_builds(&docker)?;
    ensure!(left.is_empty(), "{left:?} is left after {report}");
    lasting.iter_mut().for_each(|one| one.lives = false);
    check::all(&docker, &lasting)?;
    docker.start()?;
    finish_build(&docker, stage)?;
    let count = mounts.len();
    Ok(format!(
        "{version}: {count} mounts of a build stay while its step lives, and go when it is dead"
    ))
}

/// Starts a build, and waits until its step runs.
fn start_build(docker: &Docker<'_>, stage: &Stage) -> Result<Started> {
    let file = format!("FROM {}\nRUN sleep {STEP}\n", image::NAME);
    stage.write(&format!("{DIRECTORY}/Dockerfile"), &file)?;
    let build = Started::new(&mut build(docker), "/tmp/build.log".into())?;
    until("a build step to run", LIMIT, || {
        processes::sleeping(STEP).is_some()
    })
    .with_context(|| format!("it said: {}", inside::tail(&build.said())))?;
    Ok(build)
}

/// A build whose step ends by itself works afterwards.
fn finish_build(docker: &Docker<'_>, stage: &Stage) -> Result<()> {
    let file = format!("FROM {}\nRUN echo done\n", image::NAME);
    stage.write(&format!("{DIRECTORY}/Dockerfile"), &file)?;
    inside::output(&mut build(docker))
        .map(drop)
        .context("HARMED: no build works after the clean-up")
}

fn build(docker: &Docker<'_>) -> Command {
    let mut command = docker.client(&["build", "--network", "none", DIRECTORY]);
    command
        .env("DOCKER_BUILDKIT", "1")
        .env("BUILDKIT_PROGRESS", "plain");
    command
}

/// The mounts that BuildKit has made, by the form of their names.
fn rows_of_builds(docker: &Docker<'_>) -> Result<Vec<Row>> {
    let is_key = |name: &str| name.len() == 25 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut rows = rows(docker)?;
    rows.retain(|row| {
        row.point
            .iter()
            .filter_map(|name| name.to_str())
            .any(is_key)
    });
    Ok(rows)
}
