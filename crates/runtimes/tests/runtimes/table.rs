//! The table: look-ups by moby's rules.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use runtimes::{
    Checked, Config, OptionValue, PreflightFault, RuntimeEntry, RuntimeKind, Runtimes,
    TableOptions, is_permissible,
};

use crate::preflight::why;
use crate::support::{names, program, unchecked, wrappers};

#[test]
fn built_in_runtimes() {
    let mut settings = TableOptions::new("/s");
    settings.exec_root = PathBuf::from("/run/d");
    settings.systemd_cgroup = true;
    let table = Runtimes::build(&Checked::default(), &settings);
    assert_eq!(
        table
            .iter()
            .map(|row| row.name.as_str())
            .collect::<Vec<_>>(),
        runtimes::STOCK
    );
    assert_eq!(table.default_name(), "runc");
    for name in ["", "runc", "io.containerd.runc.v2"] {
        let resolved = table.resolve(name).unwrap();
        assert_eq!(resolved.name, if name.is_empty() { "runc" } else { name });
        assert_eq!(
            (resolved.shim, resolved.script),
            ("io.containerd.runc.v2", None)
        );
        assert_eq!(
            resolved.options.unwrap().members(),
            [
                ("binary_name", OptionValue::Text("runc".as_ref())),
                ("root", OptionValue::Text("/run/d/runtime-runc".as_ref())),
                ("systemd_cgroup", OptionValue::Bool(true)),
                ("no_pivot_root", OptionValue::Bool(false)),
            ]
        );
    }
}

#[test]
fn names_that_are_no_rows() {
    let table = Runtimes::build(&Checked::default(), &TableOptions::new("/s"));
    for name in [
        "io.containerd.kata.v2",
        "a.b",
        "a..",
        "a.",
        "-x.y",
        "io.containerd.a b.v1",
        "a.\n",
    ] {
        assert!(is_permissible(name), "{name:?}");
        let resolved = table.resolve(name).unwrap();
        assert_eq!(
            (resolved.name, resolved.shim, resolved.options),
            (name, name, None)
        );
        let error = table.preflight(name).unwrap_err();
        assert!(
            matches!(why(error), PreflightFault::NoShim { .. }),
            "{name:?}"
        );
    }
    for name in [
        "myshim",
        ".a",
        "..",
        "/usr/bin/runc",
        "my/io.containerd.runc.v2",
        "/a.b",
        "Runc",
        " ",
    ] {
        assert_eq!(
            table.resolve(name).unwrap_err().kind(),
            "unknown-runtime",
            "{name:?}"
        );
    }
}

#[test]
fn the_default_may_be_anything_that_resolves() {
    let mut config = unchecked(&[("mine", "/bin/true", &["x"])]);
    config.default_runtime = Some("mine".to_owned());
    let temp = tempfile::tempdir().unwrap();
    let settings = TableOptions::new(temp.path());
    let table = Runtimes::build(&config.clone().check().unwrap(), &settings);
    assert_eq!(table.resolve_and_publish("").unwrap().name, "mine");
    config.default_runtime = Some("io.containerd.kata.v2".to_owned());
    let table = Runtimes::build(&config.check().unwrap(), &settings);
    assert_eq!(table.resolve("").unwrap().shim, "io.containerd.kata.v2");
    assert!(table.lookup("").is_none());
}

#[test]
fn a_plan_writes_nothing_and_a_question_one_script() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("scripts");
    let config = wrappers(&[
        ("a", "/bin/true", &["x"]),
        ("b", "/bin/true", &["y"]),
        ("c", "/nope", &["z"]),
    ]);
    let table = Runtimes::build(&config, &TableOptions::new(&dir));
    assert!(!dir.exists());
    assert_eq!(
        why(table.resolve("a").unwrap_err()),
        PreflightFault::ScriptMissing
    );
    assert_eq!(
        why(table.resolve_and_publish("c").unwrap_err()),
        PreflightFault::Missing
    );
    table.resolve_and_publish("runc").unwrap();
    assert!(!dir.exists());
    let resolved = table.resolve_and_publish("a").unwrap();
    let script = resolved.script.unwrap();
    assert_eq!(names(&dir), [script.file_name().unwrap().to_str().unwrap()]);
    let options = resolved.options.unwrap().as_runc().unwrap();
    assert_eq!(options.binary_name.as_deref(), Some(script.as_os_str()));
    assert_eq!(resolved.binary, Some(Path::new("/bin/true")));
    assert_eq!(table.lookup("a").unwrap().kind, RuntimeKind::Wrapper);
}

#[test]
fn only_sound_entries_are_shown() {
    let text = br#"{"runtimes": {"a": {}, "b": {"path": "/x", "runtimeType": "t"}, "runc": {"path": "/x"},
        "c": {"path": "/x\u0000", "runtimeArgs": ["y"]}, "d": {"path": "/x"}, "": {"path": "/x"}}}"#;
    let table = Runtimes::of_sound_entries(&Config::inspect(text), &TableOptions::new("/s"));
    let rows: Vec<_> = table.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(rows, ["d", "io.containerd.runc.v2", "runc"]);
    assert_eq!(
        table.lookup("runc").unwrap().binary.as_deref(),
        Some(Path::new("runc"))
    );
}

#[test]
fn shim_entries() {
    let mut config = Config::default();
    config.runtimes.insert(
        "w".to_owned(),
        RuntimeEntry::shim("io.containerd.wasmedge.v1"),
    );
    config
        .runtimes
        .insert("p".to_owned(), RuntimeEntry::shim("/path/to/shim"));
    let table = Runtimes::build(&config.clone().check().unwrap(), &TableOptions::new("/s"));
    for (name, shim) in [("w", "io.containerd.wasmedge.v1"), ("p", "/path/to/shim")] {
        let resolved = table.resolve(name).unwrap();
        assert_eq!(
            (resolved.shim, resolved.binary, resolved.options),
            (shim, None, None)
        );
        assert_eq!(table.lookup(name).unwrap().kind.as_str(), "shim");
    }
}

#[test]
fn other_bytes_than_utf8_go_through() {
    let odd = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let temp = tempfile::tempdir().unwrap();
    let path = program(
        &temp.path().join(odd(b"r\xfft")),
        "#!/bin/sh\nprintf %s \"$1\"\n",
    );
    let mut config = Config::default();
    config.runtimes.insert(
        "odd".to_owned(),
        RuntimeEntry::wrapper(&path, [odd(b"\xc3(")]),
    );
    let dir = temp.path().join(odd(b"s\xfe"));
    let table = Runtimes::build(&config.clone().check().unwrap(), &TableOptions::new(&dir));
    let script = table.resolve_and_publish("odd").unwrap().script.unwrap();
    assert!(script.starts_with(&dir));
    let output = std::process::Command::new(script).output().unwrap();
    assert_eq!(output.stdout, b"\xc3(");
}
