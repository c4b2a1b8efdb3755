//! A test that cannot run is told in every place that it promises.

#![allow(clippy::unwrap_used)] // a panic in a test is the report

use std::path::Path;
use std::process::{Command, Output};

use support::namespace::{own, own_with_tmpfs};
use support::skip::{self, FILE_VARIABLE, REQUIRE_VARIABLE, Skip};
use support::space::Space;

/// Set in the copy that plays the test which cannot run.
const REFUSED: &str = "SUPPORT_TEST_REFUSED";

/// Not public: the copy that is refused starts as if from outside.
const INSIDE: &str = "DAEMON_HOST_TEST_INSIDE";

#[test]
fn a_refused_namespace_is_a_skip_and_never_a_pass() {
    if std::env::var_os(REFUSED).is_some() {
        return own(Space::MOUNTS, || panic!("the namespace was refused"));
    }
    own_with_tmpfs(Space::MOUNTS.in_new_user_namespace(), |base| {
        // For this user namespace and those below, root of it included.
        std::fs::write("/proc/sys/user/max_mnt_namespaces", "0").unwrap();
        let file = base.join("skips");
        let skipped = refused(&file, false);
        assert!(skipped.status.success());
        let text = std::fs::read_to_string(&file).unwrap();
        let told = skip::parse(&text);
        assert!(
            matches!(&told[..], [one] if one.whole && one.test == skip::this_test()),
            "{text}"
        );
        let said = String::from_utf8(skipped.stderr).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        let closing = "skipped: 1 of the tests counted as passed did not run; 0 ran in part";
        assert_eq!(lines, [told[0].to_string().as_str(), closing]);

        let failed = refused(&file, true);
        assert_eq!(failed.status.code(), Some(101));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        let said = String::from_utf8(failed.stdout).unwrap();
        assert!(said.contains(&told[0].reason), "{said}");
    });
}

/// Without `--nocapture`: what a skip says must pass libtest's capture.
fn refused(file: &Path, require: bool) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &skip::this_test()])
        .env(REFUSED, "1")
        .env(FILE_VARIABLE, file)
        .env_remove(INSIDE)
        .env_remove(REQUIRE_VARIABLE);
    if require {
        command.env(REQUIRE_VARIABLE, "1");
    }
    command.output().unwrap()
}

#[test]
fn a_skip_in_the_copy_reaches_the_outside() {
    if std::env::var_os(REFUSED).is_some() {
        return own(Space::NETWORK, || {
            skip::in_part("no\tbusybox\n on this machine");
        });
    }
    own_with_tmpfs(Space::MOUNTS.in_new_user_namespace(), |base| {
        let file = base.join("skips");
        assert!(refused(&file, false).status.success());
        let expected = Skip {
            whole: false,
            test: skip::this_test(),
            reason: "no busybox on this machine".to_owned(),
        };
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(skip::parse(&text), [expected]);
        assert_eq!(refused(&file, true).status.code(), Some(101));
    });
}

#[test]
fn what_the_copy_asserts_fails_the_test() {
    if std::env::var_os(REFUSED).is_some() {
        return own(Space::NETWORK, || assert_eq!(1 + 1, 3, "on purpose"));
    }
    own_with_tmpfs(Space::MOUNTS.in_new_user_namespace(), |base| {
        let failed = refused(&base.join("skips"), false);
        assert_eq!(failed.status.code(), Some(101));
        let said = String::from_utf8(failed.stdout).unwrap();
        assert!(said.contains("on purpose"), "{said}");
    });
}

#[test]
fn mounts_of_a_test_are_seen_by_no_other_process() {
    let table = || std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    own_with_tmpfs(Space::MOUNTS, |base| {
        let name = base.file_name().unwrap().to_str().unwrap();
        assert!(table().contains(name));
        let outside = std::os::unix::process::parent_id();
        let outside = std::fs::read_to_string(format!("/proc/{outside}/mountinfo")).unwrap();
        assert!(!outside.contains(name));
    });
}
