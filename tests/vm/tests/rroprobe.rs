//! rroprobe on real kernels: no before 5.12, yes from it on.

use rroprobe::{Absence, KernelSupport};
use std::path::Path;
use support::kernel::{expect_since, since};
use support::namespace::isolated;
use support::scene;

#[test]
#[ignore = "vm: needs root in a guest"]
fn the_answer_is_that_of_the_kernel() {
    isolated(|| {
        let answer = rroprobe::kernel();
        expect_since(5, 12, "mount_setattr", answer.is_supported());
        if !since(5, 12) {
            assert_eq!(answer, KernelSupport::Absent(Absence::OldKernel));
        }
        assert_eq!(rroprobe::cached(), answer);
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn the_proof_agrees_and_leaves_nothing() {
    isolated(|| {
        let before = std::fs::read("/proc/thread-self/mountinfo").unwrap();
        let answer = rroprobe::prove();
        expect_since(5, 12, "the effect", answer.is_supported());
        assert_eq!(
            std::fs::read("/proc/thread-self/mountinfo").unwrap(),
            before
        );
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn a_whole_tree_becomes_read_only_or_nothing_of_it() {
    isolated(|| {
        let top = Path::new("/tmp/tree");
        scene::tmpfs(top);
        scene::tmpfs(&top.join("below"));
        let outcome = rroprobe::make_recursively_read_only(top);
        expect_since(5, 12, "making a tree read-only", outcome.is_ok());
        for directory in [top.to_owned(), top.join("below")] {
            let written = std::fs::write(directory.join("file"), "");
            assert_eq!(written.is_err(), outcome.is_ok(), "{}", directory.display());
        }
    });
}
