//! libFuzzer's entry: the target named by `FUZZ_TARGET`; `list` names all.
#![no_main]

use std::process;
use std::sync::OnceLock;

use fuzz::{TARGETS, Target};

static TARGET: OnceLock<Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: choose(),
    |data: &[u8]| TARGET.get().expect("chosen at the start")(data)
);

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command's answer"
)]
fn choose() {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    match TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => {
            TARGET.set(*target).expect("libFuzzer starts once");
        }
        None => {
            for (name, _) in TARGETS {
                println!("{name}");
            }
            process::exit(i32::from(name != "list"));
        }
    }
}
