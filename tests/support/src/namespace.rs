//! Namespaces of a test's own, on any machine.
//!
//! One rule: where the machine forbids what a test needs, the test is skipped with the reason
//! (see [`crate::skip`]).
//!
//! [`own`] starts the test binary again for the one test, so that the whole process has the
//! namespaces. [`isolated`] and [`with`] give them to a thread, for tests in a test VM.
//! Nothing outside sees the mounts and links, and they are gone with the process or thread.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::UnshareFlags;

use crate::directory::Directory;
use crate::space::Space;
use crate::{guest, skip, sys};

/// Names the directory that a test mounts below.
const DIRECTORY_VARIABLE: &str = "DAEMON_HOST_TEST_DIRECTORY";

/// Runs `body` in namespaces of the test's own, in a copy of the test's process.
///
/// Call it on the test's own thread, and do the whole test in `body`: what stands outside of it
/// runs twice. Where the machine refuses the namespaces the test is skipped.
///
/// # Panics
/// If the copy fails; the text holds all that it said.
#[track_caller]
pub fn own(space: Space, body: impl FnOnce()) {
    let test = skip::this_test();
    if std::env::var_os(skip::INSIDE_VARIABLE).is_some() {
        return body();
    }
    if let Some(output) = output(space, &mut again(&test)) {
        judge(&test, &output);
    }
}

/// Runs `body` as [`own`] does, with an empty tmpfs to work in. `space` has mounts.
///
/// # Panics
/// As [`own`].
#[track_caller]
pub fn own_with_tmpfs(space: Space, body: impl FnOnce(&Path)) {
    let test = skip::this_test();
    if std::env::var_os(skip::INSIDE_VARIABLE).is_some() {
        let path = std::env::var_os(DIRECTORY_VARIABLE).expect("set for the copy");
        let path = Path::new(&path);
        mount("tmpfs", path, "tmpfs", MountFlags::empty(), c"mode=755")
            .unwrap_or_else(|errno| panic!("tmpfs on {}: {errno}", path.display()));
        return body(path);
    }
    let directory = Directory::new();
    let mut command = again(&test);
    command.env(DIRECTORY_VARIABLE, directory.path());
    if let Some(output) = output(space, &mut command) {
        judge(&test, &output);
    }
}

/// Runs a command in namespaces of its own, to its end.
///
/// `None` where the machine refuses them: then the test is skipped, and returns.
///
/// # Panics
/// If the command cannot start for another reason.
#[track_caller]
pub fn output(space: Space, command: &mut Command) -> Option<Output> {
    if let Some(reason) = space.refused() {
        skip::skip(&reason);
        return None;
    }
    prepare(space, command);
    match command.output() {
        Ok(output) => Some(output),
        Err(error) if is_refusal(&error) => {
            skip::skip(&format!("no {space} on this machine: {error}"));
            None
        }
        Err(error) => panic!("start {command:?} in a {space}: {error}"),
    }
}

/// Has a command start in namespaces of its own, which [`available`] has found to be allowed.
pub fn prepare(space: Space, command: &mut Command) -> &mut Command {
    space.prepare(command);
    command
}

/// Whether this machine allows these namespaces; else the test is skipped, and returns.
///
/// # Panics
/// As [`output`].
#[track_caller]
#[must_use]
pub fn available(space: Space) -> bool {
    output(space, &mut Command::new("true")).is_some()
}

/// Whether the machine forbids it, or has too little or no room for it.
fn is_refusal(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let refusals = [
        Errno::PERM,
        Errno::ACCESS,
        Errno::NOSPC, // user.max_*_namespaces
        Errno::USERS, // the same, on old kernels
        Errno::NOSYS,
        Errno::INVAL, // built without this kind of namespace
    ];
    Errno::from_io_error(error).is_some_and(|errno| refusals.contains(&errno))
}

/// This test binary once more, for one test alone.
fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .env(skip::INSIDE_VARIABLE, test);
    command
}

#[track_caller]
fn judge(test: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{test} in its namespaces: {}\n{said}{complained}",
        output.status
    );
    assert!(
        said.contains("1 passed"),
        "{test} did not run in its namespaces:\n{said}{complained}"
    );
    skip::repeat(&complained, test);
    let counted = complained
        .lines()
        .filter(|line| line.starts_with("counted:"));
    #[expect(clippy::print_stderr, reason = "shown with --nocapture")]
    counted.for_each(|line| eprintln!("{line}"));
}

/// Runs a test in a mount and a network namespace of its own, on a thread of its own.
///
/// All mounts are made private first, so that nothing propagates. The loopback link is
/// down, as in every new network namespace. Read `/proc/thread-self`, never `/proc/self`:
/// the latter names the process's first thread.
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
/// If the kernel refuses the namespaces, and with what `test` panics with.
pub fn with<R: Send>(flags: UnshareFlags, test: impl FnOnce() -> R + Send) -> R {
    let outcome = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                enter(flags);
                if flags.contains(UnshareFlags::NEWNS) {
                    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
                    mount_change("/", private).expect("the root of a new namespace may change");
                }
                test()
            })
            .join()
    });
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs `test` while another thread has a copy of this mount namespace, with something done in it.
///
/// # Panics
/// If the kernel refuses the copy, and with what either of the two panics with.
pub fn beside_a_copy<R>(prepare: impl FnOnce() + Send, test: impl FnOnce() -> R) -> R {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (end, is_end) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            enter(UnshareFlags::NEWNS);
            prepare();
            ready.send(()).expect("the test waits");
            let _ = is_end.recv();
        });
        is_ready.recv().expect("the copy is made");
        let result = test();
        drop(end);
        result
    })
}

/// Gives the calling thread namespaces of its own. Mounts keep their propagation.
///
/// # Panics
/// If the kernel refuses them.
pub fn enter(flags: UnshareFlags) {
    sys::unshare(whole(flags)).unwrap_or_else(|errno| panic!("unshare({flags:?}): {errno}"));
}

/// A mount namespace of one thread needs a root and working directory of its own.
pub(crate) fn whole(flags: UnshareFlags) -> UnshareFlags {
    if flags.contains(UnshareFlags::NEWNS) {
        flags | UnshareFlags::FS
    } else {
        flags
    }
}
