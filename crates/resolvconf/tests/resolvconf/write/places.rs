//! Where a file is written, where it is not, and what its directory holds afterwards.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use resolvconf::{
    ErrorKind, FileStatus, WriteOptions, Written, status, status_at, write, write_at,
};

use super::container::{Container, REWRITTEN};

#[test]
fn fresh_then_rewritten_on_the_same_inode() {
    let container = Container::new();
    assert_eq!(
        status(&container.path, &container.options).unwrap(),
        FileStatus::Missing
    );
    assert_eq!(container.write("nameserver 192.0.2.1\n"), Written::Created);
    let meta = fs::metadata(&container.path).unwrap();
    assert_eq!(meta.permissions().mode() & 0o7777, 0o644);
    for text in [
        "longer text\nnameserver 192.0.2.22\n",
        "short\n",
        "",
        "again\n",
        "AGAIN\n",
    ] {
        assert_eq!(container.write(text), REWRITTEN, "{text:?}");
        container.check(text, FileStatus::Ours);
        assert_eq!(container.write(text), Written::Unchanged, "{text:?}");
        container.check(text, FileStatus::Ours);
    }
    assert_eq!(fs::metadata(&container.path).unwrap().ino(), meta.ino());
    assert_eq!(container.names().len(), 2, "the file and its record");
}

#[test]
fn the_mode_is_what_was_asked_for() {
    let mut container = Container::new();
    container.options.mode = 0o640;
    container.write("a\n");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&container.path), 0o640);
    fs::set_permissions(&container.path, fs::Permissions::from_mode(0o666)).unwrap();
    container.write("b\n");
    assert_eq!(
        mode(&container.path),
        0o666,
        "an existing file keeps its mode"
    );
    assert_eq!(mode(&container.beside(".state")), 0o600);
}

#[test]
fn what_is_no_file_is_refused() {
    let container = Container::new();
    let target = container.beside(".target");
    fs::write(&target, "kept\n").unwrap();
    symlink(&target, &container.path).unwrap();
    let error = write(&container.path, b"a\n", &container.options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAFile);
    assert_eq!(fs::read_to_string(&target).unwrap(), "kept\n");
    fs::remove_file(&container.path).unwrap();
    fs::create_dir(&container.path).unwrap();
    let error = write(&container.path, b"a\n", &container.options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAFile);
}

/// A container may turn any directory of its root into a link. Whatever it does, what lies outside
/// stays as it is.
#[test]
fn below_a_directory_no_link_leads_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for sub in ["root/etc", "root/real", "host"] {
        fs::create_dir_all(path(sub)).unwrap();
    }
    fs::write(path("host/resolv.conf"), "host\n").unwrap();
    symlink("../host", path("root/relative")).unwrap();
    symlink(path("host"), path("root/absolute")).unwrap();
    symlink("real", path("root/inner")).unwrap();
    symlink("../../host/resolv.conf", path("root/real/resolv.conf")).unwrap();
    let root = fs::File::open(path("root")).unwrap();
    let options = WriteOptions::new().state(path("record"));
    let go = |name: &str| write_at(&root, name.as_ref(), b"ours\n", &options);
    for name in [
        "relative/resolv.conf",
        "absolute/resolv.conf",
        "inner/resolv.conf",
        "../host/resolv.conf",
        "etc/../../host/resolv.conf",
        "etc/..",
    ] {
        assert_eq!(go(name).unwrap_err().kind(), ErrorKind::Outside, "{name}");
    }
    let absolute = path("host/resolv.conf");
    assert_eq!(
        go(absolute.to_str().unwrap()).unwrap_err().kind(),
        ErrorKind::Outside
    );
    assert_eq!(
        go("real/resolv.conf").unwrap_err().kind(),
        ErrorKind::NotAFile
    );
    assert_eq!(go("").unwrap_err().kind(), ErrorKind::NotAFile);
    assert_eq!(
        fs::read_to_string(path("host/resolv.conf")).unwrap(),
        "host\n"
    );
    assert_eq!(fs::read_dir(path("host")).unwrap().count(), 1);
    assert!(!path("record").exists(), "nothing was begun");

    assert_eq!(go("./etc/resolv.conf").unwrap(), Written::Created);
    let status = status_at(&root, "etc/resolv.conf".as_ref(), &options).unwrap();
    assert_eq!(status, FileStatus::Ours);
    let ino = fs::metadata(path("root/etc/resolv.conf")).unwrap().ino();
    let rewritten = write_at(&root, "etc/resolv.conf".as_ref(), b"new\n", &options);
    assert_eq!(rewritten.unwrap(), REWRITTEN);
    assert_eq!(
        fs::metadata(path("root/etc/resolv.conf")).unwrap().ino(),
        ino
    );
    assert_eq!(fs::read_dir(path("root/etc")).unwrap().count(), 1);
}

#[test]
fn below_a_directory_the_record_must_have_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let root = fs::File::open(dir.path()).unwrap();
    let error = write_at(&root, "resolv.conf".as_ref(), b"", &WriteOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Others may be able to write in the directory: what they put under the temporary name is never
/// opened, and what it leads to is not written.
#[test]
fn what_is_planted_under_the_temporary_name_is_not_written() {
    let container = Container::new();
    let (plant, victim) = (
        container.beside(".resolvconf.tmp"),
        container.beside(".victim"),
    );
    fs::write(&victim, "kept\n").unwrap();
    for kind in ["hard link", "symbolic link", "FIFO"] {
        let _ = fs::remove_file(&container.path);
        let _ = fs::remove_file(container.beside(".state"));
        match kind {
            "hard link" => fs::hard_link(&victim, &plant).unwrap(),
            "symbolic link" => symlink(&victim, &plant).unwrap(),
            _ => {
                use rustix::fs::{CWD, FileType, Mode, mknodat};
                mknodat(CWD, &plant, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            }
        }
        assert_eq!(container.write("ours\n"), Written::Created, "{kind}");
        container.check("ours\n", FileStatus::Ours);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "kept\n", "{kind}");
        assert!(!plant.exists(), "{kind}");
    }
}

/// What a kill left in the middle of a write goes with the next one, whatever that decides.
#[test]
fn the_next_write_takes_away_what_a_killed_one_left() {
    let expected = [
        ("user's\n", Written::KeptEdit),
        ("new\n", Written::Unchanged),
    ];
    for (content, written) in expected {
        let container = Container::new();
        container.write("ours\n");
        let before = container.names();
        for leftover in [".resolvconf.tmp", ".state.resolvconf.tmp"] {
            fs::write(container.beside(leftover), "half").unwrap();
        }
        fs::write(&container.path, content).unwrap();
        assert_eq!(container.write("new\n"), written);
        assert_eq!(container.names(), before);
    }
}
