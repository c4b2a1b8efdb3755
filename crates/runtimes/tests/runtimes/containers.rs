//! Containers that live, that are dead, and of which nobody can tell: state files of real
//! runtimes, and a procfs and cgroups made by hand.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use runtimes::{Life, Proc, StateSource, StatesOptions, containers, live_containers};

use crate::machine::{INITIAL, Machine, NESTED, REAL, bundle};
use crate::support::{as_nobody, open_to_all};

#[test]
fn every_runtime_is_known_alive_and_dead() {
    for (file, to, pid, start, source) in REAL {
        let machine = Machine::new(INITIAL, 1);
        machine.real(file, to);
        assert_eq!(machine.one(), (source, "dead"), "{file}");
        machine.process(pid, "sleep", 'S', start);
        assert_eq!(machine.one(), (source, "alive"), "{file}");
        machine.process(pid, "sleep", 'Z', start);
        assert_eq!(machine.one(), (source, "dead"), "{file}");
    }
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    for (file, to, pid, start, source) in REAL {
        let machine = Machine::new(INITIAL, 1);
        machine.real(file, to);
        // Hours later.
        machine.process(pid, "sh", 'S', start + 1_000_000);
        assert_eq!(machine.one(), (source, "dead"), "{file}");
    }
    // A late process in the very cgroup of the state is the container's.
    let machine = Machine::new(INITIAL, 1);
    machine.real("youki-0.7.0.state.json", "ya1/state.json");
    machine.real("youki-0.7.0.youki_config.json", "ya1/youki_config.json");
    machine.process(224, "sh", 'S', 9_000_000);
    assert_eq!(machine.one().1, "dead");
    machine.write("proc/224/cgroup", "0::/engines-y\n");
    assert_eq!(machine.one().1, "alive");
}

#[test]
fn start_times_mean_nothing_in_another_time_namespace() {
    let machine = Machine::new(INITIAL, 1);
    machine.real("runc-1.1.5.state.json", "rc1/state.json");
    machine.process(39, "sleep", 'S', 286_194);
    assert_eq!(machine.one().1, "dead");
    machine.offsets("monotonic 0 0\nboottime 1000 0\n");
    assert_eq!(machine.one().1, "unknown");
}

#[test]
fn a_pid_means_nothing_in_another_pid_namespace() {
    for (file, to, pid, start, source) in REAL {
        // Younger than the state: a node agent that was started later.
        let machine = Machine::new(NESTED, 1_000_000);
        machine.has_bundle();
        machine.real(file, to);
        assert_eq!(machine.one(), (source, "unknown"), "{file}");
        machine.process(pid, "agent", 'S', start + 2_000_000);
        assert_eq!(machine.one(), (source, "unknown"), "{file}");

        // Older, but the state names paths of another view of the file system.
        let machine = Machine::new(NESTED, 1);
        machine.real(file, to);
        assert_eq!(machine.one(), (source, "unknown"), "{file}");
        // It was written here.
        machine.has_bundle();
        assert_eq!(machine.one(), (source, "dead"), "{file}");
        // The pid was never given out here.
        machine.write("proc/loadavg", "0.1 0.2 0.3 1/100 20\n");
        assert_eq!(machine.one(), (source, "unknown"), "{file}");
    }
}

#[test]
fn a_number_of_a_namespace_below_is_no_proof_of_death() {
    for (file, to, pid, start, source) in REAL {
        let machine = Machine::new(INITIAL, 1);
        machine.has_bundle();
        machine.real(file, to);
        machine.process(812, "sleep", 'S', start);
        machine.write("proc/812/status", "Name:\tsleep\nNSpid:\t812\t9\n");
        assert_eq!(machine.one(), (source, "dead"), "{file}");
        // The state was written where that process has the recorded number.
        let status = format!("Name:\tsleep\nNSpid:\t812\t{pid}\n");
        machine.write("proc/812/status", &status);
        assert_eq!(machine.one(), (source, "unknown"), "{file}");
        machine.process(pid, "kthreadd", 'S', 0);
        let is_reused = |word| matches!(word, "unknown" | "alive");
        assert!(is_reused(machine.one().1), "{file}");
        // It began long after the state was written, so it is another one.
        machine.process(812, "sleep", 'S', start + 1_000_000);
        fs::remove_dir_all(machine.path(&format!("proc/{pid}"))).unwrap();
        assert_eq!(machine.one(), (source, "dead"), "{file}");
        // What cannot be read may be it.
        fs::remove_file(machine.path("proc/812/status")).unwrap();
        fs::create_dir(machine.path("proc/812/status")).unwrap();
        assert_eq!(machine.one(), (source, "unknown"), "{file}");
    }
}

#[test]
fn a_procfs_without_the_caller_proves_no_death() {
    for (file, to, pid, start, source) in REAL {
        let machine = Machine::new(INITIAL, 1);
        machine.has_bundle();
        machine.real(file, to);
        fs::remove_file(machine.path("proc/self")).unwrap();
        assert_eq!(machine.one(), (source, "unknown"), "{file}");
        machine.process(pid, "sleep", 'S', start + 1_000_000);
        assert_eq!(machine.one(), (source, "unknown"), "{file}");
    }
    // A group without processes is no proof either: nobody knows whether the process left it.
    let machine = Machine::new(INITIAL, 1);
    machine.real("runc-1.1.5.state.json", "rc1/state.json");
    machine.group("unified/engines-x", false);
    assert_eq!(machine.one().1, "dead");
    fs::remove_file(machine.path("proc/self")).unwrap();
    assert_eq!(machine.one().1, "unknown");
}

#[test]
fn nobody_can_tell_whose_procfs_it_is() {
    let machine = Machine::new(INITIAL, 1);
    machine.real("runc-1.1.5.state.json", "rc1/state.json");
    fs::remove_file(machine.path("proc/1/ns/pid")).unwrap();
    assert_eq!(machine.one().1, "unknown");
}

#[test]
fn a_cgroup_with_processes_lives_and_an_empty_one_is_dead() {
    let machine = Machine::new(INITIAL, 1);
    machine.real("runc-1.1.5.state.json", "rc1/state.json");
    machine.group("unified/engines-x", true);
    let states = machine.look();
    let life = &states.found[0].life;
    assert!(matches!(life, Life::Alive { pid: None, .. }), "{life}");
    assert!(life.to_string().contains("engines-x"), "{life}");

    let machine = Machine::new(NESTED, 1_000_000);
    machine.real("runc-1.1.5.state.json", "rc1/state.json");
    machine.group("unified/engines-x", false);
    assert_eq!(machine.one().1, "dead", "the proof needs no pid");
    // A process that runs may be the container's, and may have left the group.
    machine.process(39, "sleep", 'S', 999);
    assert_eq!(machine.one().1, "unknown");
}

/// A container with a top of its own, and the pid namespace of its host or of its own.
#[test]
fn a_part_of_the_cgroups_makes_nobody_dead_except_in_a_namespace_of_its_own() {
    use std::os::unix::fs::symlink;
    let of = |namespace: &str, own: &str, first: &str| {
        let machine = Machine::new(namespace, 1);
        machine.real("runc-1.1.5.state.json", "rc1/state.json");
        machine.has_bundle();
        machine.write("cgroup/cgroup.events", "populated 1\n");
        fs::create_dir_all(machine.path("proc/7777/ns")).unwrap();
        symlink(own, machine.path("proc/7777/ns/cgroup")).unwrap();
        symlink(first, machine.path("proc/1/ns/cgroup")).unwrap();
        machine.one().1
    };
    let (initial, below, other) = (
        "cgroup:[4026531835]",
        "cgroup:[4026532190]",
        "cgroup:[4026532999]",
    );
    assert_eq!(of(INITIAL, below, initial), "unknown", "--pid host, v2");
    assert_eq!(of(INITIAL, initial, initial), "unknown", "--pid host, v1");
    assert_eq!(of(NESTED, below, below), "dead", "an engine in there");
    assert_eq!(of(NESTED, initial, initial), "dead", "and with cgroup v1");
    assert_eq!(of(NESTED, below, other), "unknown", "of another container");
}

/// The first process of each is gone, which alone is the proof of death.
#[test]
fn a_cgroup_that_cannot_be_looked_at_makes_nobody_dead() {
    // A directory can be opened like a file, and not be read.
    let closed = |machine: &Machine, path: &str| {
        fs::create_dir_all(machine.path(path)).unwrap();
    };
    let of_state = || {
        let machine = Machine::new(INITIAL, 1);
        machine.real("runc-1.1.5.state.json", "rc1/state.json");
        machine
    };
    assert_eq!(of_state().one().1, "dead");
    let hidden = of_state();
    fs::remove_file(hidden.path("cgroup/cgroup.procs")).unwrap();
    assert_eq!(hidden.one().1, "unknown", "no cgroups are mounted");
    for file in [
        "unified/engines-x/cgroup.events",
        "pids/engines-x/cgroup.procs",
    ] {
        let machine = of_state();
        closed(&machine, &format!("cgroup/{file}"));
        assert_eq!(machine.one().1, "unknown", "{file}");
        // Another group of it has a process.
        machine.group("memory/engines-x", true);
        assert_eq!(machine.one().1, "alive", "{file}");
    }
    let of_youki = || {
        let machine = Machine::new(INITIAL, 1);
        machine.real("youki-0.7.0.state.json", "ya1/state.json");
        machine
    };
    assert_eq!(of_youki().one().1, "dead");
    let machine = of_youki();
    closed(&machine, "states/ya1/youki_config.json");
    assert_eq!(machine.one().1, "unknown");

    let of_bundle = || {
        let machine = Machine::new(INITIAL, 1);
        let dir = bundle(&machine, "kata");
        fs::write(dir.join("init.pid"), "4711").unwrap();
        (machine, dir.join("config.json"))
    };
    assert_eq!(of_bundle().0.one().1, "dead");
    let (machine, config) = of_bundle();
    fs::write(&config, "{\"linux\": {").unwrap();
    assert_eq!(machine.one().1, "unknown", "it is torn");
    machine.process(4711, "kata", 'S', 1);
    assert_eq!(machine.one().1, "alive");
}

#[test]
fn what_cannot_be_a_state_is_skipped_and_what_cannot_be_read_keeps_its_id() {
    let machine = Machine::new(INITIAL, 1);
    for dir in [".cache/seccomp", ".empty-directory", "-x", "a b"] {
        fs::create_dir_all(machine.path("states").join(dir)).unwrap();
    }
    machine.write("states/rs1_sandbox:rs1.lock", "");
    machine.write("states/notes.txt", "");
    let socket = machine.path("states/runsc-rs1.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let states = machine.look();
    assert_eq!(states.found, []);
    assert_eq!(states.skipped.len(), 5, "{:?}", states.skipped);

    machine.write("states/garbled/state.json", "{");
    machine.write("states/other/state.json", "{}");
    machine.write("states/empty/further", "");
    machine.write("states/x_sandbox:torn.state", "{\"sta");
    fs::create_dir_all(machine.path("states/odd/state.json")).unwrap();
    let states = machine.look();
    let found: Vec<_> = states
        .by_id()
        .into_iter()
        .map(|(id, state)| (id, state.life.as_str()))
        .collect();
    let want = ["empty", "garbled", "odd", "other", "torn"].map(|id| (id, "unknown"));
    assert_eq!(found, want);
    let ids = live_containers(
        &[machine.path("states")],
        Proc::unchecked(machine.path("proc")),
    )
    .unwrap();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), want.map(|(id, _)| id));
}

#[test]
fn a_fifo_is_not_waited_for() {
    let machine = Machine::new(INITIAL, 1);
    fs::create_dir(machine.path("states/x")).unwrap();
    let mode = nix::sys::stat::Mode::S_IRWXU;
    nix::unistd::mkfifo(&machine.path("states/x/state.json"), mode).unwrap();
    assert_eq!(machine.one(), (StateSource::Unclear, "unknown"));
}

#[test]
fn directories_that_are_missing_or_cannot_be_read() {
    let machine = Machine::new(INITIAL, 1);
    let file = machine.path("states/file");
    fs::write(&file, "").unwrap();
    let mut options = StatesOptions::new([machine.path("none")]);
    let states = containers(&options);
    assert_eq!(states.missing, [machine.path("none")]);
    assert!(!states.is_evidence(), "nothing was read");
    options.state_dirs = vec![machine.path("states"), file.clone()];
    let states = containers(&options);
    assert_eq!(states.looked, [machine.path("states")]);
    assert_eq!(states.unread[0].0, file);
    assert!(!states.is_evidence(), "not everything was read");
    options.state_dirs.pop();
    assert!(containers(&options).is_evidence());
    assert!(live_containers(&[file], Path::new("/proc")).is_err());
}

/// Its entries can be listed, and nothing of them can be looked at.
#[test]
fn what_may_not_be_looked_at_is_not_gone() {
    let machine = Machine::new(INITIAL, 1);
    machine.real("runc-1.1.5.state.json", "rc1/state.json");
    bundle(&machine, "b1");
    open_to_all(&machine.path(""));
    for dir in ["states", "bundles"] {
        fs::set_permissions(machine.path(dir), Permissions::from_mode(0o744)).unwrap();
    }
    let states = as_nobody(|| machine.look());
    let mut ids: Vec<&str> = states.by_id().into_keys().collect();
    ids.sort_unstable();
    assert_eq!(ids, ["b1", "rc1"], "{states:?}");
    let lives = states.found.iter().map(|state| state.life.as_str());
    assert!(lives.clone().all(|life| life == "unknown"), "{states:?}");
}

#[test]
fn the_strongest_state_of_a_container_counts() {
    let machine = Machine::new(INITIAL, 1);
    machine.real("runc-1.1.5.state.json", "rc1/state.json");
    let dir = bundle(&machine, "rc1");
    fs::write(dir.join("init.pid"), "40").unwrap();
    machine.process(40, "sh", 'S', 361_000);
    let states = machine.look();
    assert_eq!(states.found.len(), 2);
    let by_id = states.by_id();
    assert_eq!(by_id["rc1"].source, StateSource::Bundle);
    assert_eq!(by_id["rc1"].life.as_str(), "alive");
}

#[test]
fn the_places_of_an_exec_root() {
    let options = StatesOptions::of_exec_root(Path::new("/host/run/docker"));
    assert_eq!(
        options.state_dirs[0],
        Path::new("/host/run/docker/runtime-runc/moby")
    );
    let tasks = "io.containerd.runtime.v2.task/moby";
    let bundles = [
        format!("/host/run/docker/containerd/daemon/{tasks}"),
        format!("/host/run/containerd/{tasks}"),
    ];
    for dir in bundles {
        assert!(options.bundle_dirs.contains(&PathBuf::from(&dir)), "{dir}");
    }
    let typed = Path::new("/host/run/containerd/runc/moby");
    assert!(options.further_dirs.iter().any(|dir| dir == typed));
}

#[test]
fn a_bundle_says_in_which_namespace_its_id_is() {
    let machine = Machine::new(INITIAL, 1);
    let tasks = machine.path("io.containerd.runtime.v2.task");
    for (namespace, pid) in [("k8s.io", 41), ("dead", 42)] {
        let bundle = tasks.join(namespace).join("c1");
        fs::create_dir_all(&bundle).unwrap();
        fs::write(bundle.join("init.pid"), pid.to_string()).unwrap();
    }
    machine.process(41, "sleep", 'S', 361_000);
    let bundle = tasks.join("other/c1");
    let state = format!(
        r#"{{"init_process_pid": 43, "init_process_start": 7, "created": "2026-11-27T21:45:23Z",
            "config": {{"labels": ["bundle={}"]}}}}"#,
        bundle.display()
    );
    machine.write("states/c1/state.json", &state);
    let mut options = StatesOptions::new([machine.path("states")]);
    options.bundle_dirs = ["k8s.io", "dead"].map(|name| tasks.join(name)).to_vec();
    options.proc = Proc::unchecked(machine.path("proc"));
    options.cgroup = machine.path("cgroup");
    let states = containers(&options);
    let by_container: Vec<_> = states
        .by_container()
        .into_iter()
        .map(|((namespace, id), state)| (namespace, id, state.life.as_str()))
        .collect();
    assert_eq!(
        by_container,
        [
            (Some("dead"), "c1", "dead"),
            (Some("k8s.io"), "c1", "alive"),
            (Some("other"), "c1", "dead"),
        ]
    );
    assert_eq!(states.by_id()["c1"].life.as_str(), "alive");
    // A state that does not say where its bundle is.
    machine.write("states/c2/state.json", "{");
    let states = containers(&options);
    assert!(states.by_container().contains_key(&(None, "c2")));
}
