//! Containers that start and end beside a loop of clean-ups: none fails.

use super::container::Container;
use super::{check, product};
use crate::daemons::live::engines::engine::{Engine, Part};
use crate::daemons::stage::{Stage, inside};
use anyhow::{Context, Result, ensure};
use std::sync::atomic::{AtomicBool, Ordering};

/// The full count; the lane starts fewer.
const VARIABLE: &str = "DAEMONS_STORM";
const USUAL: usize = 20;

/// Runs it; gives one line for the summary.
pub(crate) fn run(
    engine: &mut (dyn Engine + Sync),
    lasting: &[&str],
    stage: &Stage,
) -> Result<String> {
    let version = engine.start()?;
    let engine = &*engine;
    let count = std::env::var(VARIABLE).ok();
    let count = count
        .map_or(Ok(USUAL), |text| text.parse())
        .context(VARIABLE)?;
    let start = |name: &&str| Container::start(engine, name, Part::Plain);
    let lasting: Vec<Container> = lasting.iter().map(start).collect::<Result<_>>()?;
    let done = AtomicBool::new(false);
    let (failed, sweeps) = std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| sweep_until(engine, stage, &done));
        let failed: Vec<String> = (0..count).filter_map(|_| start_one(engine).err()).collect();
        done.store(true, Ordering::Relaxed);
        (failed, sweeper.join().expect("the loop does not panic"))
    });
    let sweeps = sweeps?;
    let first = failed.first();
    ensure!(
        failed.is_empty(),
        "HARMED: beside {sweeps} clean-ups {} of {count} runs failed, the first with: {}",
        failed.len(),
        first.map_or("", String::as_str)
    );
    check::all(engine, &lasting)?;
    Ok(format!(
        "{version}: {count} runs beside {sweeps} clean-ups, none failed"
    ))
}

/// One container that reads a file of its image and ends.
fn start_one(engine: &dyn Engine) -> Result<(), String> {
    let ran = inside::output(&mut engine.once());
    ran.map(drop).map_err(|error| format!("{error:#}"))
}

/// Clean-ups one after the other, at least two; how many.
fn sweep_until(engine: &dyn Engine, stage: &Stage, done: &AtomicBool) -> Result<usize> {
    let mut count = 0;
    while count < 2 || !done.load(Ordering::Relaxed) {
        product::clean_up_in_doubt(engine, stage)?;
        count += 1;
    }
    Ok(count)
}
