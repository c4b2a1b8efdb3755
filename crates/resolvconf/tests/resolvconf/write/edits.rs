//! Edits of a user, and records that tell of them.

use std::fs;

use resolvconf::{ErrorKind, FileStatus, Written, status, write};
#[cfg(feature = "moby")]
use serde_json::Value;

use super::container::{Container, REWRITTEN};

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
    let vectors: Value = serde_json::from_str(include_str!("../data/resolvconf.json")).unwrap();
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
