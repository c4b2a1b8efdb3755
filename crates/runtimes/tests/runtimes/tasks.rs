//! Tasks of containerd, known by their bundles: a pid, a shim that listens, or neither.

use std::fs;
use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

use runtimes::StateSource;

use crate::machine::{BOOT, INITIAL, Machine, bundle};

#[test]
fn a_bundle_is_enough() {
    let machine = Machine::new(INITIAL, 1);
    let id = "5a".repeat(32);
    let dir = bundle(&machine, &id);
    fs::write(dir.join("init.pid"), "4242").unwrap();
    assert_eq!(machine.one(), (StateSource::Bundle, "dead"));
    machine.process(4242, "qemu", 'S', 361_000);
    assert_eq!(machine.one(), (StateSource::Bundle, "alive"));
    fs::remove_dir_all(machine.path("proc/4242")).unwrap();
    machine.group(&format!("docker/{id}"), true);
    assert_eq!(
        machine.one(),
        (StateSource::Bundle, "alive"),
        "a child of the dead init"
    );
    fs::write(dir.join("init.pid"), "nonsense").unwrap();
    machine.group(&format!("docker/{id}"), false);
    assert_eq!(machine.one(), (StateSource::Bundle, "dead"));
}

/// All that is known of a task of Kata: its bundle, whose file of the pid is as old as the task.
#[test]
fn the_pid_of_a_bundle_may_be_used_again() {
    let machine = Machine::new(INITIAL, 1);
    let dir = bundle(&machine, "kata");
    let file = dir.join("init.pid");
    fs::write(&file, "4242").unwrap();
    let made = SystemTime::UNIX_EPOCH + Duration::from_secs(BOOT + 3_600);
    fs::File::open(&file).unwrap().set_modified(made).unwrap();
    for (start, expected) in [
        (359_900, "alive"),
        // Written a moment before the process runs.
        (360_500, "alive"),
        (360_000 + 6_100, "dead"),
        (9_000_000, "dead"),
    ] {
        machine.process(4242, "qemu", 'S', start);
        assert_eq!(machine.one(), (StateSource::Bundle, expected), "{start}");
    }
}

#[test]
fn a_task_that_starts_lives_by_its_shim() {
    let machine = Machine::new(INITIAL, 1);
    let dir = bundle(&machine, "starting");
    assert_eq!(
        machine.one(),
        (StateSource::Bundle, "unknown"),
        "it is young"
    );
    let old = SystemTime::now() - Duration::from_secs(3600);
    let age = || fs::File::open(&dir).unwrap().set_modified(old).unwrap();
    age();
    assert_eq!(
        machine.one(),
        (StateSource::Bundle, "dead"),
        "left half made"
    );
    for (file, form) in [
        ("address", "unix://PATH"),
        ("bootstrap.json", r#"{"address": "unix://PATH"}"#),
    ] {
        let socket = machine.path("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let text = form.replace("PATH", socket.to_str().unwrap());
        fs::write(dir.join(file), text).unwrap();
        age();
        assert_eq!(machine.one(), (StateSource::Bundle, "alive"), "{file}");
        drop(listener);
        assert_eq!(machine.one(), (StateSource::Bundle, "dead"), "{file}");
        fs::remove_file(&socket).unwrap();
        assert_eq!(
            machine.one(),
            (StateSource::Bundle, "unknown"),
            "{file}: another view"
        );
        fs::remove_file(dir.join(file)).unwrap();
    }
}

#[test]
fn a_shim_whose_address_is_not_understood_may_live() {
    let machine = Machine::new(INITIAL, 1);
    let dir = bundle(&machine, "starting");
    let old = SystemTime::now() - Duration::from_secs(3600);
    for (file, text) in [
        // Where old shims listen: in no directory.
        ("address", "/containerd-shim/moby/starting/shim.sock"),
        ("address", ""),
        ("bootstrap.json", "{\"version\": 9}"),
        ("bootstrap.json", "half a fi"),
    ] {
        fs::write(dir.join(file), text).unwrap();
        fs::File::open(&dir).unwrap().set_modified(old).unwrap();
        assert_eq!(machine.one(), (StateSource::Bundle, "unknown"), "{text}");
        fs::remove_file(dir.join(file)).unwrap();
    }
    // What is there and cannot be read.
    fs::create_dir(dir.join("address")).unwrap();
    fs::File::open(&dir).unwrap().set_modified(old).unwrap();
    assert_eq!(machine.one(), (StateSource::Bundle, "unknown"));
}
