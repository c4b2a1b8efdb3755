//! Results that a user's own tests make and hand on.

use std::path::Path;

use daemon_host::rootmount::{CleanupReport, MountTable, Outcome, PlanOptions, Rules, plan};
use daemon_host::{
    Error, ErrorKind, Health, HostConfig, ReloadReport, ShutdownReport, StartReport, Step,
};

/// What a user may write: a word for a supervisor.
fn word(report: &StartReport) -> &'static str {
    match &report.sweep {
        Step::Failed(error) if error.kind() == ErrorKind::Denied => "run as root",
        Step::Failed(_) => "broken",
        _ => "started",
    }
}

#[test]
fn every_report_can_be_made_copied_and_changed() {
    let mut start = StartReport::default();
    assert_eq!(word(&start), "started");
    assert!(
        !start.is_clean(),
        "a step that did not run has swept nothing"
    );
    start.sweep = Step::Failed(Error::new(ErrorKind::Denied, "umount2(\"/x\")"));
    assert_eq!(word(&start.clone()), "run as root");
    assert!(start.to_string().contains("umount2"), "{start}");

    let mut reload = ReloadReport::default();
    reload.runtimes.added.push("crun".to_owned());
    reload.generation = 3;
    assert!(reload.clone().to_string().contains("crun"), "{reload}");

    assert!(!ShutdownReport::default().is_clean());
    let mut health = Health::default();
    assert!(health.is_fine());
    health.faults.push("no resolv.conf".to_owned());
    assert!(!health.clone().is_fine());
}

#[test]
fn a_sweep_that_left_something_can_be_played() {
    let shm = format!("/r/containers/{}/mounts/shm", "a".repeat(64));
    let table = MountTable::from_bytes(format!("2 1 0:2 / {shm} rw - tmpfs t rw\n"));
    let plan = plan(&table, &Rules::sweep(), &PlanOptions::new("/r")).unwrap();
    let report = |outcome: Outcome| {
        let mut report = ShutdownReport::default();
        report.sweep = Step::Done(CleanupReport::of(&plan, |_| outcome.clone()));
        report
    };
    assert!(report(Outcome::Unmounted).is_clean());
    assert!(
        !report(Outcome::Alive {
            by: "a test".into()
        })
        .is_clean()
    );
}

#[test]
fn a_copy_of_an_error_has_its_cause() {
    let error = HostConfig::load(Path::new("/nowhere/daemon.json")).unwrap_err();
    let copy = error.clone();
    assert_eq!(
        (copy.kind(), copy.to_string()),
        (error.kind(), error.to_string())
    );
    assert_eq!(copy.raw_os_error(), Some(2), "{copy:?}");
}
