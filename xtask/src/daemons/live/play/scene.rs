//! The play: containers run, and step by step more of what holds them is killed.

use super::container::{Container, table};
use super::{check, product};
use crate::daemons::live::engines::engine::{Engine, Part};
use crate::daemons::live::processes;
use crate::daemons::stage::{Stage, inside, until};
use anyhow::{Context, Result, ensure};
use std::time::Duration;

/// How long the processes of a killed container may take to go.
const LIMIT: Duration = Duration::from_secs(10);

/// A scene in the course of its play.
struct Scene<'a> {
    engine: &'a mut dyn Engine,
    stage: &'a Stage,
    containers: Vec<Container>,
    sweeps: usize,
    dead: usize,
}

/// Plays the whole of it; gives one line for the summary.
pub(crate) fn play(engine: &mut dyn Engine, stage: &Stage) -> Result<String> {
    let version = engine.start()?;
    let cast = engine.cast().into_iter();
    let containers = cast.map(|(name, part)| Container::start(engine, &name, part));
    let containers = containers.collect::<Result<Vec<_>>>()?;
    let count = containers.len();
    let mut scene = Scene {
        engine,
        stage,
        containers,
        sweeps: 0,
        dead: 0,
    };
    scene.acts()?;
    let Scene { sweeps, dead, .. } = scene;
    Ok(format!(
        "{version}: {count} containers, {sweeps} clean-ups and as many starts, none harmed, \
         {dead} dead ones found"
    ))
}

impl Scene<'_> {
    fn acts(&mut self) -> Result<()> {
        check::all(self.engine, &self.containers).context("before any clean-up")?;
        self.sweep("all live")?;
        self.restart(|container| container.part == Part::Plain)?;
        self.sweep("one restarted")?;
        self.engine.kill()?;
        self.sweep("engine killed")?;
        self.kill_shims()?;
        self.sweep("shims killed")?;
        self.kill_inits()?;
        self.sweep("first processes killed")?;
        if self.engine.takes_over() {
            self.start_engine_again()?;
        }
        self.kill_everything()
    }

    fn start_engine_again(&mut self) -> Result<()> {
        self.engine
            .start()
            .context("starting the engine over living containers")?;
        self.forget_those_without_shim();
        check::all(self.engine, &self.containers)
            .context("what the engine's own start makes of it")?;
        self.sweep("engine started again")?;
        self.restart(|container| container.lives)?;
        self.sweep("restarted under the new engine")
    }

    /// A clean-up and a start of our daemon, and a look at each container after either.
    fn sweep(&mut self, when: &str) -> Result<()> {
        self.sweeps += 1;
        let report = product::clean_up(self.engine, self.stage)
            .with_context(|| format!("{when}: the clean-up"))?;
        check::all(self.engine, &self.containers)
            .with_context(|| format!("{when}, after a clean-up that said {report}"))?;
        product::start_and_stop(self.engine, self.stage)
            .with_context(|| format!("{when}: the start"))?;
        check::all(self.engine, &self.containers)
            .with_context(|| format!("{when}, after a start of daemon-host run"))
    }

    fn restart(&mut self, which: impl Fn(&Container) -> bool) -> Result<()> {
        let engine = &*self.engine;
        for container in self
            .containers
            .iter_mut()
            .filter(|container| which(container))
        {
            let others = others(engine, container)?;
            engine
                .restart(&container.name)
                .with_context(|| format!("HARMED: {} cannot be restarted", container.name))?;
            container.look_again(engine, &others)?;
        }
        Ok(())
    }

    fn kill_shims(&mut self) -> Result<()> {
        for container in &self.containers {
            if matches!(container.part, Part::WithoutShim | Part::Orphan) {
                let init = self.engine.init(&container.name)?;
                processes::kill(processes::shim_of(init)?)?;
                ensure!(
                    processes::is_alive(init),
                    "{} died of its shim",
                    container.name
                );
            }
        }
        Ok(())
    }

    fn kill_inits(&mut self) -> Result<()> {
        for container in &mut self.containers {
            if !matches!(container.part, Part::Doomed | Part::Orphan) {
                continue;
            }
            let init = self.engine.init(&container.name)?;
            if container.part == Part::Orphan {
                container.survivor = Some(processes::child_of(init)?);
                processes::kill(init)?;
                continue;
            }
            let family = processes::family_of(init)?;
            processes::kill(init)?;
            // What is still about to end would rightly be taken for alive.
            until("a dead container's processes to go", LIMIT, || {
                !family.iter().any(|pid| processes::is_alive(*pid))
            })?;
            container.lives = false;
            self.dead += 1;
        }
        Ok(())
    }

    /// An engine that starts ends what has no shim any more; that is its own affair.
    fn forget_those_without_shim(&mut self) {
        self.containers
            .retain(|container| !matches!(container.part, Part::WithoutShim | Part::Orphan));
    }

    fn kill_everything(&mut self) -> Result<()> {
        self.engine.kill()?;
        inside::kill_all()?;
        for container in &mut self.containers {
            self.dead += usize::from(container.lives);
            container.lives = false;
        }
        self.sweep("all killed")?;
        self.engine
            .start()
            .context("starting the engine after all was killed")?;
        for container in &mut self.containers {
            let others = table(self.engine)?;
            self.engine.start_again(&container.name).with_context(|| {
                format!("HARMED: {} does not start after a clean-up", container.name)
            })?;
            container.look_again(self.engine, &others)?;
        }
        check::all(self.engine, &self.containers).context("all started again")
    }
}

/// All mounts but a container's own.
fn others(engine: &dyn Engine, container: &Container) -> Result<std::collections::BTreeSet<u64>> {
    let mut others = table(engine)?;
    for mount in &container.mounts {
        others.remove(&mount.id);
    }
    Ok(others)
}
