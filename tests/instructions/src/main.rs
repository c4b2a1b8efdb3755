//! One hot path on a fixed input, run once inside [`measured_work`], so that callgrind can count
//! that and nothing else. `cargo xtask instructions` runs each case and compares.
//!
//! Without an argument it prints the names of the cases.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the list of cases is its output")]

mod case;
mod daemon_json;
mod mounts;
mod netlink;
mod resolv_conf;
mod rng;
mod sweep;

use std::process::ExitCode;

use case::Case;

fn cases() -> Vec<Case> {
    let mut cases = mounts::cases();
    cases.extend(sweep::cases());
    cases.extend(resolv_conf::cases());
    cases.extend(netlink::cases());
    cases.extend(daemon_json::cases());
    cases
}

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        for case in cases() {
            println!("{}", case.name);
        }
        return ExitCode::SUCCESS;
    };
    let Some(case) = cases().into_iter().find(|case| case.name == name) else {
        println!("no case is named {name}");
        return ExitCode::FAILURE;
    };
    let mut work = (case.prepare)();
    // What is lazy, as the tables of a regex, is not part of the path.
    if case.warm {
        work();
    }
    measured_work(&mut *work);
    ExitCode::SUCCESS
}

/// Counting is on while this is on the stack.
#[inline(never)]
fn measured_work(work: &mut dyn FnMut()) {
    work();
}
