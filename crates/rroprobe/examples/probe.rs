//! Says whether recursive read-only mounts work here, what stands in the way, and what a container's mount
//! would get: `cargo run -p rroprobe --example probe`. Needs no privilege; with it, the effect is shown.

#![allow(clippy::print_stdout)] // an example shows something

use rroprobe::{MountRequest, RuntimeSupport, Verdict, decide};

fn main() {
    let asked = rroprobe::kernel();
    println!("asked:  {} ({asked})", asked.word());
    let proved = rroprobe::prove();
    println!("proved: {} ({proved})", proved.word());

    let mut forced = MountRequest::read_only();
    forced.force_recursive = true;
    for runtime in [RuntimeSupport::Yes, RuntimeSupport::No] {
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
