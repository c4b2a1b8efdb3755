//! buildah: a container that a person mounted stays and is told as such; what a build mounts stays
//! while a step of it lives.

use super::container::{Container, rows, table};
use super::{check, product};
use crate::daemons::live::engines::engine::{Engine, Part};
use crate::daemons::live::engines::image;
use crate::daemons::live::engines::podman::Podman;
use crate::daemons::live::processes;
use crate::daemons::stage::table::Row;
use crate::daemons::stage::{Stage, Started, inside, until};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const DIRECTORY: &str = "/tmp/build";
const LIMIT: Duration = Duration::from_secs(60);
/// What the step sleeps for; no container of a scene does so.
const STEP: &str = "2002";
/// The container that a person mounts.
const MOUNTED: &str = "mounted-by-hand";

/// Runs it; gives one line for the summary. The image and a living container are podman's, which
/// has the same store.
pub(crate) fn run(mut podman: Podman<'_>, stage: &Stage) -> Result<String> {
    podman.start()?;
    let mut scene = Scene {
        lasting: vec![Container::start(&podman, "crun-lasting", Part::Plain)?],
        podman,
        stage,
    };
    let mounted = scene.mount_by_hand()?;
    let before = table(&scene.podman)?;
    let build = scene.start_build()?;
    let mut of_build = rows(&scene.podman)?;
    of_build.retain(|row| !before.contains(&row.id));
    ensure!(!of_build.is_empty(), "the build has mounted nothing");

    scene.stays(&mounted, &of_build, "a build runs")?;
    build.kill()?;
    scene.stays(&mounted, &of_build, "buildah was killed in a build")?;
    inside::kill_all()?;
    scene.lasting.iter_mut().for_each(|one| one.lives = false);
    let told = scene.stays(&mounted, &[], "all killed")?;
    scene.works_again(&mounted)?;
    let version = inside::output(&mut scene.buildah(&["--version"]))?;
    let left = of_build.iter().filter(|row| told.contains(&point(row)));
    Ok(format!(
        "{}: a mount by hand stays and is told, {} mounts of a build stay while its step lives, \
         of the interrupted build {} are told",
        version.trim(),
        of_build.len(),
        left.count()
    ))
}

fn point(row: &Row) -> String {
    row.point.display().to_string()
}

struct Scene<'a> {
    podman: Podman<'a>,
    stage: &'a Stage,
    lasting: Vec<Container>,
}

impl Scene<'_> {
    fn buildah(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.command("/usr/bin/buildah");
        command.args(arguments);
        command
    }

    /// Where a person has the file system of a new container.
    fn mount_by_hand(&self) -> Result<Row> {
        inside::output(&mut self.buildah(&["from", "--name", MOUNTED, image::NAME]))?;
        let said = inside::output(&mut self.buildah(&["mount", MOUNTED]))?;
        let found = rows(&self.podman)?;
        let row = found
            .into_iter()
            .find(|row| row.point == Path::new(said.trim()));
        row.with_context(|| format!("no mount at {said:?}"))
    }

    /// Starts a build, and waits until its step runs.
    fn start_build(&self) -> Result<Started> {
        let file = format!("FROM {}\nRUN sleep {STEP}\n", image::NAME);
        self.stage
            .write(&format!("{DIRECTORY}/Containerfile"), &file)?;
        let build = Started::new(&mut self.build(), "/tmp/build.log".into())?;
        until("a build step to run", LIMIT, || {
            processes::sleeping(STEP).is_some()
        })
        .with_context(|| format!("it said: {}", inside::tail(&build.said())))?;
        Ok(build)
    }

    /// It needs neither a runtime nor a control group. The limits are those that it may set.
    fn build(&self) -> Command {
        let mut command = self.buildah(&["build", "--isolation", "chroot", "--network", "host"]);
        command.args([
            "--ulimit",
            "nofile=1024:1024",
            "--ulimit",
            "nproc=1024:1024",
            DIRECTORY,
        ]);
        command
    }

    /// After a clean-up the mount by hand is there and told, and these are there as well; what
    /// the clean-up said.
    fn stays(&self, mounted: &Row, others: &[Row], when: &str) -> Result<String> {
        let report = product::clean_up_found(self.stage, &["--engine", "buildah"])?.to_string();
        let left = rows(&self.podman)?;
        for row in others.iter().chain([mounted]) {
            let point = point(row);
            ensure!(
                left.contains(row),
                "HARMED: {when}: {point} was unmounted: {report}"
            );
        }
        let is_told = report.contains(&point(mounted)) && report.contains("asked for by a person");
        ensure!(is_told, "{when}: the mount by hand is not told: {report}");
        check::all(&self.podman, &self.lasting).with_context(|| when.to_owned())?;
        Ok(report)
    }

    /// The mount by hand can be read and written, and a build whose step ends by itself works.
    fn works_again(&mut self, mounted: &Row) -> Result<()> {
        let token = mounted.point.join(image::TOKEN.trim_start_matches('/'));
        let read = std::fs::read_to_string(token).context("HARMED: the mount by hand")?;
        ensure!(read == image::TOKEN_TEXT, "HARMED: it reads {read:?}");
        let file = format!("FROM {}\nRUN echo done\n", image::NAME);
        self.stage
            .write(&format!("{DIRECTORY}/Containerfile"), &file)?;
        inside::output(&mut self.build()).context("HARMED: no build works after the clean-up")?;
        inside::output(&mut self.buildah(&["umount", MOUNTED]))?;
        self.podman.start()?;
        for container in &mut self.lasting {
            let others = table(&self.podman)?;
            self.podman.start_again(&container.name)?;
            container.look_again(&self.podman, &others)?;
        }
        check::all(&self.podman, &self.lasting).context("started again")
    }
}
