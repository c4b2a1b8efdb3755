//! Finds what `report` says about the engines.

use std::path::Path;

use daemon_host::rootmount;
use nix::unistd::geteuid;

use super::survey::{EngineFiles, Survey, survey};
use crate::output::shown;
use crate::place;
use crate::report::Finding;
use crate::root::EvidenceArgs;

/// Leftovers of every engine, engines in other mount namespaces, and what could not be seen. The
/// directory `known` is judged elsewhere.
pub(crate) fn findings(evidence: &EvidenceArgs, files: &EngineFiles, known: &Path) -> Vec<Finding> {
    match looked(evidence, files, known) {
        Ok(findings) => findings,
        Err(error) => {
            let finding = Finding::warning("root", "the engines cannot be looked for");
            vec![finding.because(format!("{error:#}"))]
        }
    }
}

fn looked(
    evidence: &EvidenceArgs,
    files: &EngineFiles,
    known: &Path,
) -> anyhow::Result<Vec<Finding>> {
    let table = rootmount::live_table()?;
    let survey = survey(&table, evidence, files, None, Some(known))?;
    let mut findings = elsewhere(&survey);
    for target in survey.with_mounts(&table) {
        let left = target.plan(&table)?;
        let (name, path) = (&left.engine, shown(&left.path));
        let steps = left.plan.steps().len();
        if steps > 0 {
            let mounts = counted(steps, "leftover mount");
            let finding = Finding::warning("root", format!("{mounts} of {name} in {path}"));
            findings.push(
                finding
                    .because("an engine was killed, or stopped before it could clean up")
                    .remedy(format!(
                        "look with: daemon-host root cleanup{} --engine {name} --dry-run; then \
                         run it without --dry-run",
                        place::flags()
                    )),
            );
        }
        let unknown = left.unknown();
        if unknown > 0 {
            let mounts = counted(unknown, "mount");
            let what = format!("{mounts} of {name} in {path} may be leftovers; it cannot be told");
            let finding = Finding::warning("root", what).because(left.doubts().join("; "));
            findings.push(finding.remedy(match geteuid().is_root() {
                false => "run the report as root, where all processes are seen".to_owned(),
                true => format!(
                    "see why for each: daemon-host root cleanup{} --engine {name} --dry-run",
                    place::flags()
                ),
            }));
        }
    }
    Ok(findings)
}

/// Engines whose mounts are not in this namespace, and what could not be seen.
fn elsewhere(survey: &Survey) -> Vec<Finding> {
    let mut findings = Vec::new();
    for engine in super::elsewhere(&survey.detection) {
        let finding = Finding::warning("root", engine.what());
        findings.push(
            finding
                .because("what it leaves is in the mount table of there, not in this one")
                .remedy(engine.remedy()),
        );
    }
    for unread in survey.unseen() {
        let what = "an engine may be here that cannot be seen";
        findings.push(Finding::warning("root", what).because(unread).remedy(
            match geteuid().is_root() {
                false => "run the report as root, or correct the file",
                true => "correct what is named",
            },
        ));
    }
    findings
}

fn counted(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
