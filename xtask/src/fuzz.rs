//! `cargo xtask fuzz`: libFuzzer over every parser, with the compiler at hand.
//! Coverage comes from LLVM's own pass, so no nightly compiler is needed; the
//! targets are the functions that `cargo test -p fuzz` feeds its corpus to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::cargo::{self, cargo};
use crate::verdict::Verdict;

/// What cargo-fuzz would set, without its sanitizer: our code is safe Rust.
const INSTRUMENT: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Inputs longer than this teach a line parser nothing new.
const MAX_LEN: usize = 8 * 1024;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only this target; may be given again
    #[arg(long)]
    target: Vec<String>,
    /// Add the inputs that reached new code to the committed corpus
    #[arg(long)]
    grow: bool,
}

/// Fuzzes each target in turn; true when none crashed, hung or ate memory.
pub(crate) fn run(args: &Args) -> Verdict {
    let binary = build()?;
    let known = targets(&binary)?;
    for name in &args.target {
        anyhow::ensure!(
            known.contains(name),
            "no target {name}; there are {}",
            known.join(", ")
        );
    }
    let mut good = true;
    println!(
        "{:<12} {:>12} {:>9} {:>9}  verdict",
        "target", "runs", "a second", "coverage"
    );
    for name in known
        .iter()
        .filter(|name| args.target.is_empty() || args.target.contains(name))
    {
        let fuzzed = fuzz(&binary, name, args)?;
        println!(
            "{name:<12} {:>12} {:>9} {:>9}  {}",
            fuzzed.runs,
            fuzzed.runs / args.seconds.max(1),
            fuzzed.coverage,
            fuzzed.verdict.as_deref().unwrap_or("ok")
        );
        good &= fuzzed.verdict.is_none();
    }
    Ok(good)
}

fn work_dir() -> PathBuf {
    cargo::target().join("fuzz")
}

fn build() -> anyhow::Result<PathBuf> {
    let host = host()?;
    let dir = work_dir();
    let mut build = cargo(["build", "--quiet", "--release", "-p", "fuzz"]);
    build
        .args(["--features", "libfuzzer", "--bin", "fuzz-target"])
        // With a target named, build scripts are left uninstrumented.
        .args(["--target", &host])
        .arg("--target-dir")
        .arg(&dir)
        .env("RUSTFLAGS", INSTRUMENT)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
    anyhow::ensure!(
        cargo::succeeds(&mut build)?,
        "the fuzz targets do not build"
    );
    Ok(dir.join(host).join("release/fuzz-target"))
}

fn host() -> anyhow::Result<String> {
    let version = cargo::output(Command::new("rustc").current_dir(cargo::root()).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

fn targets(binary: &Path) -> anyhow::Result<Vec<String>> {
    let listed = cargo::output(Command::new(binary).env("FUZZ_TARGET", "list"))?;
    Ok(listed.lines().map(str::to_owned).collect())
}

struct Fuzzed {
    runs: u64,
    coverage: u64,
    /// What went wrong.
    verdict: Option<String>,
}

fn fuzz(binary: &Path, name: &str, args: &Args) -> anyhow::Result<Fuzzed> {
    let found = work_dir().join("corpus").join(name);
    let artifacts = work_dir().join("artifacts").join(name);
    let corpus = cargo::root().join("tests/fuzz/corpus").join(name);
    for dir in [&found, &artifacts, &corpus] {
        fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    }
    let output = libfuzzer(binary, name)
        .arg(format!("-max_total_time={}", args.seconds))
        .arg(format!("-max_len={MAX_LEN}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"])
        .args([&found, &corpus])
        .output()
        .context("libFuzzer")?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let verdict = (!output.status.success()).then(|| {
        println!("{}", tail(&log, 40));
        format!("FAILED; the input is in {}", artifacts.display())
    });
    if args.grow && verdict.is_none() {
        grow(binary, name, &corpus, &found)?;
    }
    Ok(Fuzzed {
        runs: number_after(&log, "stat::number_of_executed_units:"),
        coverage: number_after(&log, " cov: "),
        verdict,
    })
}

fn libfuzzer(binary: &Path, name: &str) -> Command {
    let mut command = Command::new(binary);
    command.env("FUZZ_TARGET", name).stdin(Stdio::null());
    command
}

/// Keeps only inputs that add coverage, short ones first.
fn grow(binary: &Path, name: &str, corpus: &Path, found: &Path) -> anyhow::Result<()> {
    let merged = libfuzzer(binary, name)
        .args(["-merge=1", "-max_len=1024"])
        .args([corpus, found])
        .output()
        .context("libFuzzer -merge=1")?;
    anyhow::ensure!(merged.status.success(), "{name}: merging the corpus failed");
    Ok(())
}

/// The last number that follows `key` in a libFuzzer log.
fn number_after(log: &str, key: &str) -> u64 {
    log.rmatch_indices(key)
        .find_map(|(at, _)| {
            log[at + key.len()..]
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

/// The last lines, without libFuzzer's progress.
fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_the_last_line_that_has_them() {
        let log =
            "#1 NEW cov: 12 ft: 3\n#9 NEW cov: 40 ft: 4\nstat::number_of_executed_units: 99\n";
        assert_eq!(number_after(log, " cov: "), 40);
        assert_eq!(number_after(log, "stat::number_of_executed_units:"), 99);
        assert_eq!(number_after(log, "absent:"), 0);
    }

    #[test]
    fn a_tail_is_at_most_the_whole() {
        assert_eq!(tail("a\nb\n#9 NEW\nc", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }
}
