//! Writes the report as metrics, to watch many machines.

use daemon_host::runtimes::{RroSupport, Runtimes};

use super::collect::Facts;
use super::finding::{self, Finding, Severity};
use super::openmetrics::{Metrics, label};
use crate::rro;

pub(super) fn metrics(facts: &Facts, findings: &[Finding]) -> String {
    let mut metrics = Metrics::default();
    let labels = [("release", facts.kernel.as_str())];
    metrics
        .gauge("kernel_info", "The kernel that runs.")
        .sample(&labels, 1);

    let mut family = metrics.gauge("findings", "Findings of the report.");
    for severity in [Severity::Problem, Severity::Warning] {
        for subject in finding::SUBJECTS {
            let is_it = |found: &&Finding| (found.severity, found.subject) == (severity, subject);
            let labels = [("severity", severity.as_str()), ("subject", subject)];
            family.sample(&labels, findings.iter().filter(is_it).count() as u64);
        }
    }
    if let Ok(mounts) = &facts.mounts {
        let mut family = metrics.gauge("mounts", "Mounts in the table by file system type.");
        for (fs_type, count) in &mounts.by_type {
            family.sample(&[("type", fs_type)], *count as u64);
        }
        metrics
            .gauge(
                "mounts_malformed",
                "Rows of the mount table that break its own rules.",
            )
            .sample(&[], mounts.malformed as u64);
    }
    probed(facts, &mut metrics);
    root(facts, &mut metrics);
    let reason = facts.selection().reason.as_str();
    let path = label(facts.selection().path.as_os_str());
    metrics
        .gauge(
            "resolv_conf_info",
            "The resolv.conf that containers inherit, and why.",
        )
        .sample(&[("path", &path), ("reason", reason)], 1);
    if let Ok(links) = &facts.links {
        let mut family = metrics.gauge("link_addresses", "Addresses by link.");
        for link in links {
            let name = label(&link.name);
            family.sample(&[("link", &name)], link.addrs.len() as u64);
        }
    }
    read_only(facts, &mut metrics);
    metrics.finish()
}

/// Counts of every state, and the mounts that are dead or hang by name.
fn probed(facts: &Facts, metrics: &mut Metrics) {
    let Some(probed) = facts.mounts.as_ref().ok().and_then(|m| m.probed.as_ref()) else {
        return;
    };
    let mut family = metrics.gauge("mounts_probed", "Mounts by how they answered a look.");
    for state in ["answers", "dead", "hung", "unknown", "skipped"] {
        let count = probed.iter().filter(|mount| mount.state.as_str() == state);
        family.sample(&[("state", state)], count.count() as u64);
    }
    let mut family = metrics.gauge("mount_faulty", "A mount that is dead or does not answer.");
    let mut seen = std::collections::BTreeSet::new();
    for mount in probed.iter().filter(|mount| mount.state.is_faulty()) {
        let point = label(mount.mount_point.as_os_str());
        if seen.insert(point.clone()) {
            let state = mount.state.as_str();
            let labels = [
                ("mount_point", point.as_str()),
                ("type", &mount.fs_type),
                ("state", state),
            ];
            family.sample(&labels, 1);
        }
    }
}

fn root(facts: &Facts, metrics: &mut Metrics) {
    let Some(Ok(state)) = &facts.root.state else {
        return;
    };
    let path = label(state.status.root.as_os_str());
    let labels = [("root", path.as_str())];
    metrics
        .gauge(
            "root_leftover_mounts",
            "Mounts of containers that do not run.",
        )
        .sample(&labels, state.plan.steps().len() as u64);
    metrics
        .gauge(
            "root_unknown_mounts",
            "Mounts of which it cannot be told whether their containers run.",
        )
        .sample(&labels, state.unknown() as u64);
    // A missing sample says that nothing is known. A zero would be an answer.
    if let Some(live) = state.live() {
        metrics
            .gauge("root_live_containers", "Containers that run.")
            .sample(&labels, live as u64);
    }
    metrics
        .gauge(
            "root_owned",
            "Whether the mount at the data root is its daemon's own.",
        )
        .sample(&labels, u64::from(state.status.ownership.is_ours()));
}

fn read_only(facts: &Facts, metrics: &mut Metrics) {
    metrics
        .gauge(
            "recursive_read_only_kernel",
            "Whether the kernel makes mounts recursively read-only.",
        )
        .sample(&[], u64::from(facts.rro.is_supported()));
    let Ok((inspected, table)) = &facts.runtimes else {
        return;
    };
    metrics
        .gauge(
            "runtime_problems",
            "Problems of the runtimes configuration.",
        )
        .sample(&[], inspected.problems.len() as u64);
    runtime_faults(table, metrics);
    let mut family = metrics.gauge(
        "recursive_read_only_runtime",
        "Whether a runtime says that it does.",
    );
    for asked in rro::ask(table) {
        for support in [RroSupport::Yes, RroSupport::No, RroSupport::Unknown] {
            let labels = [
                ("runtime", asked.name.as_str()),
                ("verdict", support.as_str()),
            ];
            family.sample(&labels, u64::from(asked.verdict.support == support));
        }
    }
}

/// One sample for each runtime that cannot start, or that failed when it was asked for its
/// features, with its message. A runtime without a sample has no known fault.
fn runtime_faults(table: &Runtimes, metrics: &mut Metrics) {
    let faults = table.faults();
    // A family without a sample is an error to some parsers.
    if faults.is_empty() {
        return;
    }
    let mut family = metrics.gauge(
        "runtime_fault",
        "Why a runtime cannot start, or how it ended when it was asked for its features.",
    );
    for fault in &faults {
        let labels = [
            ("runtime", fault.runtime.as_str()),
            ("kind", fault.kind.as_str()),
            ("default", if fault.is_default { "yes" } else { "no" }),
            ("reason", &fault.reason),
            ("remedy", fault.remedy),
        ];
        family.sample(&labels, 1);
    }
}
