//! Why a runtime would not start.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use runtimes::{
    Config, PreflightFault, Registry, ResolveError, RuntimeEntry, RuntimeFaultKind, Runtimes,
    TableOptions, can_start, locate,
};
use support::namespace::own_with_tmpfs;
use support::skip::in_part;
use support::space::Space;

use crate::support::{as_nobody, closed_dir, names, open_to_all, program, unchecked, wrappers};

pub(crate) fn why(error: ResolveError) -> PreflightFault {
    match error {
        ResolveError::Preflight { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn preflight_says_why() {
    let temp = tempfile::tempdir().unwrap();
    let good = program(&temp.path().join("good"), "#!/bin/sh\n");
    let plain = temp.path().join("plain");
    fs::write(&plain, "").unwrap();
    let path = OsString::from(format!(":relative:/nonexistent:{}", temp.path().display()));
    let check = |name: &Path| locate(name, &path);
    assert_eq!(check(&good), Ok(good.clone()));
    assert_eq!(check(Path::new("good")), Ok(good.clone()));
    assert_eq!(
        check(Path::new("/nonexistent/x")),
        Err(PreflightFault::Missing)
    );
    assert_eq!(
        check(&good.join("x")),
        Err(PreflightFault::Unreachable(nix::libc::ENOTDIR))
    );
    assert_eq!(check(temp.path()), Err(PreflightFault::NotAFile));
    assert_eq!(check(&plain), Err(PreflightFault::NotExecutable));
    assert_eq!(check(Path::new("plain")), Err(PreflightFault::NotInPath));
    assert_eq!(check(Path::new("bin/x")), Err(PreflightFault::Relative));
    assert_eq!(check(Path::new("./good")), Err(PreflightFault::Relative));
    assert_eq!(check(Path::new("-good")), Err(PreflightFault::LeadingDash));
    assert_eq!(
        locate(Path::new("good"), "".as_ref()),
        Err(PreflightFault::NotInPath)
    );
    let loops = temp.path().join("loop");
    std::os::unix::fs::symlink(&loops, &loops).unwrap();
    assert_eq!(check(&loops), Err(PreflightFault::Unreachable(40)));
}

#[test]
fn a_file_that_the_kernel_would_not_run_is_told_with_its_reason() {
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = program(&temp.path().join(name), "");
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut foreign = fs::read("/proc/self/exe").unwrap();
    foreign.truncate(4096);
    // AVR, of which there is no Linux.
    foreign[18..20].copy_from_slice(&83_u16.to_ne_bytes());
    let missing = PathBuf::from("/nonexistent/sh");
    let interpreter = |path: &Path| PreflightFault::Interpreter {
        path: path.to_owned(),
    };
    let other = PreflightFault::OtherMachine {
        machine: "ELF machine 83".to_owned(),
    };
    for (name, bytes, want) in [
        ("good", &b"#!/bin/sh\nexit 0\n"[..], None),
        ("empty", b"", Some(PreflightFault::Empty)),
        ("text", b"exit 0\n", Some(PreflightFault::NotAProgram)),
        (
            "crlf",
            b"#!/bin/sh\r\nexit 0\r\n",
            Some(PreflightFault::CarriageReturn),
        ),
        ("gone", b"#!/nonexistent/sh\n", Some(interpreter(&missing))),
        ("foreign", &foreign, Some(other)),
    ] {
        let found = can_start(&file(name, bytes), "".as_ref()).err();
        assert_eq!(found, want, "{name}");
    }
    assert!(can_start(Path::new("/proc/self/exe"), "".as_ref()).is_ok());
}

#[test]
fn slips_of_the_pen_are_told() {
    let temp = tempfile::tempdir().unwrap();
    let good = program(&temp.path().join("good"), "#!/bin/sh\n");
    let (good, path) = (good.display().to_string(), temp.path().as_os_str());
    let check = |text: &str| can_start(Path::new(text), path).unwrap_err();
    assert_eq!(check(&format!("{good} ")), PreflightFault::TrailingBlank);
    assert_eq!(check("good\n"), PreflightFault::TrailingBlank);
    for begin in [" ", "\n", "\t "] {
        for end in ["", " "] {
            let text = format!("{begin}{good}{end}");
            assert_eq!(check(&text), PreflightFault::LeadingBlank, "{text:?}");
        }
    }
    assert_eq!(check(" good"), PreflightFault::LeadingBlank);
    assert_eq!(check("  "), PreflightFault::NotInPath);
    assert_eq!(check("~/bin/good"), PreflightFault::Tilde);
    assert_eq!(
        check(&format!("{good} --debug")),
        PreflightFault::GluedArguments
    );
    assert_eq!(check("good --debug"), PreflightFault::GluedArguments);
    assert_eq!(check("bad --debug"), PreflightFault::NotInPath);
    assert_eq!(check("./good"), PreflightFault::Relative);
}

#[test]
fn shims_are_looked_for_as_containerd_does() {
    let temp = tempfile::tempdir().unwrap();
    program(&temp.path().join("containerd-shim-kata-v2"), "#!/bin/sh\n");
    let own = program(&temp.path().join("own"), "#!/bin/sh\n");
    let mut config = Config::default();
    let own = own.to_str().unwrap();
    for (name, shim) in [
        ("kata", "io.containerd.kata.v2"),
        ("own", own),
        ("gone", "io.x.gone.v1"),
    ] {
        config
            .runtimes
            .insert(name.to_owned(), RuntimeEntry::shim(shim));
    }
    config.default_runtime = Some("io.containerd.wasm.v1".to_owned());
    let mut settings = TableOptions::new("/s");
    settings.search_path = temp.path().into();
    let table = Runtimes::build(&config.check().unwrap(), &settings);
    assert!(table.preflight("kata").is_ok());
    assert!(table.preflight("own").is_ok());
    let faults: Vec<String> = table
        .cannot_start()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        faults,
        [
            r#"runtime "gone": "io.x.gone.v1": the shim containerd-shim-gone-v1 is not in PATH"#,
            r#"runtime "io.containerd.wasm.v1": "io.containerd.wasm.v1": the shim containerd-shim-wasm-v1 is not in PATH"#,
        ]
    );
}

#[test]
fn a_reload_says_which_of_the_new_runtimes_cannot_start() {
    let temp = tempfile::tempdir().unwrap();
    let settings = TableOptions::new(temp.path().join("scripts"));
    let mut config = unchecked(&[("good", "/bin/true", &["x"])]);
    config.default_runtime = Some("good".to_owned());
    let (registry, report) = Registry::open(&config.clone().check().unwrap(), settings).unwrap();
    assert_eq!(report.cannot_start, [""; 0]);
    config
        .runtimes
        .insert("bad".to_owned(), RuntimeEntry::program("/nope/bin"));
    config.default_runtime = Some("bad".to_owned());
    let report = registry.reload(&config.clone().check().unwrap()).unwrap();
    let want = r#"runtime "bad": "/nope/bin": no such file"#;
    assert_eq!(report.cannot_start, [want]);
    assert!(report.to_string().contains(want), "{report}");
    // The default is told each time. Another one that has not changed is not told again.
    let report = registry.reload(&config.clone().check().unwrap()).unwrap();
    assert_eq!(report.cannot_start, [want]);
    assert_eq!(
        report.to_string(),
        format!("runtimes unchanged, cannot start: {want}")
    );
    config.default_runtime = Some("good".to_owned());
    let report = registry.reload(&config.check().unwrap()).unwrap();
    assert_eq!(report.cannot_start, [""; 0]);
}

/// A default whose program goes away while the table stays the same.
#[test]
fn a_reload_of_the_same_table_says_that_the_default_is_gone() {
    let temp = tempfile::tempdir().unwrap();
    let program = temp.path().join("runtime");
    fs::copy("/bin/true", &program).unwrap();
    let mut config = Config::default();
    let entry = RuntimeEntry::program(&program);
    config.runtimes.insert("a".to_owned(), entry);
    config.default_runtime = Some("a".to_owned());
    let config = config.check().unwrap();
    let settings = TableOptions::new(temp.path().join("scripts"));
    let (registry, report) = Registry::open(&config, settings).unwrap();
    assert_eq!(report.cannot_start, [""; 0]);
    fs::remove_file(&program).unwrap();
    let report = registry.reload(&config).unwrap();
    assert!(report.is_unchanged());
    let why = format!("runtime \"a\": {program:?}: no such file");
    assert_eq!(report.cannot_start, [why]);
}

/// Paths that differ only in slashes are equal to the standard library. The kernel refuses the one
/// with a slash at its end.
#[test]
fn paths_that_differ_in_slashes_are_two_programs() {
    let temp = tempfile::tempdir().unwrap();
    let settings = TableOptions::new(temp.path().join("scripts"));
    let of = |path: &str, args: &[&str]| {
        let mut config = Config::default();
        let entry = RuntimeEntry::wrapper(path, args.iter().copied());
        config.runtimes.insert("a".to_owned(), entry);
        config
            .runtimes
            .insert("b".to_owned(), RuntimeEntry::program("/bin/true"));
        config.default_runtime = Some("b".to_owned());
        config.check().unwrap()
    };
    for args in [&[][..], &["x"]] {
        for odd in ["/bin/true/", "/bin/true//", "/bin/true/."] {
            let (registry, report) = Registry::open(&of(odd, args), settings.clone()).unwrap();
            assert_eq!(report.cannot_start.len(), 1, "{report}");
            let probed = registry.load().probed();
            let reason = |name| format!("{:?}", probed.lookup(name).unwrap().features);
            assert!(reason("a").contains("Not a directory"), "{}", reason("a"));
            assert!(!reason("b").contains("Not a directory"), "{}", reason("b"));
            let report = registry.reload(&of("/bin/true", args)).unwrap();
            assert_eq!(report.changed, ["a"], "{odd}");
            assert_eq!(report.cannot_start, [""; 0]);
            registry.load().preflight("a").unwrap();
        }
    }
}

/// A reload back to the built-in default is a reload to a default, too.
#[test]
fn a_reload_to_a_missing_built_in_default_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let mut settings = TableOptions::new(temp.path().join("scripts"));
    settings.search_path = temp.path().into();
    let mut config = unchecked(&[("good", "/bin/true", &["x"])]);
    config.default_runtime = Some("good".to_owned());
    let (registry, _) = Registry::open(&config.clone().check().unwrap(), settings).unwrap();
    config.default_runtime = None;
    let report = registry.reload(&config.check().unwrap()).unwrap();
    assert_eq!(
        report.cannot_start,
        [r#"runtime "runc": "runc": not found in PATH"#]
    );
    let faults = registry.load().faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].is_default && faults[0].kind == RuntimeFaultKind::CannotStart);
}

#[test]
fn what_cannot_be_seen_is_not_called_missing() {
    let temp = tempfile::tempdir().unwrap();
    open_to_all(temp.path());
    let closed = temp.path().join("closed");
    closed_dir(&closed);
    let denied = PreflightFault::Unreachable(nix::libc::EACCES);
    let path = format!("{}:/nonexistent", closed.display());
    let expected = denied.clone();
    as_nobody(|| {
        let denied = expected;
        assert_eq!(
            locate(&closed.join("program"), "".as_ref()),
            Err(denied.clone())
        );
        assert_eq!(
            locate(Path::new("program"), path.as_ref()),
            Err(denied.clone())
        );
        let found = locate(Path::new("sh"), format!("{path}:/bin").as_ref());
        assert_eq!(found, Ok("/bin/sh".into()));
    });

    let config = wrappers(&[("rt", "/bin/true", &["x"])]);
    let settings = TableOptions::new(temp.path().join("scripts"));
    let table = Runtimes::build(&config, &settings);
    table.resolve_and_publish("rt").unwrap();
    let resolved = || table.resolve("rt").map(drop).map_err(why);
    if nix::unistd::geteuid().is_root() {
        assert_eq!(as_nobody(resolved), Err(denied));
    } else {
        in_part("needs root: somebody else's directory");
    }
    assert_eq!(resolved(), Ok(()));
    fs::remove_dir_all(&settings.script_dir).unwrap();
    assert_eq!(resolved(), Err(PreflightFault::ScriptMissing));
}

#[test]
fn only_wrappers_are_checked_when_resolved() {
    let temp = tempfile::tempdir().unwrap();
    let mut config = unchecked(&[("args", "/nonexistent/x", &["y"])]);
    config
        .runtimes
        .insert("plain".to_owned(), RuntimeEntry::program("/nonexistent/x"));
    let table = Runtimes::build(&config.check().unwrap(), &TableOptions::new(temp.path()));
    assert!(table.resolve("plain").is_ok());
    assert_eq!(
        why(table.preflight("plain").unwrap_err()),
        PreflightFault::Missing
    );
    let error = table.resolve("args").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"runtime "args": "/nonexistent/x": no such file"#
    );
    assert_eq!(error.kind(), "preflight");
}

#[test]
fn noexec_is_seen_beforehand() {
    own_with_tmpfs(Space::MOUNTS, |base| {
        let temp = base.join("noexec");
        fs::create_dir(&temp).unwrap();
        let options = Some("mode=0700");
        mount(Some("t"), &temp, Some("tmpfs"), MsFlags::MS_NOEXEC, options).unwrap();
        let binary = program(&temp.join("rt"), "#!/bin/sh\n");
        let config = wrappers(&[
            ("in", "/bin/true", &["x"]),
            ("on", binary.to_str().unwrap(), &["x"]),
        ]);
        let scripts = temp.join("scripts");
        let table = Runtimes::build(&config, &TableOptions::new(&scripts));
        assert_eq!(
            why(table.preflight("on").unwrap_err()),
            PreflightFault::NoExec
        );
        let error = table.resolve_and_publish("in").unwrap_err();
        assert_eq!(why(error), PreflightFault::ScriptsNoExec);
        let error = Registry::open(&config, TableOptions::new(&scripts)).unwrap_err();
        assert_eq!(error.kind(), runtimes::ErrorKind::NoExec);
        assert!(names(&scripts).is_empty());
    });
}

#[test]
fn a_missing_shell_is_seen_beforehand() {
    own_with_tmpfs(Space::MOUNTS, |temp| {
        // Something that cannot be executed, over the shell.
        let cover = temp.join("cover");
        fs::write(&cover, "").unwrap();
        fs::set_permissions(&cover, fs::Permissions::from_mode(0o644)).unwrap();
        let shell = fs::canonicalize("/bin/sh").unwrap();
        let none = None::<&str>;
        mount(Some(&cover), &shell, none, MsFlags::MS_BIND, none).unwrap();
        let config = wrappers(&[("a", "/bin/true", &["x"])]);
        let scripts = temp.join("scripts");
        let table = Runtimes::build(&config, &TableOptions::new(&scripts));
        assert_eq!(
            why(table.resolve_and_publish("a").unwrap_err()),
            PreflightFault::NoShell
        );
        let error = Registry::open(&config, TableOptions::new(&scripts)).unwrap_err();
        assert_eq!(error.kind(), runtimes::ErrorKind::NoShell);
        assert!(names(&scripts).is_empty());
    });
}
