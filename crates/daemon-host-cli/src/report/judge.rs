//! Decides which facts are findings. Pure.

use daemon_host::rootmount::Ownership;
use daemon_host::rroprobe::{Denial, KernelSupport};
use daemon_host::runtimes::{RroSupport, RuntimeFault, RuntimeFaultKind, Runtimes};
use nix::unistd::geteuid;

use super::collect::Facts;
use super::finding::Finding;
use super::mounts;
use crate::output::shown;
use crate::place;
use crate::resolv_conf;
use crate::root::{RootState, is_doubtful};
use crate::runtimes::unknown_text;

/// Findings, the worst first.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    configuration(facts, &mut findings);
    mounts(facts, &mut findings);
    root(facts, &mut findings);
    findings.extend(resolv_conf::findings(&facts.name_servers));
    links(facts, &mut findings);
    rro(facts, &mut findings);
    runtimes(facts, &mut findings);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn configuration(facts: &Facts, findings: &mut Vec<Finding>) {
    if let Some(fault) = &facts.config_fault {
        findings.push(
            Finding::problem("configuration", "the daemon.json cannot be used")
                .because(fault)
                .remedy("correct it, or name another with --config; this report looks at defaults"),
        );
    }
}

fn mounts(facts: &Facts, findings: &mut Vec<Finding>) {
    match &facts.mounts {
        Err(error) => findings.push(
            Finding::problem("mounts", "the mount table cannot be read")
                .because(error)
                .remedy("check that /proc is mounted and readable"),
        ),
        Ok(mounts) if mounts.malformed > 0 => findings.push(
            Finding::warning("mounts", format!("{} malformed rows", mounts.malformed))
                .because("the kernel or a file system driver printed a row against its own rules")
                .remedy("see them with: daemon-host mounts list --strict"),
        ),
        Ok(_) => {}
    }
    findings.extend(facts.mounts.iter().flat_map(mounts::findings));
}

fn root(facts: &Facts, findings: &mut Vec<Finding>) {
    match &facts.root.state {
        None => {}
        Some(Err(error)) => findings.push(
            Finding::warning(
                "root",
                format!("{} cannot be looked at", shown(&facts.root.path)),
            )
            .because(error)
            .remedy(facts.root.remedy.clone().unwrap_or_default()),
        ),
        Some(Ok(state)) => root_state(state, findings),
    }
}

fn root_state(state: &RootState, findings: &mut Vec<Finding>) {
    let mounts = |n: usize| match n {
        1 => "1 mount".to_owned(),
        n => format!("{n} mounts"),
    };
    let left = state.plan.steps().len();
    if left > 0 {
        let what = format!("{} of containers that do not run", mounts(left));
        findings.push(
            Finding::warning("root", what)
                .because("a daemon was killed, or stopped before it could clean up")
                .remedy(format!(
                    "look with: daemon-host root cleanup{} --dry-run; then run it without \
                     --dry-run",
                    place::flags()
                )),
        );
    }
    let unknown = state.unknown();
    if unknown > 0 {
        let whose = if unknown == 1 {
            "its container lives"
        } else {
            "their containers live"
        };
        let what = format!(
            "{} of which it cannot be told whether {whose}",
            mounts(unknown)
        );
        findings.push(
            Finding::warning("root", what)
                .because(state.causes().join("; "))
                .remedy(state.remedies().join("; ")),
        );
    }
    if state.status.ownership == Ownership::Unreadable {
        let what = "whether the ownership record fits the root cannot be told";
        findings.push(
            Finding::warning("root", what)
                .because(state.status.ownership.to_string())
                .remedy(run_as_root()),
        );
    } else if is_doubtful(&state.status) {
        findings.push(
            Finding::warning(
                "root",
                "the ownership record does not fit the mount at the root",
            )
            .because(state.status.ownership.to_string())
            .remedy("the record is not acted on; remove it if no daemon is starting"),
        );
    }
    if state.status.stacked > 1 {
        let stacked = state.status.stacked;
        findings.push(
            Finding::warning("root", format!("{stacked} mounts are stacked at the root"))
                .because("the root was bound again without being released before")
                .remedy("stop the daemon, then: daemon-host root release"),
        );
    }
}

fn links(facts: &Facts, findings: &mut Vec<Finding>) {
    let links = match &facts.links {
        Ok(links) => links,
        Err(error) => {
            let finding = Finding::problem("links", "the addresses cannot be listed");
            findings.push(
                finding
                    .because(error)
                    .remedy("check that netlink is not filtered"),
            );
            return;
        }
    };
    for link in links {
        for address in &link.addrs {
            if address.flag_names().any(|flag| flag == "dadfailed") {
                let name = link.name.to_string_lossy();
                findings.push(
                    Finding::problem("links", format!("{address} on {name} is a duplicate"))
                        .because("another host answered for this address; the kernel never uses it")
                        .remedy("remove the address here or there"),
                );
            }
        }
    }
}

fn rro(facts: &Facts, findings: &mut Vec<Finding>) {
    // The daemon is root, and may do what this process may not.
    let unknown = matches!(facts.rro, KernelSupport::Denied(Denial::Privilege));
    if !facts.rro.is_supported() && !unknown {
        findings.push(
            Finding::warning("read-only", "recursive read-only mounts do not work")
                .because(facts.rro.to_string())
                .remedy(facts.rro.remedy().unwrap_or("none is known")),
        );
    }
}

fn runtimes(facts: &Facts, findings: &mut Vec<Finding>) {
    let (inspected, table) = match &facts.runtimes {
        Ok(runtimes) => runtimes,
        // It is reported as a fault of the whole file.
        Err(_) => return,
    };
    // What is wrong with the file as a whole has been reported before.
    let problems = inspected.problems.iter();
    for problem in problems.filter(|problem| problem.runtime.is_some()) {
        findings.push(
            Finding::problem("runtimes", &problem.message)
                .because(format!("rule {}", problem.kind))
                .remedy("correct daemon.json; a reload with it is refused as a whole"),
        );
    }
    for key in &inspected.unknown {
        findings.push(
            Finding::warning("configuration", unknown_text(key))
                .remedy("correct or remove the key in daemon.json"),
        );
    }
    startable(table, findings);
    for runtime in table.iter() {
        let verdict = runtime.features.rro();
        if verdict.support == RroSupport::No {
            let what = format!("{} cannot mount recursively read-only", runtime.name);
            let finding = Finding::warning("runtimes", what).because(verdict.reason);
            let remedy = match verdict.is_ro_recursive {
                Some(true) => "nothing: its plain ro covers the mounts below; never pass it rro",
                _ => "update the runtime (runc 1.1, crun 1.4 or newer)",
            };
            findings.push(finding.remedy(remedy));
        }
    }
}

/// Configured runtimes, and the default one, that do not work here.
fn startable(table: &Runtimes, findings: &mut Vec<Finding>) {
    for fault in table.faults() {
        findings.push(match fault.kind {
            RuntimeFaultKind::CannotStart => cannot_start(table, &fault),
            _ => {
                let what = format!("{} does not answer as a runtime does", fault.runtime);
                let finding = Finding::warning("runtimes", what).because(fault.reason);
                finding.remedy(fault.remedy)
            }
        });
    }
}

/// What helps where this user may not look.
fn run_as_root() -> &'static str {
    match geteuid().is_root() {
        false => "run the report as root",
        true => "look at the capabilities and the sandbox of this process",
    }
}

/// A default that cannot start fails every container that names no runtime. Only where nothing
/// is configured it is no problem: there may be no engine here.
fn cannot_start(table: &Runtimes, fault: &RuntimeFault) -> Finding {
    let name = &fault.runtime;
    let config = table.config();
    let is_configured = config.default_runtime.is_some() || !config.runtimes.is_empty();
    if fault.is_denied {
        let what = format!("whether the runtime {name} can start cannot be told");
        let finding = Finding::warning("runtimes", what).because(fault.to_string());
        return finding.remedy(run_as_root());
    }
    let finding = match (fault.is_default, is_configured) {
        (true, true) => Finding::problem("runtimes", default_text(name)),
        (true, false) => Finding::warning("runtimes", default_text(name)),
        (false, _) => Finding::warning("runtimes", format!("the runtime {name} cannot start")),
    };
    finding.because(fault.to_string()).remedy(fault.remedy)
}

fn default_text(name: &str) -> String {
    format!("the default runtime {name} cannot start")
}
