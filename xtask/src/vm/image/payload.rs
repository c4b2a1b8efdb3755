//! What cargo builds for the guest: PID 1, the test binaries and the tests in them.

use crate::cargo;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::plan::Item;

/// A test that says nothing else is given this long.
const LIMIT: Duration = Duration::from_secs(60);

/// The crates whose own tests may ask for a VM by `#[ignore = "vm: …"]`.
const CRATES: &[&str] = &[
    "mountscan",
    "rootmount",
    "resolvconf",
    "ifaddrs",
    "rroprobe",
    "runtimes",
    "daemon-host",
    "daemon-host-cli",
];

/// One test of one binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// What the matrix calls it: `mountscan::rows::stacked`.
    pub(crate) label: String,
    pub(crate) item: Item,
}

/// Everything built.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) init: PathBuf,
    /// Path in the guest and here.
    pub(crate) binaries: Vec<(String, PathBuf)>,
    pub(crate) tests: Vec<Test>,
    /// The command itself, if it was built.
    pub(crate) command: Option<PathBuf>,
}

/// Builds PID 1 and the test binaries, and asks those for their tests.
///
/// `workspace`: build all harnesses in the one call that `cargo xtask test`
/// uses, so that nothing is compiled twice. `only`: these packages, if any.
pub(crate) fn build(workspace: bool, only: &[String]) -> Result<Payload> {
    let mut command = cargo::cargo([
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    if workspace {
        command.arg("--workspace");
    } else {
        let all = CRATES.iter().copied().chain(["vm"]);
        let wanted = all.filter(|name| only.is_empty() || only.iter().any(|only| only == name));
        command
            .args(["-p", "guest"])
            .args(wanted.flat_map(|name| ["-p", name]));
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo test --no-run")?;
    if !output.status.success() {
        bail!("the test binaries do not build");
    }
    collect(&String::from_utf8_lossy(&output.stdout))
}

fn collect(messages: &str) -> Result<Payload> {
    let (mut init, mut command) = (None, None);
    let (mut binaries, mut tests) = (Vec::new(), Vec::new());
    for message in messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
    {
        let Some(path) = message["executable"].as_str().map(PathBuf::from) else {
            continue;
        };
        let target = cargo::text(&message["target"]["name"]);
        let package = package(cargo::text(&message["manifest_path"]));
        match (message["profile"]["test"] == true, target) {
            (false, "guest-init") => init = Some(path),
            (false, "daemon-host") => command = Some(path),
            (true, _) if package == "vm" || CRATES.contains(&package.as_str()) => {
                let label = label(&package, target, cargo::text(&message["target"]["kind"][0]));
                let guest = format!("/t/{}", label.replace(':', "-"));
                let found = list(&path, &label, &guest)?;
                if !found.is_empty() {
                    binaries.push((guest, path));
                    tests.extend(found);
                }
            }
            _ => {}
        }
    }
    tests.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(Payload {
        init: init.context("cargo built no guest-init")?,
        binaries,
        tests,
        command,
    })
}

/// The directory's name, but `daemon-host-cli` and not `crates`.
fn package(manifest: &str) -> String {
    let directory = Path::new(manifest).parent().and_then(Path::file_name);
    directory.unwrap_or_default().to_string_lossy().into_owned()
}

fn label(package: &str, target: &str, kind: &str) -> String {
    match (package, kind) {
        ("vm", _) => target.to_owned(),
        (_, "test") => format!("{package}:{target}"),
        _ => format!("{package}:lib"),
    }
}

/// The tests that are ignored with a reason that begins with `vm:`.
fn list(binary: &Path, label: &str, guest: &str) -> Result<Vec<Test>> {
    let output = Command::new(binary)
        .args(["--list", "--format", "json", "-Zunstable-options"])
        // The only listing that tells why a test is ignored.
        .env("RUSTC_BOOTSTRAP", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| binary.display().to_string())?;
    if !output.status.success() {
        bail!(
            "{}: --list: {}",
            binary.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(lines
        .lines()
        .filter_map(|line| test(line, label, guest))
        .collect())
}

fn test(line: &str, label: &str, guest: &str) -> Option<Test> {
    let test: Value = serde_json::from_str(line).ok()?;
    let reason = cargo::text(&test["ignore_message"]);
    let name = cargo::text(&test["name"]);
    (test["ignore"] == true && reason.starts_with("vm:") && !name.is_empty()).then(|| Test {
        label: format!("{label}::{name}"),
        item: Item {
            binary: guest.to_owned(),
            test: name.to_owned(),
            limit: limit(reason),
            env: Vec::new(),
        },
    })
}

/// `vm: ten thousand races (limit 300 s)` asks for 300 seconds.
fn limit(reason: &str) -> Duration {
    let seconds = reason
        .split_once("limit ")
        .and_then(|(_, rest)| rest.split_once(" s"))
        .and_then(|(number, _)| number.trim().parse().ok());
    seconds.map_or(LIMIT, Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_for_the_vm_are_taken() {
        let line = |ignore: bool, reason: &str| {
            format!(
                r#"{{"type":"test","name":"m::a","ignore":{ignore},"ignore_message":"{reason}"}}"#
            )
        };
        let found = test(&line(true, "vm: needs root"), "mountscan", "/t/mountscan").unwrap();
        assert_eq!(found.label, "mountscan::m::a");
        assert_eq!(found.item.limit, LIMIT);
        assert!(test(&line(true, "#12"), "x", "/t/x").is_none());
        assert!(test(&line(false, ""), "x", "/t/x").is_none());
        assert!(test(r#"{"type":"suite","event":"discovery"}"#, "x", "/t/x").is_none());
    }

    #[test]
    fn a_reason_may_ask_for_time() {
        assert_eq!(limit("vm: races (limit 300 s)"), Duration::from_secs(300));
        assert_eq!(limit("vm: limit many s"), LIMIT);
        assert_eq!(limit("vm: needs root"), LIMIT);
    }

    #[test]
    fn labels_name_the_crate() {
        assert_eq!(label("vm", "mountscan", "test"), "mountscan");
        assert_eq!(
            label("rootmount", "rootmount", "test"),
            "rootmount:rootmount"
        );
        assert_eq!(label("rootmount", "rootmount", "lib"), "rootmount:lib");
        assert_eq!(
            package("/a/crates/daemon-host-cli/Cargo.toml"),
            "daemon-host-cli"
        );
    }
}
