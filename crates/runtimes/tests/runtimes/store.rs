//! The script directory: what is published is whole, and stays.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use nix::libc;
use runtimes::{ErrorKind, References, Script, ScriptStore, plan_sweep, sweep};

use crate::support::{as_nobody, assert_scripts_match, closed_dir, names, open_to_all, script};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn makes_a_private_directory_and_read_only_scripts() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("a/b/runtimes");
    let store = ScriptStore::open(&dir).unwrap();
    let scripts = [
        script("one", &["/bin/true", "x"]),
        script("two", &["/bin/true", "y"]),
    ];
    let published = store.publish(&scripts).unwrap();
    assert_eq!(
        published.created,
        [scripts[0].file_name(), scripts[1].file_name()]
    );
    assert_eq!((published.repaired.len(), published.unchanged), (0, 0));
    assert_eq!(mode(&dir), 0o700);
    for script in &scripts {
        let path = dir.join(script.file_name());
        assert_eq!(mode(&path), 0o500);
        assert_eq!(fs::read(&path).unwrap(), script.text());
    }
    assert_scripts_match(&dir);
}

#[test]
fn what_cannot_be_opened_is_not_called_missing() {
    let temp = tempfile::tempdir().unwrap();
    open_to_all(temp.path());
    let place = |name: &str| temp.path().join(name);
    fs::write(place("file"), "").unwrap();
    symlink("loop", place("loop")).unwrap();
    symlink("nowhere", place("dangling")).unwrap();
    closed_dir(&place("closed"));
    for (path, kind, errno) in [
        ("file", ErrorKind::UnsafeDirectory, libc::ENOTDIR),
        ("file/below", ErrorKind::UnsafeDirectory, libc::ENOTDIR),
        ("loop", ErrorKind::Io, libc::ELOOP),
        ("dangling", ErrorKind::Io, libc::ENOENT),
        ("closed", ErrorKind::Io, libc::EACCES),
        ("closed/below", ErrorKind::Io, libc::EACCES),
    ] {
        let error = as_nobody(|| ScriptStore::open(&place(path)).unwrap_err());
        assert_eq!(
            (error.kind(), error.raw_os_error()),
            (kind, Some(errno)),
            "{path}"
        );
    }
    assert_eq!(names(temp.path()).len(), 4, "nothing was made");
    for path in ["file", "closed"] {
        let plan = as_nobody(|| plan_sweep(&place(path), &References::new()));
        assert!(plan.is_err(), "{path}");
        let swept = as_nobody(|| sweep(&place(path), &References::new()));
        assert!(swept.is_err(), "{path}");
    }
}

#[test]
fn what_is_there_is_not_touched() {
    let temp = tempfile::tempdir().unwrap();
    let store = ScriptStore::open(temp.path()).unwrap();
    let script = script("one", &["/bin/true", "x"]);
    store.publish([&script]).unwrap();
    let path = temp.path().join(script.file_name());
    let before = fs::metadata(&path).unwrap();
    let again = store.publish([&script, &script]).unwrap();
    assert_eq!((again.created.len(), again.unchanged), (0, 1));
    let after = fs::metadata(&path).unwrap();
    let identity = |m: &fs::Metadata| (m.ino(), m.ctime(), m.ctime_nsec(), m.mtime_nsec());
    assert_eq!(identity(&before), identity(&after));
}

#[test]
fn a_thousand_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let scripts: Vec<Script> = (0..1000)
        .map(|n| script("many", &["/bin/true", &n.to_string()]))
        .collect();
    let store = ScriptStore::open(temp.path()).unwrap();
    assert_eq!(store.publish(&scripts).unwrap().created.len(), 1000);
    assert_eq!(store.publish(&scripts).unwrap().unchanged, 1000);
}

/// Puts something else under the script's name.
type Damage = fn(&Path, &Script);

#[test]
fn a_corrupt_script_is_replaced_and_reported() {
    let damages: [Damage; 9] = [
        |path, _| fs::write(path, "").unwrap(),
        |path, script| fs::write(path, &script.text()[..20]).unwrap(),
        |path, script| fs::write(path, [script.text(), b"x"].concat()).unwrap(),
        |path, script| fs::write(path, vec![b'x'; script.text().len()]).unwrap(),
        |path, _| symlink("/bin/true", path).unwrap(),
        |path, _| symlink("nowhere", path).unwrap(),
        |path, script| {
            fs::write(path, script.text()).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        },
        |path, script| {
            fs::write(path, script.text()).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        },
        |path, _| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let temp = tempfile::tempdir().unwrap();
        let store = ScriptStore::open(temp.path()).unwrap();
        let script = script("one", &["/bin/true", "x"]);
        let path = temp.path().join(script.file_name());
        damage(&path, &script);
        let published = store.publish([&script]).unwrap();
        assert_eq!(published.repaired, [script.file_name()], "damage {number}");
        assert_eq!(fs::read(&path).unwrap(), script.text(), "damage {number}");
        assert_eq!(mode(&path), 0o500);
        assert_eq!(names(temp.path()), [script.file_name()], "damage {number}");
    }
}

#[test]
fn a_failure_half_way_leaves_nothing_new() {
    let temp = tempfile::tempdir().unwrap();
    let store = ScriptStore::open(temp.path()).unwrap();
    let scripts: Vec<Script> = (0..100)
        .map(|n| script("n", &["/bin/true", &n.to_string()]))
        .collect();
    store.publish([&scripts[0]]).unwrap();
    // A directory cannot be replaced by rename, so the last one fails.
    fs::create_dir(temp.path().join(scripts[99].file_name())).unwrap();
    let before = names(temp.path());
    let error = store.publish(&scripts).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().starts_with("rename("), "{error}");
    assert_eq!(names(temp.path()), before);
}

#[test]
fn a_failure_leaves_what_another_user_may_have_seen() {
    let temp = tempfile::tempdir().unwrap();
    let store = ScriptStore::open(temp.path()).unwrap();
    let _other = ScriptStore::open(temp.path()).unwrap();
    let scripts = [
        script("a", &["/bin/true", "x"]),
        script("b", &["/bin/true", "y"]),
    ];
    fs::create_dir(temp.path().join(scripts[1].file_name())).unwrap();
    store.publish(&scripts).unwrap_err();
    assert!(temp.path().join(scripts[0].file_name()).exists());
}

#[test]
fn directories_that_others_write_to_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    for bits in [0o770, 0o707, 0o1777] {
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(bits)).unwrap();
        let error = ScriptStore::open(temp.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsafeDirectory, "{bits:o}");
        assert_eq!(error.path(), Some(temp.path()));
    }
    assert!(names(temp.path()).is_empty());
}

#[test]
fn other_threads_keep_their_descriptors() {
    let temp = tempfile::tempdir().unwrap();
    let kept = fs::File::create(temp.path().join("kept")).unwrap();
    let store = ScriptStore::open(&temp.path().join("s")).unwrap();
    for n in 0..20 {
        store
            .publish([&script("x", &["/bin/true", &n.to_string()])])
            .unwrap();
    }
    std::io::Write::write_all(&mut &kept, b"still open").unwrap();
    assert_eq!(fs::read(temp.path().join("kept")).unwrap(), b"still open");
}
