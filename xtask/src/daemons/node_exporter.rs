//! A real node_exporter against the report's metrics: it reads the file as Prometheus
//! text, an older format with rules of its own, and drops the whole of a file it dislikes.

use super::stage::{Stage, inside, until};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::time::Duration;

const DIRECTORY: &str = "/var/lib/prometheus/node-exporter";
const PROGRAM: &str = "/usr/bin/prometheus-node-exporter";
const ADDRESS: &str = "127.0.0.1:9100";

/// Runs it; gives one line for the summary.
pub(crate) fn run(stage: &Stage) -> Result<String> {
    let file = Path::new(DIRECTORY).join("daemon_host.prom");
    std::fs::create_dir_all(DIRECTORY).context(DIRECTORY)?;
    let mut report = stage.tool();
    report.args([
        "report",
        "--no-probe",
        "--format",
        "openmetrics",
        "--output",
    ]);
    inside::output(report.arg(&file))?;
    let written = std::fs::read_to_string(&file).context("the report wrote no file")?;

    inside::output(
        stage
            .command("/usr/bin/busybox")
            .args(["ip", "link", "set", "lo", "up"]),
    )?;
    let arguments = [
        "--collector.disable-defaults",
        "--collector.textfile",
        &format!("--collector.textfile.directory={DIRECTORY}"),
        &format!("--web.listen-address={ADDRESS}"),
    ];
    let exporter = stage.start(PROGRAM, &arguments)?;
    let mut served = String::new();
    until("node_exporter to answer", Duration::from_secs(20), || {
        served = scrape(stage).unwrap_or_default();
        served.contains("node_textfile_scrape_error")
    })
    .with_context(|| format!("it said: {}", exporter.said().trim()))?;
    ensure!(
        served
            .lines()
            .any(|line| line == "node_textfile_scrape_error 0"),
        "node_exporter refuses the file: {}\n{written}",
        exporter.said().trim()
    );
    let samples: Vec<&str> = written
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    for sample in &samples {
        ensure!(
            served.lines().any(|line| parts(line) == parts(sample)),
            "not served: {sample}"
        );
    }
    inside::kill_all()?;
    Ok(format!(
        "node_exporter reads the report's file and serves its {} samples",
        samples.len()
    ))
}

fn scrape(stage: &Stage) -> Result<String> {
    let url = format!("http://{ADDRESS}/metrics");
    inside::output(
        stage
            .command("/usr/bin/busybox")
            .args(["wget", "-q", "-O", "-", &url]),
    )
}

/// A sample without its labels, and the labels in order: node_exporter sorts them by name.
fn parts(sample: &str) -> (String, Vec<String>) {
    let mut bare = String::new();
    let mut labels = vec![String::new()];
    let (mut is_inside, mut is_quoted, mut is_escaped) = (false, false, false);
    for char in sample.chars() {
        match char {
            '{' if !is_quoted => is_inside = true,
            '}' if !is_quoted => is_inside = false,
            ',' if is_inside && !is_quoted => labels.push(String::new()),
            _ if is_inside => {
                is_quoted ^= char == '"' && !is_escaped;
                is_escaped = char == '\\' && !is_escaped;
                labels.last_mut().expect("one at least").push(char);
            }
            _ => bare.push(char),
        }
    }
    labels.sort();
    (bare, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_compared_in_any_order() {
        let one = r#"m{a="x,\"y}",b="z"} 1"#;
        assert_eq!(parts(one), parts(r#"m{b="z",a="x,\"y}"} 1"#));
        assert_ne!(parts(one), parts(r#"m{b="z",a="x,\"y}"} 2"#));
        assert_ne!(parts(one), parts(r#"m{b="y",a="x,\"y}"} 1"#));
        assert_eq!(parts("m 1"), ("m 1".to_owned(), vec![String::new()]));
    }
}
