//! The arguments of `report`, and its flow: collect, judge, write.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use daemon_host::service::{PublishOptions, publish};

use super::mounts::{Earlier, Which, growth};
use super::{collect, json, judge, metrics, render};
use crate::engines::{self, EngineFiles};
use crate::exit::Exit;
use crate::input::{look, read_named};
use crate::output::Output;
use crate::place::{PidArgs, as_here};
use crate::root::{EvidenceArgs, RootArgs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines; the same as --json.
    Json,
    /// For node_exporter's textfile collector and anything else that reads OpenMetrics.
    Openmetrics,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 1 when there is a finding. Nothing is changed.

Examples:
  daemon-host report
  daemon-host report --no-probe                 do not run the runtimes' features command
  daemon-host report --probe-mounts=all         also whether each mount answers
  daemon-host report --since yesterday.json     also which mounts have become many
  daemon-host report --format openmetrics --output /var/lib/node_exporter/daemon_host.prom")]
pub(crate) struct Args {
    /// How to write it.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,

    /// Write to this file instead, all at once: a reader sees the old file or the new.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Do not ask the runtimes for their features.
    #[arg(long)]
    no_probe: bool,

    /// Look whether mounts answer, in children with a limit of 3 seconds a mount.
    ///
    /// Without a value, mounts over a network are left out.
    #[arg(long, value_name = "WHICH", value_enum, num_args = 0..=1, require_equals = true,
          default_missing_value = "local")]
    probe_mounts: Option<Which>,

    /// Compare with this earlier JSON report of this host: say which mounts have become many.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,

    #[command(flatten)]
    root: RootArgs,

    #[command(flatten)]
    evidence: EvidenceArgs,

    #[command(flatten)]
    engines: EngineFiles,

    #[command(flatten)]
    pid: PidArgs,
}

/// The text of an earlier report. It is read before another mount namespace is entered.
fn read_earlier(file: &Path) -> anyhow::Result<(&Path, Vec<u8>)> {
    let text = read_named(&as_here(file)).with_context(|| format!("--since {file:?}"))?;
    Ok((file, text))
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    args.engines.load()?;
    let since = args.since.as_deref().map(read_earlier).transpose()?;
    args.pid.enter()?;
    let facts = collect::collect(
        &args.root,
        &args.evidence,
        !args.no_probe,
        args.probe_mounts,
    )?;
    let mut findings = judge::judge(&facts);
    if let (Some((file, text)), Ok(mounts)) = (&since, &facts.mounts) {
        let earlier = Earlier::parse(text, &facts.host, facts.boot_id.as_deref());
        let earlier = earlier.with_context(|| format!("--since {file:?}"))?;
        findings.extend(growth(mounts, &earlier));
    }
    if !args.root.names_one() {
        findings.extend(engines::findings(
            &args.evidence,
            &args.engines,
            &facts.root.path,
        ));
    }
    findings.sort_by_key(|finding| finding.severity);
    let format = if out.is_json() {
        Format::Json
    } else {
        args.format
    };
    let text = match format {
        Format::Text => render::text(&facts, &findings),
        Format::Json => json::json(&facts, &findings)?,
        Format::Openmetrics => metrics::metrics(&facts, &findings),
    };
    match &args.output {
        Some(path) => {
            let plain = anstream::adapter::strip_str(&text).to_string();
            let there = as_here(path);
            // Everybody may read it, because a collector runs as its own user.
            let publish =
                move |path: &Path| publish(path, plain.as_bytes(), &PublishOptions::new());
            look(&there, publish)?.with_context(|| format!("write({path:?})"))?;
        }
        None if format == Format::Text => out.text(&text)?,
        None => out.bytes(text.as_bytes())?,
    }
    // For a file that a collector reads, findings are no failure.
    let to_file = args.output.is_some();
    Ok(Exit::finding_if(!findings.is_empty() && !to_file))
}
