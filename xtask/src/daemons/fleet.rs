//! What `packaging/` ships for a fleet, against real programs: two hosts with a
//! node_exporter each, a Prometheus that watches both, its rules, and the queries of the
//! dashboard; the units against systemd's own checks.

use super::stage::{Stage, inside, until};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const RULES: &str = include_str!("../../../packaging/prometheus/daemon-host.rules.yml");
const DASHBOARD: &str = include_str!("../../../packaging/grafana/daemon-host.json");
const UNITS: [(&str, &str); 3] = [
    (
        "daemon-host.service",
        include_str!("../../../packaging/systemd/daemon-host.service"),
    ),
    (
        "daemon-host-report.service",
        include_str!("../../../packaging/systemd/daemon-host-report.service"),
    ),
    (
        "daemon-host-report.timer",
        include_str!("../../../packaging/systemd/daemon-host-report.timer"),
    ),
];
const DROP_IN: &str =
    include_str!("../../../packaging/systemd/daemon-host.service.d/notify-reload.conf");

/// The most that `systemd-analyze security` may find exposed, in tenths.
const EXPOSURE: &str = "60";
/// How long one thing may take that the real programs do by themselves.
const PATIENCE: Duration = Duration::from_secs(60);
const PROMETHEUS: &str = "127.0.0.1:9090";
/// A container that is no more.
const GONE: &str = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

/// A mount namespace with a daemon's roots, and the exporter that speaks for it.
struct Host {
    name: &'static str,
    port: u16,
}

const HOSTS: [Host; 2] = [
    Host {
        name: "a",
        port: 9101,
    },
    Host {
        name: "b",
        port: 9102,
    },
];

impl Host {
    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn root(&self) -> String {
        format!("/srv/{}/docker", self.name)
    }

    fn directory(&self) -> String {
        format!("/srv/{}/textfile", self.name)
    }

    fn leftover(&self) -> String {
        format!("{}/overlay2/{GONE}/merged", self.root())
    }

    /// The roots, with a source that knows containers and none that lives.
    fn set_up(&self, stage: &Stage) -> Result<()> {
        let exec = format!("/srv/{}/exec", self.name);
        for directory in [
            self.root(),
            self.directory(),
            format!("{exec}/runtime-runc/moby"),
        ] {
            std::fs::create_dir_all(&directory).context(directory)?;
        }
        let exporter = [
            "--collector.disable-defaults",
            "--collector.textfile",
            &format!("--collector.textfile.directory={}", self.directory()),
            &format!("--web.listen-address={}", self.address()),
        ];
        stage.start("/usr/bin/prometheus-node-exporter", &exporter)?;
        self.report(stage)
    }

    /// A command of ours about this host's root.
    fn about(&self, stage: &Stage, words: &[&str]) -> Command {
        let mut tool = stage.tool();
        tool.args(words);
        tool.args(["--data-root", &self.root()]);
        tool.args(["--exec-root", &format!("/srv/{}/exec", self.name)]);
        tool
    }

    /// As the timer's unit does.
    fn report(&self, stage: &Stage) -> Result<()> {
        let file = Path::new(&self.directory()).join("daemon_host.prom");
        let mut report = self.about(stage, &["report", "--format", "openmetrics"]);
        let status = report
            .arg("--output")
            .arg(file)
            .status()
            .context("report")?;
        match status.code() {
            // 1 is a finding.
            Some(0 | 1) => Ok(()),
            _ => bail!("the report of host {} ended with {status}", self.name),
        }
    }
}

/// Runs it; gives one line for the summary.
pub(crate) fn run(stage: &Stage) -> Result<String> {
    check_units(stage)?;
    let rules = check_rules(stage)?;
    let up = ["ip", "link", "set", "lo", "up"];
    inside::output(stage.command("/usr/bin/busybox").args(up))?;
    for host in &HOSTS {
        host.set_up(stage)?;
    }
    let prometheus = start_prometheus(stage)?;
    let [a, b] = &HOSTS;
    until("both hosts to be watched", PATIENCE, || {
        instances(stage, "daemon_host_kernel_info").is_ok_and(|seen| seen.len() == HOSTS.len())
    })
    .with_context(|| format!("it said: {}", inside::tail(&prometheus.said())))?;
    ensure!(
        firing(stage)?.is_empty(),
        "an alert fires on a clean host: {:?}",
        firing(stage)?
    );

    inside::on("tmpfs", Path::new(&a.leftover()), "")?;
    a.report(stage)?;
    let alert = ("DaemonHostLeftoverMounts".to_owned(), a.address());
    until("the alert to fire", PATIENCE, || {
        firing(stage).is_ok_and(|alerts| alerts.contains(&alert))
    })?;
    let others: Vec<_> = firing(stage)?
        .into_iter()
        .filter(|(_, instance)| *instance == b.address())
        .collect();
    ensure!(others.is_empty(), "the clean host has alerts: {others:?}");
    let queries = check_dashboard(stage)?;

    inside::output(&mut a.about(stage, &["root", "cleanup"]))?;
    a.report(stage)?;
    until("the alert to go", PATIENCE, || {
        firing(stage).is_ok_and(|alerts| !alerts.contains(&alert))
    })?;
    inside::kill_all()?;
    Ok(format!(
        "{rules} alert rules load, the one of leftovers fires for its host and goes after the \
         clean-up, {queries} dashboard queries answer, {} units pass systemd's checks",
        UNITS.len()
    ))
}

/// systemd reads the units without a word, and finds the daemon's well enough shut in.
fn check_units(stage: &Stage) -> Result<()> {
    let place = "/etc/systemd/system";
    for (name, text) in UNITS {
        stage.write(&format!("{place}/{name}"), text)?;
    }
    stage.write(
        &format!("{place}/daemon-host.service.d/notify-reload.conf"),
        DROP_IN,
    )?;
    let program = Path::new("/usr/bin/daemon-host");
    std::os::unix::fs::symlink("/.tool/program", program).context("the command's place")?;
    for (name, _) in UNITS {
        let verify = stage
            .command("/usr/bin/systemd-analyze")
            .args(["verify", "--man=no", &format!("{place}/{name}")])
            .output()
            .context("systemd-analyze")?;
        let said = String::from_utf8_lossy(&verify.stderr);
        let about_it: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("daemon-host"))
            .collect();
        ensure!(about_it.is_empty(), "systemd about {name}: {about_it:?}");
    }
    let threshold = format!("--threshold={EXPOSURE}");
    let security = [
        "security",
        "--offline=true",
        "--no-pager",
        &threshold,
        "/etc/systemd/system/daemon-host.service",
    ];
    inside::output(stage.command("/usr/bin/systemd-analyze").args(security))
        .map(drop)
        .context("the unit is too open")
}

/// promtool reads the rules; how many there are.
fn check_rules(stage: &Stage) -> Result<usize> {
    stage.write("/etc/prometheus/daemon-host.rules.yml", RULES)?;
    let words = ["check", "rules", "/etc/prometheus/daemon-host.rules.yml"];
    let said = inside::output(stage.command("/usr/bin/promtool").args(words))?;
    let count = RULES.matches("- alert:").count();
    let says_so = said.contains(&format!("{count} rules found"));
    ensure!(says_so, "promtool finds not {count} rules: {said}");
    Ok(count)
}

fn start_prometheus(stage: &Stage) -> Result<super::stage::Started> {
    // As shipped, only without the patience: nobody waits 15 minutes here.
    let impatient: String = RULES
        .lines()
        .map(|line| match line.trim_start().strip_prefix("for: ") {
            Some(_) => String::new(),
            None => format!("{line}\n"),
        })
        .collect();
    stage.write("/etc/prometheus/impatient.rules.yml", &impatient)?;
    let targets: Vec<String> = HOSTS.iter().map(Host::address).collect();
    let config = format!(
        "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n\
         rule_files:\n  - impatient.rules.yml\n\
         scrape_configs:\n  - job_name: node\n    static_configs:\n      - targets: {targets:?}\n"
    );
    stage.write("/etc/prometheus/prometheus.yml", &config)?;
    let listen = format!("--web.listen-address={PROMETHEUS}");
    stage.start(
        "/usr/bin/prometheus",
        &[
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/tmp/prometheus",
            &listen,
        ],
    )
}

/// Each query of the dashboard gets an answer; how many there are.
fn check_dashboard(stage: &Stage) -> Result<usize> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).context("the dashboard")?;
    let panels = dashboard["panels"].as_array().context("panels")?;
    let queries: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .filter_map(|target| target["expr"].as_str())
        .collect();
    ensure!(!queries.is_empty(), "the dashboard asks nothing");
    for query in &queries {
        let answer = ask(stage, &query.replace("$instance", ".*"))?;
        let rows = answer["data"]["result"].as_array();
        let has_answer = rows.is_some_and(|rows| !rows.is_empty());
        ensure!(has_answer, "no answer to {query}: {answer}");
    }
    Ok(queries.len())
}

/// Which instances have this metric.
fn instances(stage: &Stage, metric: &str) -> Result<BTreeSet<String>> {
    let answer = ask(stage, metric)?;
    let rows = answer["data"]["result"].as_array().context("no rows")?;
    let names = rows
        .iter()
        .filter_map(|row| row["metric"]["instance"].as_str());
    Ok(names.map(str::to_owned).collect())
}

/// Alerts that fire, by name and instance, except those about what a bare namespace lacks.
fn firing(stage: &Stage) -> Result<BTreeSet<(String, String)>> {
    let answer = get(stage, "/api/v1/alerts")?;
    let alerts = answer["data"]["alerts"].as_array().context("no alerts")?;
    let fires = alerts.iter().filter(|alert| alert["state"] == "firing");
    let word = |alert: &Value, label: &str| alert["labels"][label].as_str().map(str::to_owned);
    let named =
        fires.filter_map(|alert| Some((word(alert, "alertname")?, word(alert, "instance")?)));
    // Findings of the report about resolv.conf or links are true of this bare place.
    let about_the_place = |name: &str| name == "DaemonHostProblem";
    Ok(named.filter(|(name, _)| !about_the_place(name)).collect())
}

fn ask(stage: &Stage, query: &str) -> Result<Value> {
    get(stage, &format!("/api/v1/query?query={}", encoded(query)))
}

fn get(stage: &Stage, path: &str) -> Result<Value> {
    let url = format!("http://{PROMETHEUS}{path}");
    let mut wget = stage.command("/usr/bin/busybox");
    let text = inside::output(wget.args(["wget", "-q", "-O", "-", &url]))?;
    serde_json::from_str(&text).context("Prometheus answers in JSON")
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| match plain(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded_for_a_url() {
        assert_eq!(encoded("a{b=\"c\"} > 0"), "a%7Bb%3D%22c%22%7D%20%3E%200");
    }
}
