//! A thread with namespaces of its own per test.
//!
//! Nothing outside the thread sees its mounts and links, and they are gone
//! when the thread and what it opened are. Read `/proc/thread-self`, never
//! `/proc/self`: the latter names the process's first thread.

use crate::guest;
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::UnshareFlags;

/// Runs a test in a mount and a network namespace of its own.
///
/// All mounts are made private first, so that nothing propagates. The loopback link is
/// down, as in every new network namespace.
///
/// # Panics
/// Outside a test VM, and with what `test` panics with.
pub fn isolated<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    guest::require();
    with(UnshareFlags::NEWNS | UnshareFlags::NEWNET, test)
}

/// The same with namespaces of the caller's choice, on any machine.
///
/// # Panics
/// If the kernel refuses the namespaces (they take root, or a user namespace
/// among them), and with what `test` panics with.
pub fn with<R: Send>(flags: UnshareFlags, test: impl FnOnce() -> R + Send) -> R {
    let outcome = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                enter(flags);
                test()
            })
            .join()
    });
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn enter(flags: UnshareFlags) {
    // A mount namespace of one thread needs a root and working directory of its own.
    let flags = if flags.contains(UnshareFlags::NEWNS) {
        flags | UnshareFlags::FS
    } else {
        flags
    };
    // Deprecated for what CLONE_FILES does to descriptors, which is never asked for here.
    assert!(
        !flags.contains(UnshareFlags::FILES),
        "descriptors stay shared"
    );
    #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
    rustix::thread::unshare(flags).unwrap_or_else(|errno| panic!("unshare({flags:?}): {errno}"));
    if flags.contains(UnshareFlags::NEWNS) {
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private).expect("root of a new namespace may change its propagation");
    }
}
