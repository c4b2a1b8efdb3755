use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A procfs of the initial pid namespace with process 812, and an exec root beside it.
struct Scene {
    dir: tempfile::TempDir,
    proc: PathBuf,
    exec_root: PathBuf,
}

const STAT: &str = "S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0";
/// A time long ago, and one that no file has been written at yet.
const BOOT: (i64, i64) = (1_000_000_000, 9_000_000_000);

impl Scene {
    fn new(boot: i64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (proc, exec_root) = (dir.path().join("proc"), dir.path().join("docker"));
        for name in ["net", "812", "1/ns", "777"] {
            fs::create_dir_all(proc.join(name)).unwrap();
        }
        fs::create_dir(&exec_root).unwrap();
        std::os::unix::fs::symlink("pid:[4026531836]", proc.join("1/ns/pid")).unwrap();
        std::os::unix::fs::symlink("777", proc.join("self")).unwrap();
        let scene = Self {
            dir,
            proc,
            exec_root,
        };
        scene.write("proc/1/stat", &format!("1 (init) {STAT} 10 1"));
        scene.write("proc/812/stat", &format!("812 (dockerd) {STAT} 4711 1"));
        scene.write("proc/stat", &format!("cpu 1\nbtime {boot}\n"));
        scene.write("proc/net/unix", "Num RefCount\n");
        scene.write("proc/loadavg", "0.0 0.0 0.0 1/2 900\n");
        scene
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn ask(&self) -> RunningEngine {
        running_engine(&self.exec_root, Proc::unchecked(&self.proc))
    }

    #[track_caller]
    fn is_unknown(&self, why: &str) {
        match self.ask() {
            RunningEngine::Unknown { why: said } => assert!(said.contains(why), "{said}"),
            other => panic!("{other:?}"),
        }
    }

    fn nested(&self) {
        let link = self.proc.join("1/ns/pid");
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("pid:[4026539999]", link).unwrap();
    }
}

#[test]
fn a_pid_file_counts_with_its_process() {
    let scene = Scene::new(BOOT.0);
    assert_eq!(scene.ask(), RunningEngine::No);
    scene.write("docker.pid", "813");
    assert_eq!(scene.ask(), RunningEngine::No);
    scene.write("docker.pid", "812\n");
    let words = scene.ask().to_string();
    assert!(
        words.starts_with("an engine runs here: pid 812 dockerd ("),
        "{words}"
    );
    scene.write(
        "proc/812/stat",
        &format!("812 (dockerd) Z {} 4711 1", &STAT[2..]),
    );
    assert_eq!(scene.ask(), RunningEngine::No);
    // An exec root that does not exist has nobody in it.
    fs::remove_dir(&scene.exec_root).unwrap();
    assert_eq!(scene.ask(), RunningEngine::No);
}

#[test]
fn a_process_that_began_after_its_pid_file_is_another_one() {
    let scene = Scene::new(BOOT.1);
    scene.write("docker.pid", "812");
    assert_eq!(scene.ask(), RunningEngine::No);
    // In another time namespace start times say nothing.
    scene.write("proc/self/timens_offsets", "monotonic 7 0\nboottime 7 0\n");
    assert!(matches!(scene.ask(), RunningEngine::Yes { .. }));
    // The kernel has time namespaces, and the file that tells of the shift is missing.
    fs::remove_file(scene.dir.path().join("proc/self/timens_offsets")).unwrap();
    assert_eq!(scene.ask(), RunningEngine::No);
    fs::create_dir_all(scene.dir.path().join("proc/self/ns")).unwrap();
    std::os::unix::fs::symlink("time:[1]", scene.dir.path().join("proc/self/ns/time")).unwrap();
    assert!(matches!(scene.ask(), RunningEngine::Yes { .. }));
}

#[test]
fn what_is_no_pid_file_is_unknown_at_once() {
    let scene = Scene::new(BOOT.0);
    for text in ["", "0", "-3", "dockerd", "99999999999", &"8".repeat(70)] {
        scene.write("docker.pid", text);
        scene.is_unknown("docker.pid");
    }
    fs::remove_file(scene.dir.path().join("docker.pid")).unwrap();
    let fifo = scene.exec_root.join("x.pid");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    scene.is_unknown("not a regular file");
    // What runs wins over what is not known.
    scene.write("docker.pid", "812");
    assert!(matches!(scene.ask(), RunningEngine::Yes { .. }));
}

#[test]
fn what_cannot_be_looked_at_is_unknown() {
    let scene = Scene::new(BOOT.0);
    fs::remove_file(scene.proc.join("net/unix")).unwrap();
    scene.is_unknown("net/unix");
    scene.write("proc/net/unix", "");
    fs::create_dir(scene.exec_root.join("loop")).unwrap();
    std::os::unix::fs::symlink("again.pid", scene.exec_root.join("again.pid")).unwrap();
    scene.is_unknown("again.pid");
    fs::remove_file(scene.exec_root.join("again.pid")).unwrap();
    scene.write("docker.pid", "812");
    scene.write("proc/812/stat", "nonsense");
    scene.is_unknown("another form");
}

#[test]
fn an_exec_root_that_may_not_be_read_is_unknown() {
    let scene = Scene::new(BOOT.0);
    let mode = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(scene.dir.path(), mode(0o755)).unwrap();
    fs::set_permissions(&scene.exec_root, mode(0o000)).unwrap();
    let ask = || {
        // Root reads every directory; this thread is nobody from now on.
        let nobody = rustix::fs::Uid::from_raw(65534);
        let _ = rustix::thread::set_thread_res_uid(nobody, nobody, nobody);
        scene.is_unknown("readdir");
    };
    std::thread::scope(|scope| scope.spawn(ask).join().unwrap());
}

#[test]
fn a_pid_of_another_namespace_is_unknown() {
    let scene = Scene::new(BOOT.0);
    scene.nested();
    scene.write("docker.pid", "813");
    assert_eq!(scene.ask(), RunningEngine::No);
    scene.write("docker.pid", "901");
    scene.is_unknown("another pid namespace");
    // A file from before the namespace began.
    let scene = Scene::new(BOOT.1);
    scene.nested();
    scene.write("docker.pid", "813");
    scene.is_unknown("another pid namespace");
}

#[test]
fn a_pid_file_may_be_one_of_a_namespace_below() {
    let scene = Scene::new(BOOT.0);
    scene.write("docker.pid", "37");
    assert_eq!(scene.ask(), RunningEngine::No);
    scene.write("proc/812/status", "Name:\tdockerd\nNSpid:\t812\t37\n");
    scene.is_unknown("pid 812, in a pid namespace below");
    // The caller itself is no engine beside it.
    fs::remove_file(scene.proc.join("812/status")).unwrap();
    scene.write("proc/777/status", "Name:\tdockerd\nNSpid:\t777\t37\n");
    assert_eq!(scene.ask(), RunningEngine::No);
}

#[test]
fn a_procfs_without_the_caller_tells_nothing() {
    let scene = Scene::new(BOOT.0);
    scene.write("docker.pid", "813");
    fs::remove_file(scene.proc.join("self")).unwrap();
    scene.is_unknown("does not show the calling process");
}

#[test]
fn the_caller_is_no_engine_beside_itself() {
    let dir = tempfile::tempdir().unwrap();
    let exec_root = dir.path().join("own");
    fs::create_dir(&exec_root).unwrap();
    let own = std::process::id().to_string();
    fs::write(exec_root.join("own.pid"), own).unwrap();
    assert_eq!(running_engine(&exec_root, "/proc"), RunningEngine::No);
}
