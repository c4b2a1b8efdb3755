use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use resolvconf::{ErrorKind, load, load_within};
use rustix::fs::{CWD, FileType, Mode, mknodat};

#[track_caller]
fn check_refused(path: &Path, word: &str) {
    let error = load(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAFile);
    assert_eq!(error.path(), Some(path));
    assert!(error.to_string().contains(word), "{error}");
}

#[test]
fn what_is_not_a_file_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    check_refused(&fifo, "FIFO");
    let socket = dir.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    check_refused(&socket, "socket");
    check_refused(dir.path(), "directory");
    check_refused(Path::new("/dev/zero"), "device");
}

/// A link to `/dev/null` masks the file. Readers see an empty one, and so do we.
#[test]
fn the_null_device_is_an_empty_file() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("resolv.conf");
    symlink("/dev/null", &link).unwrap();
    for path in [&link, Path::new("/dev/null")] {
        let document = load(path).unwrap();
        assert!(!document.is_missing() && document.as_bytes().is_empty());
    }
}

#[test]
fn absence_is_an_empty_document() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    symlink("nowhere", &link).unwrap();
    for path in [dir.path().join("absent"), link] {
        let document = load(&path).unwrap();
        assert!(document.is_missing() && document.as_bytes().is_empty());
    }
    let looped = dir.path().join("loop");
    symlink("loop", &looped).unwrap();
    assert_eq!(load(&looped).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn the_size_limit_is_exact() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("resolv.conf");
    fs::write(&path, "nameserver 1.1.1.1\n").unwrap();
    assert!(load_within(&path, 19).is_ok());
    let error = load_within(&path, 18).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    // A file that says it is empty and is not.
    let error = load_within(Path::new("/proc/self/mountinfo"), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}
