use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use resolvconf::{
    ErrorKind, FileStatus, WriteOptions, Written, status, status_at, write, write_at,
};
#[cfg(feature = "moby")]
use serde_json::Value;

const REWRITTEN: Written = Written::Rewritten { exclusive: true };

struct Container {
    _dir: tempfile::TempDir,
    path: PathBuf,
    options: WriteOptions,
}

impl Container {
    fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    fn within(parent: &std::path::Path) -> Self {
        let dir = tempfile::tempdir_in(parent).unwrap();
        let path = dir.path().join("resolv.conf");
        let options = WriteOptions::new();
        Self {
            _dir: dir,
            path,
            options,
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.path.display()))
    }

    fn names(&self) -> BTreeSet<OsString> {
        let entries = fs::read_dir(self.path.parent().unwrap()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    fn write(&self, text: &str) -> Written {
        write(&self.path, text.as_bytes(), &self.options).unwrap()
    }

    #[track_caller]
    fn check(&self, text: &str, expected: FileStatus) {
        assert_eq!(fs::read_to_string(&self.path).unwrap(), text);
        assert_eq!(status(&self.path, &self.options).unwrap(), expected);
    }
}

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
fn a_users_edit_stays_until_told_otherwise() {
    let mut container = Container::new();
    container.write("nameserver 192.0.2.1\n");
    fs::write(&container.path, "nameserver 192.0.2.7\n").unwrap();
    for _ in 0..2 {
        assert_eq!(container.write("nameserver 192.0.2.2\n"), Written::KeptEdit);
        container.check("nameserver 192.0.2.7\n", FileStatus::Edited);
    }
    container.options.overwrite_edits = true;
    assert_eq!(container.write("nameserver 192.0.2.2\n"), REWRITTEN);
    container.check("nameserver 192.0.2.2\n", FileStatus::Ours);
}

#[test]
fn going_back_to_the_text_before_is_an_edit_too() {
    let container = Container::new();
    container.write("nameserver 192.0.2.1\n");
    container.write("nameserver 192.0.2.2\n");
    fs::write(&container.path, "nameserver 192.0.2.1\n").unwrap();
    assert_eq!(container.write("nameserver 192.0.2.3\n"), Written::KeptEdit);
}

#[test]
fn a_file_without_a_record_counts_as_not_edited() {
    let container = Container::new();
    fs::write(&container.path, "whoever wrote this\n").unwrap();
    container.check("whoever wrote this\n", FileStatus::Unrecorded);
    assert_eq!(container.write("nameserver 192.0.2.1\n"), REWRITTEN);
    container.check("nameserver 192.0.2.1\n", FileStatus::Ours);
}

/// moby's cases: `write_file` and `user_modified` of the vectors.
#[cfg(feature = "moby")]
#[test]
fn mobys_hash_is_read_for_migration() {
    let vectors: Value = serde_json::from_str(include_str!("data/resolvconf.json")).unwrap();
    let content = "nameserver 127.0.0.11\n";
    let digest = "sha256:8c7d0e4bf2bf4ee3d85bd68a7c1bc2e1a1b8b0e3f2f7e2ab5a5d2b7a3ee3a1cb";
    for case in vectors["user_modified"].as_array().unwrap() {
        let container = Container::new();
        let hash = container.beside(".hash");
        let rule = case["hash_file"].as_str().unwrap();
        if case["rc_file"] != "absent" {
            fs::write(&container.path, content).unwrap();
        }
        let answer = match rule {
            "absent" => status(&container.path, &container.options),
            "unreadable" => {
                fs::create_dir(&hash).unwrap();
                status(&container.path, &container.options)
            }
            rule if rule.starts_with("not a digest") => {
                fs::write(&hash, format!("{digest}\n")).unwrap();
                let found = status(&container.path, &container.options);
                assert_eq!(found.unwrap_err().kind(), ErrorKind::InvalidState);
                fs::write(&hash, "nonsense").unwrap();
                status(&container.path, &container.options)
            }
            _ => {
                fs::write(&hash, moby_hash(content)).unwrap();
                status(&container.path, &container.options)
            }
        };
        match case["result"].as_str().unwrap() {
            "error" => assert!(answer.is_err(), "{case}"),
            _ => assert!(!matches!(answer.unwrap(), FileStatus::Edited), "{case}"),
        }
    }
}

#[cfg(feature = "moby")]
#[test]
fn an_edit_that_mobys_hash_shows_stays() {
    let container = Container::new();
    fs::write(&container.path, "nameserver 127.0.0.11\n").unwrap();
    fs::write(
        container.beside(".hash"),
        moby_hash("nameserver 127.0.0.11\n"),
    )
    .unwrap();
    container.check("nameserver 127.0.0.11\n", FileStatus::Ours);
    fs::write(&container.path, "edited\n").unwrap();
    assert_eq!(container.write("nameserver 192.0.2.1\n"), Written::KeptEdit);
    fs::write(&container.path, "nameserver 127.0.0.11\n").unwrap();
    assert_eq!(container.write("nameserver 192.0.2.1\n"), REWRITTEN);
    // From here on our record counts and the hash, stale now, does not.
    container.check("nameserver 192.0.2.1\n", FileStatus::Ours);
}

/// What cannot be checked is not "not edited".
#[cfg(not(feature = "moby"))]
#[test]
fn without_the_feature_mobys_hash_is_an_error() {
    let container = Container::new();
    fs::write(&container.path, "nameserver 127.0.0.11\n").unwrap();
    fs::write(
        container.beside(".hash"),
        format!("sha256:{}", "0".repeat(64)),
    )
    .unwrap();
    let error = write(&container.path, b"new\n", &container.options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert_eq!(
        fs::read_to_string(&container.path).unwrap(),
        "nameserver 127.0.0.11\n"
    );
}

#[cfg(feature = "moby")]
fn moby_hash(content: &str) -> String {
    let mut child = std::process::Command::new("sha256sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), content.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap().stdout;
    format!(
        "sha256:{}",
        String::from_utf8(output)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
    )
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

#[test]
fn a_record_that_is_none_is_an_error_and_nothing_is_written() {
    let container = Container::new();
    container.write("ours\n");
    fs::write(container.beside(".state"), "nonsense").unwrap();
    let error = write(&container.path, b"new\n", &container.options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert_eq!(error.path(), Some(&*container.beside(".state")));
    assert_eq!(fs::read_to_string(&container.path).unwrap(), "ours\n");
}

#[test]
fn a_write_that_was_cut_off_is_repaired_and_an_edit_after_it_stays() {
    let container = Container::new();
    container.write("nameserver 192.0.2.1\noptions edns0\n");
    container.write("nameserver 192.0.2.2\n");
    let record = fs::read_to_string(container.beside(".state")).unwrap();
    fs::write(
        container.beside(".state"),
        record.replacen("settled", "pending", 1),
    )
    .unwrap();
    for cut in [
        "nameserver 192.0.2.1\noptions edns0\n",
        "nameserver 192.0.2.2\n\n\n\n",
        "nameserver 192.0.2.2\n\n\n\nions edns0\n",
    ] {
        fs::write(&container.path, cut).unwrap();
        let found = status(&container.path, &container.options).unwrap();
        assert!(
            matches!(found, FileStatus::Ours | FileStatus::Interrupted),
            "{cut:?}: {found:?}"
        );
    }
    fs::write(&container.path, "nameserver 192.0.2.7\n").unwrap();
    container.check("nameserver 192.0.2.7\n", FileStatus::Edited);
    fs::write(&container.path, "nameserver 192.0.2.2\n\n\n").unwrap();
    assert_eq!(container.write("nameserver 192.0.2.3\n"), REWRITTEN);
    container.check("nameserver 192.0.2.3\n", FileStatus::Ours);
}

#[test]
fn someone_who_keeps_the_file_open_holds_up_nobody() {
    let mut container = Container::new();
    container.options.patience = Duration::from_millis(5);
    container.write("before\n");
    let reader = fs::File::open(&container.path).unwrap();
    let written = container.write("after, and longer\n");
    assert_eq!(written, Written::Rewritten { exclusive: false });
    drop(reader);
    container.check("after, and longer\n", FileStatus::Ours);
}

/// Patience beyond what a clock can show is patience for ever; no deadline overflows, and no
/// record stays pending.
#[test]
fn patience_without_end() {
    let mut container = Container::new();
    for patience in [Duration::MAX, Duration::from_secs(u64::MAX / 4)] {
        container.options.patience = patience;
        for text in ["one\n", "two and more\n"] {
            container.write(text);
            container.check(text, FileStatus::Ours);
            let record = fs::read_to_string(container.beside(".state")).unwrap();
            assert!(record.starts_with("resolvconf-state 2 settled"), "{record}");
        }
    }
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

#[test]
fn writers_take_turns() {
    let mut container = Container::new();
    container.options.durable = false;
    let container = &container;
    thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for round in 0..50 {
                    let text = format!("# {writer}\n").repeat(round + 1);
                    assert_ne!(container.write(&text), Written::KeptEdit);
                }
            });
        }
    });
    assert_eq!(
        status(&container.path, &container.options).unwrap(),
        FileStatus::Ours
    );
}

/// Rewrites seen by readers in pieces; the counted run over file systems is an example,
/// `rewrite_under_readers`.
#[test]
fn readers_see_one_text_or_another_and_nothing_else() {
    let mut container = Container::new();
    container.options.durable = false;
    container.options.patience = Duration::from_secs(10);
    let texts: Vec<String> = (0..4_usize)
        .map(|n| format!("nameserver 192.0.2.{n}\n").repeat(1 + n * 17))
        .collect();
    container.write(&texts[0]);
    let (done, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for piece in [64, 4096] {
            let (container, texts, done, reads) = (&container, &texts, &done, &reads);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let seen = read_in_pieces(&container.path, piece);
                    assert!(texts.contains(&seen), "{seen:?}");
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 1..200 {
            assert_eq!(container.write(&texts[round * 7 % 4]), REWRITTEN);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(reads.load(Ordering::Relaxed) > 0);
}

fn read_in_pieces(path: &PathBuf, piece: usize) -> String {
    let mut file = fs::File::open(path).unwrap();
    let (mut seen, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match std::io::Read::read(&mut file, &mut buffer).unwrap() {
            0 => return String::from_utf8(seen).unwrap(),
            read => seen.extend_from_slice(&buffer[..read]),
        }
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
