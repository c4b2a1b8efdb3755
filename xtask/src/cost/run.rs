//! Counts, prints, writes.

use std::path::PathBuf;

use super::count::Count;
use super::{builds, report};
use crate::bench::{self, Block};
use crate::verdict::Verdict;

const BLOCK: Block = Block {
    begin: "<!-- counted: begin (cargo xtask cost) -->",
    end: "<!-- counted: end -->",
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out the builds, which take some minutes
    #[arg(long)]
    no_builds: bool,
    /// Print the table and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Run this command again and again and print what it took
    #[arg(long, hide = true)]
    measure: Option<PathBuf>,
}

/// Counts, prints, writes; true when every number is within its limit.
pub(crate) fn run(args: &Args) -> Verdict {
    if let Some(command) = &args.measure {
        return report::measure(command).map(|()| true);
    }
    let mut counts = report::counts()?;
    if !args.no_builds {
        counts.extend(builds::counts()?);
    }
    let text = format!("\n## What a user pays\n\n{}", render(&counts));
    print!("{text}");
    if !args.dry_run {
        bench::write(&format!("{}{text}", bench::machine()?), &BLOCK)?;
    }
    Ok(counts.iter().all(Count::is_kept))
}

fn render(counts: &[Count]) -> String {
    let mut text = "| | counted | limit | |\n|---|---|---|---|\n".to_owned();
    for count in counts {
        let Count {
            what,
            value,
            limit,
            unit,
        } = count;
        let verdict = if count.is_kept() {
            "kept"
        } else {
            "**not kept**"
        };
        text.push_str(&format!(
            "| {what} | {value:.1} {unit} | {limit} {unit} | {verdict} |\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_not_kept_stands_out() {
        let count = |value| Count {
            what: "report".to_owned(),
            value,
            limit: 100.0,
            unit: "ms",
        };
        let text = render(&[count(99.96), count(100.1)]);
        assert!(
            text.contains("| report | 100.0 ms | 100 ms | kept |"),
            "{text}"
        );
        assert!(
            text.contains("| report | 100.1 ms | 100 ms | **not kept** |"),
            "{text}"
        );
    }
}
