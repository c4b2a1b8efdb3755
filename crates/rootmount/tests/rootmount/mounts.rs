//! A thread with a mount namespace of its own per test, and mounts to clean up.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rootmount::{CleanupPlan, ExecuteOptions, MountTable, PlanOptions, Rules, plan};
use rustix::thread::UnshareFlags;

/// Runs a test on a thread with a mount namespace of its own, all of it private,
/// and a tmpfs to work in. An ordinary user's test runs itself again in a user
/// namespace; where that is refused it says so and does nothing.
pub(crate) fn isolated(test: impl FnOnce(&Path) + Send) {
    if !rustix::process::geteuid().is_root() {
        return again_in_a_user_namespace();
    }
    let directory = tempfile::tempdir().unwrap();
    let base = &directory.path().canonicalize().unwrap();
    let outcome = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                if !enter() {
                    eprintln!("not run: mount namespaces are refused here");
                    return;
                }
                private(Path::new("/"));
                tmpfs(base);
                test(base);
            })
            .join()
    });
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// Only a process with one thread can enter a user namespace, so a new one does.
fn again_in_a_user_namespace() {
    let thread = std::thread::current();
    let name = thread.name().unwrap();
    match run_in_user_namespace(name, &[]) {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        ),
        Err(why) => eprintln!("not run: {why}"),
    }
}

/// One test of this binary, as root of a user and mount namespace; or why not.
pub(crate) fn run_in_user_namespace(test: &str, env: &[(&str, &Path)]) -> Result<Output, String> {
    let unshare = |program: &Path, args: &[&str]| {
        let new = ["-U", "-r", "-m", "--"];
        Command::new("unshare")
            .args(new)
            .arg(program)
            .args(args)
            .envs(env.iter().copied())
            .output()
    };
    match unshare(Path::new("true"), &[]) {
        Ok(probe) if probe.status.success() => {}
        Ok(probe) => return Err(String::from_utf8_lossy(&probe.stderr).into_owned()),
        Err(error) => return Err(format!("unshare: {error}")),
    }
    let this = std::env::current_exe().unwrap();
    Ok(unshare(&this, &["--exact", test, "--include-ignored"]).unwrap())
}

/// Like [`isolated`], only with real root: what it needs a user namespace refuses.
pub(crate) fn isolated_as_root(test: impl FnOnce(&Path) + Send) {
    if rustix::process::geteuid().is_root() {
        isolated(test);
    } else {
        eprintln!("not run: needs root");
    }
}

#[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
pub(crate) fn enter() -> bool {
    let new = UnshareFlags::NEWNS | UnshareFlags::FS;
    rustix::thread::unshare(new).is_ok()
}

/// A copy of this namespace with something done in it, until told to end.
pub(crate) fn in_another_namespace<R>(
    prepare: impl FnOnce() + Send,
    test: impl FnOnce() -> R,
) -> R {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (end, is_end) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            assert!(enter());
            prepare();
            ready.send(()).unwrap();
            let _ = is_end.recv();
        });
        is_ready.recv().unwrap();
        let result = test();
        drop(end);
        result
    })
}

pub(crate) fn private(point: &Path) {
    mount(
        None::<&str>,
        point,
        None::<&str>,
        MsFlags::MS_PRIVATE | MsFlags::MS_REC,
        None::<&str>,
    )
    .unwrap();
}

pub(crate) fn shared(point: &Path) {
    mount(
        None::<&str>,
        point,
        None::<&str>,
        MsFlags::MS_SHARED,
        None::<&str>,
    )
    .unwrap();
}

/// A directory with a tmpfs on it.
pub(crate) fn tmpfs(point: &Path) -> PathBuf {
    std::fs::create_dir_all(point).unwrap();
    mount(
        Some("tmpfs"),
        point,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=755"),
    )
    .unwrap();
    point.to_path_buf()
}

pub(crate) fn bind(source: &Path, point: &Path) {
    std::fs::create_dir_all(point).unwrap();
    mount(
        Some(source),
        point,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .unwrap();
}

pub(crate) fn overlay(layer: &Path) -> PathBuf {
    for name in ["lower", "diff", "work", "merged"] {
        std::fs::create_dir_all(layer.join(name)).unwrap();
    }
    let l = layer.display();
    let options = format!("lowerdir={l}/lower,upperdir={l}/diff,workdir={l}/work");
    mount(
        Some("overlay"),
        &layer.join("merged"),
        Some("overlay"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
    .unwrap();
    layer.join("merged")
}

pub(crate) fn unmount(point: &Path) {
    umount2(point, MntFlags::UMOUNT_NOFOLLOW).unwrap();
}

pub(crate) fn table() -> MountTable {
    rootmount::live_table().unwrap()
}

/// The mount points at or below a path, as the kernel has them now.
pub(crate) fn points(below: &Path) -> Vec<PathBuf> {
    table()
        .under(below)
        .map(|row| row.mount_point().into_owned())
        .collect()
}

pub(crate) fn id(n: usize) -> String {
    format!("{n:064x}")
}

/// A data root with nothing in it.
pub(crate) fn data_root(base: &Path) -> PathBuf {
    let root = base.join("docker");
    std::fs::create_dir_all(&root).unwrap();
    root
}

pub(crate) fn shm(root: &Path, n: usize) -> PathBuf {
    tmpfs(&root.join("containers").join(id(n)).join("mounts/shm"))
}

pub(crate) fn sweep(root: &Path) -> CleanupPlan {
    plan(&table(), &Rules::sweep(), &PlanOptions::new(root)).unwrap()
}

/// Options that do not wait long for a busy mount.
pub(crate) fn options() -> ExecuteOptions {
    let mut options = ExecuteOptions::new();
    options.busy_retries = 1;
    options
}

pub(crate) fn name(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}
