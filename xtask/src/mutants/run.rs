//! Runs cargo-mutants over a crate, and says what survived.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::outcome::{Outcome, equivalents};
use crate::cargo;
use crate::verdict::Verdict;

/// cargo-mutants ends with these when it has done its work: all caught, some missed, some
/// timed out.
const DONE: [i32; 3] = [0, 2, 3];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The crate whose code is changed, and whose tests are run
    #[arg(long = "crate", value_name = "NAME")]
    package: String,
    /// Only this file, relative to the repository; may be given again
    #[arg(long, value_name = "FILE")]
    file: Vec<String>,
    /// Seconds for the tests of one mutant
    #[arg(long, default_value_t = 120)]
    timeout: u64,
    /// Given to the tests, to run some of them only
    #[arg(last = true)]
    tests: Vec<String>,
}

/// Runs it; true when every mutant was caught or is listed as equivalent.
pub(crate) fn run(args: &Args) -> Verdict {
    let found = mutate(args)?;
    let listed = equivalents(&root().join("xtask/mutants.equivalent"))?;
    let outcome = Outcome::of(&found, &listed);
    for name in &outcome.survived {
        println!("survived: {name}");
    }
    println!("{}", outcome.row(&args.package));
    Ok(outcome.survived.is_empty())
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs cargo-mutants and reads its four lists.
fn mutate(args: &Args) -> anyhow::Result<BTreeMap<&'static str, Vec<String>>> {
    let place = cargo::target().join("mutants").join(&args.package);
    fs::create_dir_all(&place).context("a place for the results")?;
    let mut command = Command::new("cargo");
    command.args([
        "mutants",
        "--no-shuffle",
        "--colors=never",
        "--all-features",
        "--package",
    ]);
    command.arg(&args.package).arg("--output").arg(&place);
    command.args(["--timeout", &args.timeout.to_string()]);
    for file in &args.file {
        command.args(["--file", file]);
    }
    if !args.tests.is_empty() {
        command.arg("--").args(&args.tests);
    }
    let status = command.current_dir(root()).stdin(Stdio::null()).status();
    let status = status.context("start cargo mutants")?;
    if !status.code().is_some_and(|code| DONE.contains(&code)) {
        bail!("cargo mutants: {status}; it comes by `cargo install --locked cargo-mutants`");
    }
    let lists = ["caught", "missed", "timeout", "unviable"].map(|kind| {
        let path = place.join("mutants.out").join(format!("{kind}.txt"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok((kind, text.lines().map(str::to_owned).collect()))
    });
    lists.into_iter().collect()
}
