//! Runs the benches, collects and writes.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use super::{measured, plot, table};
use crate::cargo::{self, cargo};
use crate::verdict::Verdict;

/// The tables stand between two lines; what a person or another chore wrote around them stays.
pub(crate) struct Block {
    pub(crate) begin: &'static str,
    pub(crate) end: &'static str,
}

const BLOCK: Block = Block {
    begin: "<!-- measured: begin (cargo xtask bench) -->",
    end: "<!-- measured: end -->",
};

const PREFACE: &str = "# Performance

Measured by `cargo xtask bench`: each hot path beside its peers and the physical floor
in one run. Times are criterion's medians. The machine is named above the tables; on a
shared one an absolute time means little, the ratio to the floor of the same run does.

Peers in Go and C take part where their tools are: on Debian the packages `golang-go`,
`golang-github-moby-sys-dev` and `libmount-dev`. The bench says which it left out.

";

/// Said below the machine's line when `--quick` was given.
const FEW_SAMPLES: &str =
    "\nFrom few samples (`--quick`): differences of less than a tenth mean nothing.\n";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only benches whose name holds this
    #[arg(default_value = "")]
    filter: String,
    /// Write the tables from the last run's data, without running
    #[arg(long)]
    no_run: bool,
    /// Fewer samples, some minutes instead of an hour: good to about a tenth; the tables say so
    #[arg(long)]
    quick: bool,
}

/// Runs, collects, writes; true when the benches ran.
pub(crate) fn run(args: &Args) -> Verdict {
    if !args.no_run {
        if args.filter.is_empty() {
            forget_earlier_runs()?;
        }
        if !cargo::succeeds(&mut benches(args))? {
            return Ok(false);
        }
    }
    let groups = measured::collect(&criterion_dir())?;
    anyhow::ensure!(
        !groups.is_empty(),
        "no measurement in {}",
        criterion_dir().display()
    );
    let plots = cargo::root().join("docs/plots");
    fs::create_dir_all(&plots).with_context(|| format!("create {}", plots.display()))?;
    let mut text = measured::machine()?;
    if args.quick {
        text.push_str(FEW_SAMPLES);
    }
    for group in &groups {
        text.push_str(&table::render(group));
        if let Some(svg) = plot::render(group) {
            let file = format!("{}.svg", group.slug());
            fs::write(plots.join(&file), svg).with_context(|| format!("write {file}"))?;
            text.push_str(&format!(
                "\n![growth of {}](docs/plots/{file})\n",
                group.name
            ));
        }
    }
    write(&text, &BLOCK)?;
    println!("PERFORMANCE.md: {} groups", groups.len());
    Ok(true)
}

fn benches(args: &Args) -> std::process::Command {
    let mut bench = cargo(["bench", "-p", "benches", "--benches", "--"]);
    if args.quick {
        bench.arg("--quick");
    }
    bench.arg("--noplot");
    if !args.filter.is_empty() {
        bench.arg(&args.filter);
    }
    bench
}

/// A bench that has gone, or a peer that is left out now, must not be in the tables.
fn forget_earlier_runs() -> anyhow::Result<()> {
    let dir = criterion_dir();
    match fs::remove_dir_all(&dir) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(cause).with_context(|| format!("remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}

fn criterion_dir() -> PathBuf {
    cargo::target().join("criterion")
}

/// The line that names the machine.
pub(crate) fn machine() -> anyhow::Result<String> {
    measured::machine()
}

/// Puts tables into their block of PERFORMANCE.md.
pub(crate) fn write(tables: &str, block: &Block) -> anyhow::Result<()> {
    let path = cargo::root().join("PERFORMANCE.md");
    let old = fs::read_to_string(&path).unwrap_or_else(|_| PREFACE.to_owned());
    fs::write(&path, spliced(&old, tables, block)).context("write PERFORMANCE.md")
}

/// `old` with the part between the markers replaced, or added at the end.
fn spliced(old: &str, tables: &str, block: &Block) -> String {
    let Block { begin, end } = block;
    let text = format!("{begin}\n\n{}\n\n{end}", tables.trim());
    match (old.find(begin), old.find(end)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{text}{}", &old[..from], &old[to + end.len()..])
        }
        _ => format!("{}\n\n{text}\n", old.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_around_the_tables_stays() {
        let first = spliced("# Title\n\nwords\n", "| a |", &BLOCK);
        let second = spliced(&first, "| b |", &BLOCK);
        assert!(second.starts_with("# Title\n\nwords\n"), "{second}");
        assert!(
            second.contains("| b |") && !second.contains("| a |"),
            "{second}"
        );
        assert_eq!(spliced(&second, "| b |", &BLOCK), second);
    }
}
