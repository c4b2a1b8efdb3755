//! Says whether recursive read-only mounts work here, what stands in the way, and what a
//! container's mount would get: `cargo run -p rroprobe --example probe`. Needs no privilege; with
//! it, the effect is shown.

#![allow(clippy::print_stdout)] // an example shows something

use rroprobe::{KernelSupport, MountRequest, Verdict, decide, runtime_support};

fn main() {
    let asked = KernelSupport::probe();
    println!("asked:  {} ({asked})", asked.as_str());
    let proved = rroprobe::prove();
    println!("proved: {} ({proved})", proved.as_str());

    let mut forced = MountRequest::read_only();
    forced.force_recursive = true;
    for options in [["ro", "rro"], ["ro", "bind"]] {
        let runtime = runtime_support(Some(&options));
        let verdict = Verdict::new(asked, runtime);
        println!("\n{verdict}");
        for remedy in verdict.remedies() {
            println!("  to do: {remedy}");
        }
        for (wish, request) in [("read-only", MountRequest::read_only()), ("forced", forced)] {
            match decide(request, &verdict) {
                Ok(Some(option)) => println!("  {wish}: {option}"),
                Ok(None) => println!("  {wish}: writable"),
                Err(error) => println!("  {wish}: refused, {error}"),
            }
        }
    }
}
