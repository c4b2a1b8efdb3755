use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::*;
use crate::error::ErrorKind;

fn put(path: &Path, text: &str) -> Result<Published, Error> {
    publish(path, text.as_bytes(), &PublishOptions::new())
}

fn names(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[test]
fn a_failed_write_leaves_the_old_file_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d.prom");
    put(&path, "old").unwrap();
    put(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
    assert!(put(&dir.path().join("missing/d.prom"), "x").is_err());
    assert!(put(Path::new("/"), "x").is_err());
    assert_eq!(names(dir.path()), 1);
}

#[test]
fn only_a_regular_file_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("directory")).unwrap();
    symlink(at("canary"), at("link")).unwrap();
    fs::write(at("canary"), "precious").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(at("fifo"))
        .status();
    assert!(fifo.unwrap().success());
    for name in ["directory", "link", "socket", "fifo"] {
        let error = put(&at(name), "x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}: {error}");
        assert!(error.to_string().contains("not replaced"), "{error}");
    }
    assert_eq!(fs::read_to_string(at("canary")).unwrap(), "precious");
    assert_eq!(names(dir.path()), 5);
}

#[test]
fn another_name_of_the_old_file_keeps_its_content_and_mode() {
    let dir = tempfile::tempdir().unwrap();
    let (canary, path) = (dir.path().join("canary"), dir.path().join("d.prom"));
    fs::write(&canary, "precious").unwrap();
    fs::set_permissions(&canary, fs::Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(&canary, &path).unwrap();
    put(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&canary).unwrap(), "precious");
    assert_eq!(fs::metadata(&canary).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn what_a_killed_writer_left_is_removed_and_a_live_ones_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d.prom");
    fs::write(dir.path().join(".daemon-host.0123456789abcdef.new"), "half").unwrap();
    let directory = Directory::of(&path).unwrap();
    let living = Staged::write(&directory, b"other", 0o644).unwrap();
    put(&path, "new").unwrap();
    assert_eq!(names(dir.path()), 2, "the file and the living writer's");
    drop(living);
    assert_eq!(names(dir.path()), 1);
}

#[test]
fn only_the_same_file_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d.pid");
    let first = put(&path, "1").unwrap();
    let second = put(&path, "2").unwrap();
    assert!(!first.remove().unwrap(), "another file stands there now");
    assert_eq!(fs::read_to_string(&path).unwrap(), "2");
    assert!(second.remove().unwrap());
    assert_eq!(names(dir.path()), 0);
}

#[test]
fn many_writers_leave_one_whole_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d.prom");
    put(&path, "0").unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8_usize {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..20 {
                    put(path, &writer.to_string().repeat(1 + 1000 * writer)).unwrap();
                    let text = fs::read_to_string(path).unwrap();
                    let by: usize = text[..1].parse().unwrap();
                    assert_eq!(text, by.to_string().repeat(1 + 1000 * by));
                }
            });
        }
    });
    assert_eq!(names(dir.path()), 1);
}
