//! Loads the tree, runs every check, prints.

use super::code::allowed::Allowed;
use super::code::{rooms, sizes, source};
use super::findings::Findings;
use super::promises::{counts, documents, manifests, parity, places};
use super::prose::{turns, width};
use super::tree;
use crate::verdict::Verdict;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Print the notes too: sizes over the usual bound but under the hard one
    #[arg(long)]
    notes: bool,
}

/// Runs every check; true when nothing is wrong.
pub(crate) fn run(args: &Args) -> Verdict {
    let tree = tree::load()?;
    let mut findings = Findings::default();
    manifests::check(&tree, &mut findings)?;
    counts::check(&tree, &mut findings)?;
    source::check(&tree, &mut findings);
    places::check(&tree, &mut findings);
    documents::check(&tree, &mut findings)?;
    parity::check(&tree, &mut findings);
    turns::check(&tree, &mut findings);
    let mut allowed = Allowed::load()?;
    width::check(&tree, &mut allowed, &mut findings);
    sizes::check(&tree, &mut allowed, &mut findings);
    print!("{}", rooms::check(&tree, &mut allowed, &mut findings));
    for unused in allowed.unused() {
        findings.note(
            "xtask/tidy.allow",
            format_args!("`{unused}` needs no exception"),
        );
    }
    if args.notes {
        print_all("note", &findings.notes);
    }
    print_all("tidy", &findings.problems);
    println!(
        "tidy: {} files, {} problems, {} notes",
        tree.files.len(),
        findings.problems.len(),
        findings.notes.len()
    );
    Ok(findings.problems.is_empty())
}

fn print_all(kind: &str, lines: &[String]) {
    for line in lines {
        println!("{kind}: {line}");
    }
}
