//! Scripts that bundles of other engines name: whatever their exec roots are, they are found.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use runtimes::{Proc, Reason, References, Script, ScriptStore, plan_sweep};

use crate::support::script;

const TASKS: &str = "io.containerd.runtime.v2.task";

/// A script, a procfs, and an engine with a run-time directory of its own.
struct Machine {
    temp: tempfile::TempDir,
    script: Script,
}

impl Machine {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let script = script("rt", &["/bin/true", "x"]);
        let store = ScriptStore::open(&temp.path().join("scripts")).unwrap();
        store.publish([&script]).unwrap();
        let machine = Self { temp, script };
        machine.process(1, "init", "/sbin/init");
        machine.table("1 0 0:1 / / rw - ext4 /dev/sda rw");
        machine
    }

    fn path(&self, below: &str) -> PathBuf {
        self.temp.path().join(below)
    }

    fn process(&self, pid: u32, comm: &str, line: &str) -> PathBuf {
        let dir = self.path(&format!("proc/{pid}"));
        fs::create_dir_all(dir.join("ns")).unwrap();
        fs::write(dir.join("cmdline"), line.replace(' ', "\0")).unwrap();
        fs::write(dir.join("comm"), format!("{comm}\n")).unwrap();
        place_in(&dir, "mnt:[1]");
        dir
    }

    fn table(&self, text: &str) {
        fs::create_dir_all(self.path("proc/7777/ns")).unwrap();
        if !self.path("proc/self").exists() {
            symlink("7777", self.path("proc/self")).unwrap();
        }
        place_in(&self.path("proc/7777"), "mnt:[1]");
        fs::write(self.path("proc/self/mountinfo"), text).unwrap();
    }

    /// The bundle of a container that was made with the script, in a directory of tasks.
    fn bundle(&self, tasks: &str) {
        let bundle = self.path(tasks).join(TASKS).join("moby/0123abcd");
        fs::create_dir_all(&bundle).unwrap();
        let path = self.path("scripts").join(self.script.file_name());
        let text = format!(r#"{{"binary_name":"{}"}}"#, path.display());
        fs::write(bundle.join("options.json"), text).unwrap();
    }

    fn references(&self) -> References {
        let mut references = References::new();
        references.scan_processes(Proc::unchecked(self.path("proc")));
        references
    }

    #[track_caller]
    fn keeps(&self, why: &str) {
        let references = self.references();
        assert!(references.is_complete(), "{why}");
        let verdicts = plan_sweep(&self.path("scripts"), &references).unwrap();
        let [verdict] = &verdicts[..] else {
            panic!("{verdicts:?}")
        };
        let is_by_bundle =
            matches!(&verdict.reason, Reason::Referenced { by } if by.contains("options.json"));
        assert!(is_by_bundle, "{why}: {:?}", verdict.reason);
    }
}

/// Puts a process into a mount namespace.
fn place_in(dir: &Path, namespace: &str) {
    let link = dir.join("ns/mnt");
    let _ = fs::remove_file(&link);
    symlink(namespace, link).unwrap();
}

#[test]
fn nothing_leads_to_a_bundle_that_nobody_has() {
    let machine = Machine::new();
    machine.bundle("ee/containerd/daemon");
    machine.process(7, "dockerd", "/usr/sbin/dockerd --exec-root /elsewhere");
    machine.process(8, "sleep", "sleep --exec-root /elsewhere");
    let references = machine.references();
    assert!(references.is_complete());
    let verdicts = plan_sweep(&machine.path("scripts"), &references).unwrap();
    assert_eq!(verdicts[0].reason, Reason::Unreferenced);
}

#[test]
fn a_shim_works_in_its_bundle() {
    // Its own bundle, or that of another container of the same engine.
    for id in ["0123abcd", "ffff0000"] {
        let machine = Machine::new();
        machine.bundle("ee/containerd/daemon");
        let bundle = machine.path("ee/containerd/daemon").join(TASKS);
        let shim = machine.process(812, "containerd-shim", "/usr/bin/containerd-shim-runc-v2");
        symlink(bundle.join("moby").join(id), shim.join("cwd")).unwrap();
        machine.keeps(id);
    }
}

#[test]
fn a_shim_whose_bundle_is_not_seen_keeps_every_script() {
    let machine = Machine::new();
    let shim = machine.process(812, "containerd-shim", "/usr/bin/containerd-shim-runc-v2");
    // What cannot be read as a link, as the kernel refuses it to others.
    fs::write(shim.join("cwd"), "").unwrap();
    assert!(!machine.references().is_complete());
}

#[test]
fn without_a_mount_table_every_script_stays() {
    let machine = Machine::new();
    fs::remove_file(machine.path("proc/self/mountinfo")).unwrap();
    assert!(!machine.references().is_complete());
}

#[test]
fn engines_and_shims_are_told_where_they_run() {
    for (comm, line, tasks) in [
        ("dockerd", "dockerd --exec-root EE", "ee/containerd/daemon"),
        (
            "dockerd",
            "dockerd --exec-root=EE -D",
            "ee/containerd/daemon",
        ),
        (
            "containerd",
            "containerd --config EE/containerd/containerd.toml",
            "ee/containerd/daemon",
        ),
        (
            "containerd-shim",
            "containerd-shim-runc-v2 -id x -address EE/containerd/containerd.sock start",
            "ee/containerd/daemon",
        ),
        ("containerd", "containerd --state EE", "ee"),
        (
            "containerd",
            "containerd --address EE/containerd.sock",
            "ee",
        ),
        (
            "dockerd",
            "dockerd --containerd unix://EE/containerd.sock",
            "ee",
        ),
    ] {
        let machine = Machine::new();
        machine.bundle(tasks);
        let exec = machine.path("ee").display().to_string();
        machine.process(77, comm, &line.replace("EE", &exec));
        machine.keeps(line);
    }
}

#[test]
fn mounts_outlive_their_engine() {
    for (point, kind, tasks) in [
        ("EE/netns/0123456789ab", "nsfs", "ee ee/containerd/daemon"),
        (
            "EE/io.containerd.runtime.v2.task/k8s.io/c1/rootfs",
            "overlay",
            "ee ee",
        ),
    ] {
        let machine = Machine::new();
        machine.bundle(tasks);
        let exec = machine.path("ee ee").display().to_string();
        let point = point.replace("EE", &exec).replace(' ', "\\040");
        machine.table(&format!(
            "1 0 0:1 / / rw - ext4 a rw\n9 1 0:4 / {point} rw - {kind} x rw\n"
        ));
        machine.keeps(&point);
    }
}

#[test]
fn an_engine_in_another_mount_namespace_is_looked_at_there() {
    let machine = Machine::new();
    machine.bundle("its-root/run/ee");
    let shim = machine.process(812, "containerd-shim", "/usr/bin/containerd-shim-runc-v2");
    let bundle = Path::new("/run/ee").join(TASKS).join("moby/0123abcd");
    symlink(bundle, shim.join("cwd")).unwrap();
    symlink(machine.path("its-root"), shim.join("root")).unwrap();
    place_in(&shim, "mnt:[2]");
    machine.keeps("another mount namespace");
}

/// dockerd tells its containerd of `/var/run`, which is such a link.
#[test]
fn an_absolute_link_of_another_mount_namespace_does_not_lead_out_of_it() {
    let machine = Machine::new();
    machine.bundle("its-root/run/ee/containerd/daemon");
    let line = "/usr/sbin/dockerd --exec-root /var/run/ee";
    let engine = machine.process(77, "dockerd", line);
    fs::create_dir(machine.path("its-root/var")).unwrap();
    symlink("/run", machine.path("its-root/var/run")).unwrap();
    symlink(machine.path("its-root"), engine.join("root")).unwrap();
    place_in(&engine, "mnt:[2]");
    machine.keeps("a link of its own root");
}

#[test]
fn an_engine_in_a_namespace_that_is_not_seen_keeps_every_script() {
    let machine = Machine::new();
    let line = "/usr/sbin/dockerd --exec-root /run/ee";
    let engine = machine.process(77, "dockerd", line);
    // What cannot be read as a link, as the kernel refuses it to others.
    fs::remove_file(engine.join("ns/mnt")).unwrap();
    fs::write(engine.join("ns/mnt"), "").unwrap();
    assert!(!machine.references().is_complete());
}
