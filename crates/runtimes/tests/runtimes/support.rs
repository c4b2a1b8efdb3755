//! What several modules need.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use runtimes::{Checked, Config, RuntimeEntry, Script, is_script_name};
use sha2::Digest;
use support::skip::in_part;

/// A sound configuration of wrapper entries: name, program, arguments.
pub(crate) fn wrappers(entries: &[(&str, &str, &[&str])]) -> Checked {
    unchecked(entries).check().unwrap()
}

/// The same, to be changed before it is checked.
pub(crate) fn unchecked(entries: &[(&str, &str, &[&str])]) -> Config {
    let mut config = Config::default();
    for (name, path, args) in entries {
        let entry = RuntimeEntry::wrapper(path, args.iter().copied());
        config.runtimes.insert((*name).to_owned(), entry);
    }
    config
}

/// A script with these words.
pub(crate) fn script(name: &str, words: &[&str]) -> Script {
    let args: Vec<OsString> = words[1..].iter().map(OsString::from).collect();
    Script::new(name, Path::new(words[0]), &args).unwrap()
}

/// Writes an executable file.
pub(crate) fn program(path: &Path, text: &str) -> PathBuf {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_owned()
}

/// The names in a directory, sorted, without the lock file.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = dir
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name != ".lock");
    names.sort();
    names
}

/// Asserts that every script in a directory holds what its name says.
#[track_caller]
pub(crate) fn assert_scripts_match(dir: &Path) {
    for name in names(dir) {
        if is_script_name(OsStr::new(&name)) {
            let text = fs::read(dir.join(&name)).unwrap();
            assert_eq!(digest(&text), name[name.len() - 64..], "contents of {name}");
        }
    }
}

/// SHA-256 in hex.
fn digest(text: &[u8]) -> String {
    sha2::Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A directory in memory, if there is one that programs can run in: fsync(2) costs
/// nothing there. Else one on disk.
pub(crate) fn quick_dir() -> tempfile::TempDir {
    let memory = tempfile::tempdir_in("/dev/shm").ok();
    let runs = |dir: &tempfile::TempDir| {
        let store = runtimes::ScriptStore::open(&dir.path().join("probe"));
        store.is_ok_and(|store| store.check().is_ok())
    };
    memory
        .filter(runs)
        .unwrap_or_else(|| tempfile::tempdir().unwrap())
}

/// Runs something that file permissions hold for, also when the tests run as root.
pub(crate) fn as_nobody<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    let nobody = || {
        if nix::unistd::geteuid().is_root() {
            // Of this thread alone; its capabilities over files go with it.
            nix::unistd::setfsuid(nix::unistd::Uid::from_raw(65534));
        }
        act()
    };
    std::thread::scope(|scope| scope.spawn(nobody).join().unwrap())
}

/// A directory that nobody may look into, with something in it.
pub(crate) fn closed_dir(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    program(&dir.join("program"), "#!/bin/sh\n");
    fs::set_permissions(dir, fs::Permissions::from_mode(0o0)).unwrap();
}

/// Lets everyone through a directory, though it is a temporary one.
pub(crate) fn open_to_all(dir: &Path) {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The shells of this machine that a script must run under; says which are missing.
pub(crate) fn shells() -> Vec<Vec<&'static str>> {
    let all: [&[&str]; 4] = [
        &["dash"],
        &["bash"],
        &["bash", "--posix"],
        &["busybox", "sh"],
    ];
    let runs = |shell: &&&[&str]| {
        let there = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", ":"])
            .status()
            .is_ok();
        if !there {
            in_part(&format!("no {} on this machine", shell[0]));
        }
        there
    };
    all.iter()
        .filter(runs)
        .map(|shell| shell.to_vec())
        .collect()
}
