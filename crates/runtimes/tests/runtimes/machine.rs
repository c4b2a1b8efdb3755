//! A machine made by hand: its procfs, its cgroups, and state files of real runtimes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use runtimes::{Proc, StateSource, States, StatesOptions, containers};

/// When the machine of these tests was booted: an hour before the states were written.
pub(crate) const BOOT: u64 = 1_795_812_323;
pub(crate) const INITIAL: &str = "pid:[4026531836]";
pub(crate) const NESTED: &str = "pid:[4026532189]";

/// A machine: its procfs, its cgroups, and directories of states.
pub(crate) struct Machine {
    temp: tempfile::TempDir,
}

impl Machine {
    /// Sees this pid namespace, whose first process started at this tick.
    pub(crate) fn new(namespace: &str, first_start: u64) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let machine = Self { temp };
        for dir in ["proc/1/ns", "proc/7777", "cgroup", "states", "bundles"] {
            fs::create_dir_all(machine.path(dir)).unwrap();
        }
        // What a whole hierarchy of cgroup v2 has at its top.
        machine.write("cgroup/cgroup.procs", "1\n");
        machine.write("cgroup/cgroup.controllers", "pids\n");
        symlink(namespace, machine.path("proc/1/ns/pid")).unwrap();
        // The number of the reader there: it is in a pid namespace below.
        symlink("7777", machine.path("proc/self")).unwrap();
        machine.write("proc/stat", &format!("cpu 1 2\nbtime {BOOT}\n"));
        machine.write("proc/loadavg", "0.1 0.2 0.3 1/100 9000\n");
        machine.offsets("monotonic 0 0\nboottime 0 0\n");
        machine.process(1, "init", 'S', first_start);
        machine
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn offsets(&self, text: &str) {
        self.write("proc/self/timens_offsets", text);
    }

    pub(crate) fn process(&self, pid: u32, name: &str, state: char, start: u64) {
        let zeros = "0 ".repeat(18);
        let text = format!("{pid} ({name}) {state} {zeros}{start} 0 0\n");
        self.write(&format!("proc/{pid}/stat"), &text);
    }

    pub(crate) fn group(&self, path: &str, populated: bool) {
        let text = format!("populated {}\nfrozen 0\n", u8::from(populated));
        self.write(&format!("cgroup/{path}/cgroup.events"), &text);
    }

    /// A state file as a real runtime wrote it, with the bundle's path made one of ours.
    pub(crate) fn real(&self, file: &str, to: &str) {
        let text = text_of(file);
        let bundle = self.path("b");
        self.write(
            &format!("states/{to}"),
            &text.replace("/run/b", bundle.to_str().unwrap()),
        );
    }

    pub(crate) fn has_bundle(&self) {
        fs::create_dir(self.path("b")).unwrap();
    }

    pub(crate) fn look(&self) -> States {
        let mut options = StatesOptions::new([self.path("states")]);
        options.bundle_dirs = vec![self.path("bundles")];
        options.proc = Proc::unchecked(self.path("proc"));
        options.cgroup = self.path("cgroup");
        containers(&options)
    }

    /// The one state that is found: its source, and its life as a word.
    #[track_caller]
    pub(crate) fn one(&self) -> (StateSource, &'static str) {
        let states = self.look();
        let [state] = &states.found[..] else {
            panic!("{states:?}");
        };
        println!("{state}");
        (state.source, state.life.as_str())
    }
}

/// A state file as a real runtime wrote it.
fn text_of(file: &str) -> &'static str {
    match file {
        "crun-1.8.1.status.json" => include_str!("../data/states/crun-1.8.1.status.json"),
        "runc-1.1.5.state.json" => include_str!("../data/states/runc-1.1.5.state.json"),
        "runsc-20221219.state.json" => include_str!("../data/states/runsc-20221219.state.json"),
        "runsc-20240729.state.json" => include_str!("../data/states/runsc-20240729.state.json"),
        "youki-0.7.0.state.json" => include_str!("../data/states/youki-0.7.0.state.json"),
        "youki-0.7.0.youki_config.json" => {
            include_str!("../data/states/youki-0.7.0.youki_config.json")
        }
        other => panic!("no such state: {other}"),
    }
}

/// Each runtime's state with the pid it names, and the start it names or implies.
pub(crate) const REAL: [(&str, &str, u32, u64, StateSource); 5] = [
    (
        "runc-1.1.5.state.json",
        "rc1/state.json",
        39,
        186_194,
        StateSource::Runc,
    ),
    (
        "crun-1.8.1.status.json",
        "cr1/status",
        50,
        186_196,
        StateSource::Crun,
    ),
    (
        "youki-0.7.0.state.json",
        "ya1/state.json",
        224,
        361_000,
        StateSource::Youki,
    ),
    (
        "runsc-20221219.state.json",
        "rs1_sandbox:rs1.state",
        70,
        361_000,
        StateSource::Runsc,
    ),
    (
        "runsc-20240729.state.json",
        "rs2_sandbox:rs2.state",
        117,
        361_000,
        StateSource::Runsc,
    ),
];

/// A bundle as a shim makes it.
pub(crate) fn bundle(machine: &Machine, id: &str) -> PathBuf {
    let work = machine.path("work").join(id);
    fs::create_dir_all(&work).unwrap();
    let dir = machine.path("bundles").join(id);
    fs::create_dir(&dir).unwrap();
    symlink(work, dir.join("work")).unwrap();
    let config = format!(r#"{{"linux": {{"cgroupsPath": "/docker/{id}"}}}}"#);
    fs::write(dir.join("config.json"), config).unwrap();
    dir
}
