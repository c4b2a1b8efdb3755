use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::holders::everywhere::below::directory_users;
use crate::kernel::procfs::Proc;

/// A made-up procfs with the processes 7 and 8, as process 7 sees it. Both have a socket open.
fn made_up() -> tempfile::TempDir {
    let proc = tempfile::tempdir().unwrap();
    symlink("7", proc.path().join("self")).unwrap();
    for pid in ["7", "8"] {
        let at = proc.path().join(pid);
        for directory in ["ns", "task", "fd", "fdinfo", "net"] {
            fs::create_dir_all(at.join(directory)).unwrap();
        }
        for (text, name) in [
            ("mnt:[4026531841]", "ns/mnt"),
            ("net:[4026531840]", "ns/net"),
            ("/", "root"),
            ("/", "cwd"),
            ("/", "exe"),
            ("socket:[77]", "fd/5"),
        ] {
            symlink(text, at.join(name)).unwrap();
        }
        fs::write(at.join("mountinfo"), "1 0 0:1 / / rw - t s rw\n").unwrap();
        fs::write(at.join("maps"), "1-2 r-xp 0 00:01 7 /x\n").unwrap();
        fs::write(at.join("fdinfo/5"), "mnt_id:\t99\n").unwrap();
        fs::write(at.join("net/unix"), "Num RefCount\n").unwrap();
        set_state(&at, 'S');
    }
    proc
}

fn set_state(at: &Path, state: char) {
    let text = format!("7 (x) {state} 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 4711 9");
    fs::write(at.join("stat"), text).unwrap();
}

fn unreadable(proc: &Path) -> usize {
    let table = MountTable::from_bytes("1 0 0:1 / / rw - t s rw\n");
    let mount = MountInfo::from(table.rows().next().unwrap());
    let mut options = HoldersOptions::new();
    options.proc = Proc::unchecked(proc);
    options.uses = true;
    options.unpopulated = true;
    holders(&mount, &options).unwrap().unreadable
}

fn unreadable_below(proc: &Path) -> usize {
    let mut options = HoldersOptions::new();
    options.proc = Proc::unchecked(proc);
    let found = directory_users(Path::new("/nowhere"), &options).unwrap();
    found.unreadable
}

fn remove(path: &Path) {
    let is_directory = path.is_dir() && !path.is_symlink();
    let removed = match is_directory {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    removed.unwrap();
}

#[test]
fn what_could_not_be_read_of_a_process_that_runs_is_a_gap() {
    assert_eq!(unreadable(made_up().path()), 0);
    let missing = ["root", "cwd", "exe", "maps", "fdinfo", "ns/net"];
    // Something that is there and gives no answer.
    let odd = ["fdinfo/5", "net/unix"];
    for name in missing.iter().chain(&odd) {
        let proc = made_up();
        let at = proc.path().join("8");
        remove(&at.join(name));
        if odd.contains(name) {
            fs::create_dir(at.join(name)).unwrap();
        }
        // Process 7 has the same network namespace, and reads its sockets first.
        if *name == "net/unix" {
            remove(&proc.path().join("7/fd/5"));
        }
        assert_eq!(unreadable(proc.path()), 1, "{name}");
        set_state(&at, 'Z');
        assert_eq!(unreadable(proc.path()), 0, "{name}: it has ended");
    }
}

#[test]
fn descriptors_that_cannot_be_listed_are_a_gap() {
    let proc = made_up();
    remove(&proc.path().join("8/fd"));
    assert_eq!(unreadable_below(proc.path()), 1);
}

#[test]
fn a_descriptor_that_was_closed_is_no_gap() {
    let proc = made_up();
    remove(&proc.path().join("8/fd/5"));
    assert_eq!(unreadable(proc.path()), 0);
}

#[test]
fn a_namespace_whose_table_nobody_gives_is_a_gap() {
    let proc = made_up();
    remove(&proc.path().join("7/mountinfo"));
    assert_eq!(unreadable(proc.path()), 0, "process 8 gives it");
    remove(&proc.path().join("8/mountinfo"));
    assert_eq!(unreadable(proc.path()), 2);
    set_state(&proc.path().join("8"), 'Z');
    assert_eq!(unreadable(proc.path()), 1);
}

/// The list of sockets is read once for each network namespace, from any of its processes.
#[test]
fn a_process_that_ends_hides_no_socket_of_its_network_namespace() {
    let proc = made_up();
    remove(&proc.path().join("7/net"));
    set_state(&proc.path().join("7"), 'Z');
    let line = "0: 00000002 00000000 00010000 0001 01    77 /nowhere/s\n";
    fs::write(
        proc.path().join("8/net/unix"),
        format!("Num RefCount\n{line}"),
    )
    .unwrap();
    let mut options = HoldersOptions::new();
    options.proc = Proc::unchecked(proc.path());
    let found = directory_users(Path::new("/nowhere"), &options).unwrap();
    let pids: Vec<u32> = found.processes.iter().map(|process| process.pid).collect();
    assert_eq!(pids, [8], "{found:?}");
}
