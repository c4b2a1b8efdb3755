//! Every chore of the repository, so that a laptop and CI do the same thing by
//! the same command. `cargo xtask help` lists them; each lives in a file of its
//! name, and this one only hands over.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore's report is its output"
)]

mod apt;
mod arch;
mod bench;
mod cargo;
mod ci;
mod cost;
mod daemons;
mod deb;
mod dist;
mod faults;
mod fuzz;
mod instructions;
mod mutants;
mod packages;
mod pictures;
mod readers;
mod soak;
mod test;
mod tidy;
mod toolchain;
mod verdict;
mod vm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Every chore of the repository")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every test there is: unit, integration, doc, parity, fuzz corpus, daemons, VM
    Test(test::Args),
    /// Run what CI runs: format, lints, documentation, tidy, then `test`
    Ci(ci::Args),
    /// Run the privileged tests in virtual machines, on every kernel of the matrix
    Vm(vm::Args),
    /// Run real daemons from Debian's packages against our command
    Daemons(daemons::Args),
    /// Check the promises of the repository about itself
    Tidy(tidy::Args),
    /// Make the packages and check what is in them; publishes nothing
    Dist(dist::Args),
    /// Make the pictures of the README from what the command really prints
    Pictures(pictures::Args),
    /// Run the benches and write PERFORMANCE.md from what they measured
    Bench(bench::Args),
    /// Count what a user pays, time, memory and build, into PERFORMANCE.md
    Cost(cost::Args),
    /// Count the instructions of the hot paths and compare with the committed counts
    Instructions(instructions::Args),
    /// Change a crate's code in small ways and see whether its tests notice
    Mutants(mutants::Args),
    /// Ask the real readers of resolv.conf and compare them with their profiles
    Readers(readers::Args),
    /// Kill and fail every system call of what must survive it
    Faults(faults::Args),
    /// Live a daemon's life again and again and look for what grows
    Soak(soak::Args),
    /// Run libFuzzer over every parser
    Fuzz(fuzz::Args),
}

fn main() -> ExitCode {
    let verdict = match Cli::parse().chore {
        Chore::Test(args) => test::run(&args),
        Chore::Ci(args) => ci::run(&args),
        Chore::Vm(args) => vm::run(&args),
        Chore::Daemons(args) => daemons::run(&args),
        Chore::Tidy(args) => tidy::run(&args),
        Chore::Dist(args) => dist::run(&args),
        Chore::Pictures(args) => pictures::run(&args),
        Chore::Bench(args) => bench::run(&args),
        Chore::Cost(args) => cost::run(&args),
        Chore::Instructions(args) => instructions::run(&args),
        Chore::Mutants(args) => mutants::run(&args),
        Chore::Readers(args) => readers::run(&args),
        Chore::Faults(args) => faults::run(&args),
        Chore::Soak(args) => soak::run(&args),
        Chore::Fuzz(args) => fuzz::run(&args),
    };
    match verdict {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
