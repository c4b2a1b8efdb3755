//! Runs `root cleanup`, from the arguments to the answer.

use std::io::IsTerminal as _;
use std::thread;
use std::time::Duration;

use daemon_host::look_from;
use daemon_host::mountscan::{MalformedRow, MountTable};
use daemon_host::rootmount::{
    self, CleanupPlan, CleanupReport, Detach, ExecuteOptions, KeepReason, RunningEngine,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::args::Args;
use super::choice::{Meant, Place, choose};
use super::others::{Others, Scope};
use super::planner::{Planned, Planner, of_captured};
use super::signals::HeldSignals;
use crate::engines::{Leftovers, LeftoversJson, still_alive};
use crate::exit::Exit;
use crate::mounts::malformed_text;
use crate::output::{Ink, Output, paint};
use crate::place;
use crate::root::EvidenceJson;

/// The fewest steps for a progress bar. A shorter sweep ends before a bar could be read.
const BAR_FROM: u64 = 50;

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    if let Some(file) = &args.mountinfo {
        let planned = of_captured(args, file)?;
        show_plan(&planned, &RunningEngine::No, &[], out)?;
        return Ok(Exit::finding_if(is_partly_read(&planned)));
    }
    args.engines.load()?;
    args.pid.enter()?;
    if let Some(why) = refused_here(args) {
        return refuse_here(&why, out);
    }
    let mut scope = Scope::of(args)?;
    // If the process ended at the wrong moment, it would leave a mount private.
    let _held = (args.no_propagate && !args.dry_run)
        .then(HeldSignals::hold)
        .transpose()?;
    let others = Others::find(args, &scope)?;
    let roots = scope.roots.take();
    let planner = roots.map(|roots| Planner::new(args, roots)).transpose()?;
    let (root, meant) = chosen(args, planner.as_ref(), &others)?;
    let others = others.sweep(args, &meant)?;
    let exit = match planner.filter(|_| root.is_here()) {
        Some(planner) => of_root(args, &planner, &root, &others, out)?,
        None => only_others(&others, out)?,
    };
    let is_finding = others.iter().any(Leftovers::is_finding);
    Ok(match exit {
        Exit::Fine => Exit::finding_if(is_finding),
        worse => worse,
    })
}

/// What the named containers are: below the data root, and below the other directories. It is
/// found out before anything is done.
fn chosen(
    args: &Args,
    planner: Option<&Planner<'_>>,
    others: &Others,
) -> anyhow::Result<(Meant, Vec<Meant>)> {
    let asked = args.asked();
    // To look every container up costs a look at all processes.
    let places: Vec<Place> = match asked.is_empty() {
        true => return Ok((Meant::default(), others.all())),
        false => {
            let root = planner.map(Planner::place).transpose()?;
            root.into_iter().chain(others.places()).collect()
        }
    };
    let mut meant = choose(&asked, &places)?;
    let root = planner.is_some().then(|| meant.remove(0));
    Ok((root.unwrap_or_default(), meant))
}

/// Why nothing may be unmounted here: a container whose host was meant, perhaps. Who names a
/// root, a configuration, or this very place by `--host-root /`, has said what is meant.
fn refused_here(args: &Args) -> Option<String> {
    let is_named = args.root.names_one() || args.pid.is_named() || place::host_root().is_some();
    if is_named || args.dry_run {
        return None;
    }
    let why = place::surroundings().container?;
    Some(format!(
        "this is a container: {why}. Name the host by its bound / with --host-root DIR, or this \
         container itself with --host-root /"
    ))
}

/// Says why nothing was looked for.
fn refuse_here(why: &str, out: &Output) -> anyhow::Result<Exit> {
    if out.is_json() {
        out.json(&serde_json::json!({ "refused": why }))?;
    } else {
        let head = paint(Ink::Bad, format_args!("nothing was done: {why}"));
        out.text(&format!("{head}\n"))?;
    }
    Ok(Exit::Finding)
}

/// Answers if no data root was named, and Docker's does not exist.
fn only_others(others: &[Leftovers], out: &Output) -> anyhow::Result<Exit> {
    if out.is_json() {
        let engines = to_json(others);
        out.json(&serde_json::json!({ "engines": engines }))?;
    } else if others.is_empty() {
        out.text("no engine has anything mounted here\n")?;
    } else {
        out.text(&to_text(others))?;
    }
    Ok(Exit::Fine)
}

fn to_json(others: &[Leftovers]) -> Vec<LeftoversJson<'_>> {
    others.iter().map(Leftovers::to_json).collect()
}

fn to_text(others: &[Leftovers]) -> String {
    others.iter().map(Leftovers::text).collect()
}

/// Cleans up below the data root of the arguments.
fn of_root(
    args: &Args,
    planner: &Planner<'_>,
    meant: &Meant,
    others: &[Leftovers],
    out: &Output,
) -> anyhow::Result<Exit> {
    let mut planned = planner.plan(meant)?;
    let engine = match planned.plan.is_empty() {
        true => RunningEngine::No,
        false => planner.engine()?,
    };
    if args.dry_run {
        show_plan(&planned, &engine, others, out)?;
        let is_uncertain = planned.plan.is_uncertain()
            || is_partly_read(&planned)
            || meant.is_kept_alive(planned.plan.kept());
        return Ok(Exit::finding_if(is_uncertain));
    }
    if let Some(engine) = engine.may_run() {
        if args.no_wait {
            return refuse(&planned, &engine, others, out);
        }
        tell_wait(&engine, args.settle);
        thread::sleep(Duration::from_secs(args.settle));
        let second = planner.plan(meant)?;
        planned = Planned {
            plan: second.plan.settled(&planned.plan),
            judged_at: None,
            ..second
        };
    }
    if !planned.plan.contradictions().is_empty() {
        return refuse(&planned, "the evidence does not suffice", others, out);
    }
    let report = execute(args, planner, &planned)?;
    show_report(&planned, &report, others, out)?;
    Ok(Exit::finding_if(
        !report.is_clean() || keeps_unknown(&report) || meant.is_kept_alive(report.kept()),
    ))
}

/// Whether a mount was kept because it is not known whether somebody lives on it.
fn keeps_unknown(report: &CleanupReport) -> bool {
    let is_unknown = |reason: &KeepReason| matches!(reason, KeepReason::Unknown { .. });
    report.kept().iter().any(|kept| is_unknown(&kept.reason))
}

/// A plan as JSON, with the rows that could not be understood.
#[derive(Serialize)]
struct PlanJson<'p> {
    #[serde(flatten)]
    plan: &'p CleanupPlan,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'p str>,
    evidence: Option<EvidenceJson<'p>>,
    malformed: &'p [MalformedRow],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    engines: Vec<LeftoversJson<'p>>,
}

fn plan_json<'p>(
    planned: &'p Planned,
    engine: &RunningEngine,
    refused: Option<&'p str>,
    others: &'p [Leftovers],
) -> PlanJson<'p> {
    PlanJson {
        plan: &planned.plan,
        engine: match engine {
            RunningEngine::Yes { by } => Some(by.clone()),
            other => other.may_run(),
        },
        refused,
        evidence: planned.evidence.as_ref().map(EvidenceJson::new),
        malformed: planned.table.malformed(),
        engines: to_json(others),
    }
}

fn show_plan(
    planned: &Planned,
    engine: &RunningEngine,
    others: &[Leftovers],
    out: &Output,
) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json(&plan_json(planned, engine, None, others))?);
    }
    let mut text = format!("{}\n{}", planned.plan, notes(&planned.table));
    if planned.evidence.is_none() {
        text.push_str("whether containers live was not looked at: the table is a captured one\n");
    }
    if let Some(engine) = engine.may_run() {
        text.push_str(&format!(
            "{engine}; without --dry-run everything is looked at twice\n"
        ));
    }
    text.push_str(&to_text(others));
    Ok(out.text(&text)?)
}

/// Whether a row of the table could not be understood. It may be of a leftover.
fn is_partly_read(planned: &Planned) -> bool {
    planned.table.malformed_count() > 0
}

fn notes(table: &MountTable) -> String {
    malformed_text(table)
}

/// Says why nothing is done, and shows what was planned.
fn refuse(
    planned: &Planned,
    why: &str,
    others: &[Leftovers],
    out: &Output,
) -> anyhow::Result<Exit> {
    if out.is_json() {
        let none = &RunningEngine::No;
        out.json(&plan_json(planned, none, Some(why), others))?;
    } else {
        let head = paint(Ink::Bad, format_args!("nothing was done: {why}"));
        out.text(&format!("{head}\n{}\n{}", planned.plan, to_text(others)))?;
    }
    Ok(Exit::Finding)
}

/// The result of a plan, as JSON.
#[derive(Serialize)]
struct ReportJson<'r> {
    #[serde(flatten)]
    report: &'r CleanupReport,
    evidence: Option<EvidenceJson<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    engines: Vec<LeftoversJson<'r>>,
}

fn show_report(
    planned: &Planned,
    report: &CleanupReport,
    others: &[Leftovers],
    out: &Output,
) -> anyhow::Result<()> {
    if out.is_json() {
        return Ok(out.json(&ReportJson {
            report,
            evidence: planned.evidence.as_ref().map(EvidenceJson::new),
            engines: to_json(others),
        })?);
    }
    let alive = still_alive(report);
    Ok(out.text(&format!("{report}\n{alive}{}", to_text(others)))?)
}

/// Tells a person why it waits. A program has the answer at the end.
fn tell_wait(engine: &str, seconds: u64) {
    if std::io::stderr().is_terminal() {
        let told = format!("{engine}; looking again in {seconds} s");
        ProgressBar::new_spinner().println(told);
    }
}

fn execute(args: &Args, planner: &Planner<'_>, planned: &Planned) -> anyhow::Result<CleanupReport> {
    let mut options = ExecuteOptions::new();
    options.data_root = Some(planner.data_root.clone());
    let (plan, table) = (&planned.plan, planned.table.clone());
    let root = &planner.status.root;
    options.look = Some(look_from(root, table, &planner.liveness));
    // An engine may run if one container was named, so everything is looked at again.
    options.judged_at = planned.judged_at.filter(|_| args.id.is_none());
    if args.no_lazy {
        options.detach = Detach::Never;
    }
    options.propagate = !args.no_propagate;
    let bar = progress_bar(plan.steps().len());
    let report = rootmount::execute_with(plan, &options, |progress| {
        bar.set_position(progress.done as u64);
    })?;
    bar.finish_and_clear();
    Ok(report)
}

fn progress_bar(steps: usize) -> ProgressBar {
    let steps = steps as u64;
    if steps < BAR_FROM || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("unmounting {bar:30} {pos}/{len}, {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(steps).with_style(style)
}
