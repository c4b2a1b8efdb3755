//! Plans carried out on real mounts.

mod identity;

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use rootmount::{
    CleanupReport, Detach, ErrorKind, MountLife, MountUse, Outcome, PlanOptions, RootAction,
    RootOutcome, Rules, StepReport, execute, execute_with, plan,
};
use support::guest::is_guest;

use crate::mounts::*;

fn outcomes(report: &CleanupReport) -> Vec<&'static str> {
    report.steps().iter().map(|s| s.outcome.as_str()).collect()
}

#[test]
fn leftovers_go_and_the_rest_stays() {
    isolated(|base| {
        let root = data_root(base);
        let merged = overlay(&root.join("overlay2").join(id(1)));
        tmpfs(&merged.join("etc"));
        shm(&root, 1);
        tmpfs(&root.join("rootfs/overlayfs").join(id(2)));
        let volume = tmpfs(&root.join("volumes/data/_data"));
        let other = tmpfs(
            &base
                .join("docker2/containers")
                .join(id(1))
                .join("mounts/shm"),
        );
        let plan = sweep(&root);
        assert_eq!(plan.steps().len(), 4, "{plan}");
        let report = execute(&plan, &options()).unwrap();
        assert_eq!(outcomes(&report), ["unmounted"; 4], "{report}");
        assert!(report.is_clean());
        assert_eq!(points(base), [base.to_path_buf(), volume, other]);
        assert_eq!(
            *report.root(),
            RootOutcome::Untouched(plan.root_decision().clone())
        );
        assert!(sweep(&root).is_empty());
    });
}

#[test]
fn awkward_names_are_no_hindrance() {
    isolated(|base| {
        let root = base.join(name(b"my disk\n\\ \xff"));
        shm(&root, 1);
        let deep = root
            .join("d".repeat(200))
            .join("e".repeat(200))
            .join("pods");
        tmpfs(&deep.join(name(b"\xe9 1")));
        let rules = Rules::sweep()
            .with_custom([r"(?s-u)d+/e+/pods/.*"])
            .unwrap();
        let plan = plan(&table(), &rules, &PlanOptions::new(&root)).unwrap();
        assert_eq!(
            outcomes(&execute(&plan, &options()).unwrap()),
            ["unmounted"; 2]
        );
        assert_eq!(points(base).len(), 1);
    });
}

#[test]
fn paths_longer_than_path_max_are_reached() {
    isolated(|base| {
        let root = data_root(base);
        // Mounted from inside: no call takes a path that long.
        let mut at = root.clone();
        std::env::set_current_dir(&at).unwrap();
        for _ in 0..20 {
            let part = "p".repeat(240);
            std::fs::create_dir(&part).unwrap();
            std::env::set_current_dir(&part).unwrap();
            at.push(part);
        }
        tmpfs(Path::new("m"));
        at.push("m");
        std::env::set_current_dir("/").unwrap();
        let rules = Rules::empty().with_custom(["(p+/)+m"]).unwrap();
        let plan = plan(&table(), &rules, &PlanOptions::new(&root)).unwrap();
        if plan.steps().is_empty() {
            // The kernel may print no path that is longer than a page.
            return;
        }
        assert_eq!(plan.steps()[0].mount.mount_point, at);
        assert_eq!(
            outcomes(&execute(&plan, &options()).unwrap()),
            ["unmounted"]
        );
    });
}

#[test]
fn stacks_go_from_the_top() {
    isolated(|base| {
        let root = data_root(base);
        for _ in 0..3 {
            shm(&root, 1);
        }
        let plan = sweep(&root);
        assert!(plan.steps().iter().all(|s| !s.hidden));
        assert_eq!(
            outcomes(&execute(&plan, &options()).unwrap()),
            ["unmounted"; 3]
        );
        assert_eq!(points(&root).len(), 0);
    });
}

#[test]
fn a_busy_mount_is_detached_and_the_report_says_so() {
    isolated(|base| {
        let root = data_root(base);
        let point = shm(&root, 1);
        let held = File::create(point.join("held")).unwrap();
        let plan = sweep(&root);
        let mut never = options();
        never.detach = Detach::Never;
        let report = execute(&plan, &never).unwrap();
        assert_eq!(outcomes(&report), ["busy"], "{report}");
        assert_eq!(report.steps()[0].attempts, 2);
        let Outcome::Busy { holders } = &report.steps()[0].outcome else {
            panic!("{report}");
        };
        let us = holders
            .processes
            .iter()
            .find(|p| p.pid == std::process::id());
        let uses = &us.unwrap_or_else(|| panic!("{holders:?}")).uses;
        assert!(matches!(uses[..], [MountUse::Descriptor(_)]), "{holders:?}");
        assert!(holders.is_searched && holders.to_string().contains(", descriptor "));
        assert!(!report.is_clean());
        assert_eq!(points(&root).len(), 1);
        let report = execute(&plan, &options()).unwrap();
        assert_eq!(outcomes(&report), ["detached"], "{report}");
        assert_eq!(report.steps()[0].attempts, 3);
        assert!(report.is_clean());
        assert_eq!(points(&root).len(), 0);
        let step = &report.steps()[0];
        let sees = sees_the_end(step);
        assert_eq!(step.life(), Some(told(sees, MountLife::Detached)));
        drop(held);
        assert_eq!(end_of(step), told(sees, MountLife::Gone));
    });
}

fn sees_the_end(step: &StepReport) -> bool {
    let witness = step.mount_witness.as_ref();
    witness.is_some_and(|witness| witness.sees_the_end())
}

/// In a user namespace the kernel sets no mark, so the end of a mount is not seen there.
fn told(sees: bool, life: MountLife) -> MountLife {
    match sees {
        true => life,
        false => MountLife::Unknown,
    }
}

/// What is said of a detached mount when the kernel has had the time to free it.
fn end_of(step: &StepReport) -> MountLife {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match step.life().expect("it was detached") {
            MountLife::Detached if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(1));
            }
            life => return life,
        }
    }
}

/// More than a user may have descriptors for marks (128). Each step knows of its own mount alone.
/// In a VM the processor is emulated, and so many busy mounts would not answer within their limit.
#[test]
fn every_lazily_detached_mount_can_be_asked_about_later() {
    isolated(|base| {
        let root = data_root(base);
        let many = if is_guest() { 8 } else { 150 };
        let held: Vec<File> = (0..many)
            .map(|n| File::create(shm(&root, n).join("held")).unwrap())
            .collect();
        shm(&root, 900);
        let plan = sweep(&root);
        let mut options = options();
        options.busy_retries = 0;
        let report = execute(&plan, &options).unwrap();
        let (detached, gone): (Vec<_>, Vec<_>) = report
            .steps()
            .iter()
            .partition(|step| step.life().is_some());
        assert_eq!((detached.len(), gone.len()), (many, 1), "{report}");
        assert_eq!(gone[0].mount_witness, None);
        let sees = sees_the_end(detached[0]);
        for step in &detached {
            assert_eq!(sees_the_end(step), sees, "{step}");
            assert_eq!(step.life(), Some(told(sees, MountLife::Detached)), "{step}");
        }
        // A copy of the report asks the same witness.
        let copy = report.clone();
        assert_eq!(copy, report);
        drop(held);
        for step in copy.steps().iter().filter(|step| step.life().is_some()) {
            assert_eq!(end_of(step), told(sees, MountLife::Gone), "{step}");
        }
    });
}

#[test]
fn a_lazy_detach_takes_no_mount_that_was_not_planned() {
    isolated(|base| {
        let root = data_root(base);
        let point = shm(&root, 1);
        let plan = sweep(&root);
        let late = tmpfs(&point.join("late"));
        let report = execute(&plan, &options()).unwrap();
        assert_eq!(outcomes(&report), ["busy"], "{report}");
        let Outcome::Busy { holders } = &report.steps()[0].outcome else {
            panic!("{report}");
        };
        assert_eq!(holders.mounts, std::slice::from_ref(&late));
        assert_eq!(holders.to_string(), format!("the mount {}", late.display()));
        assert_eq!(points(&root), [point, late]);
    });
}

#[test]
fn many_leftovers_go_in_parallel_and_in_order() {
    isolated(|base| {
        let root = data_root(base);
        for n in 0..60 {
            let point = shm(&root, n);
            tmpfs(&point.join("a"));
            tmpfs(&point.join("a/b"));
        }
        let plan = sweep(&root);
        let mut options = options();
        options.parallel_from = 2;
        let (mut calls, mut last) = (0, 0);
        let report = execute_with(&plan, &options, |progress| {
            calls += 1;
            assert_eq!(progress.total, 180);
            last = progress.done;
        })
        .unwrap();
        assert_eq!((calls, last), (180, 180));
        assert!(
            report
                .steps()
                .iter()
                .all(|s| s.outcome == Outcome::Unmounted && s.attempts == 1),
            "{report}"
        );
        assert!(
            report
                .steps()
                .iter()
                .map(|s| s.step.mount.mount_id)
                .eq(plan.steps().iter().map(|s| s.mount.mount_id))
        );
        assert_eq!(points(&root).len(), 0);
    });
}

#[test]
fn a_failed_step_stops_nothing_else() {
    isolated(|base| {
        let root = data_root(base);
        let points_made: Vec<_> = (0..4).map(|n| shm(&root, n)).collect();
        let held = File::create(points_made[1].join("held")).unwrap();
        let mut never = options();
        never.detach = Detach::Never;
        let report = execute(&sweep(&root), &never).unwrap();
        assert_eq!(report.left().count(), 1);
        assert_eq!(points(&root), [points_made[1].clone()]);
        drop(held);
    });
}

#[test]
fn live_containers_are_left_alone() {
    isolated(|base| {
        let root = data_root(base);
        let live = shm(&root, 1);
        let below = tmpfs(&live.join("x"));
        shm(&root, 2);
        let options_for_plan = PlanOptions::new(&root).keep([id(1)]);
        let plan = plan(&table(), &Rules::sweep(), &options_for_plan).unwrap();
        let report = execute(&plan, &options()).unwrap();
        assert_eq!(outcomes(&report), ["unmounted"]);
        assert_eq!(points(&root), [live, below]);
        assert_eq!(report.kept().len(), 2);
    });
}

#[test]
fn bad_roots_are_refused_before_anything() {
    isolated(|base| {
        let root = data_root(base);
        shm(&root, 1);
        let plan = sweep(&root);
        let other = base.join("other");
        std::fs::rename(&root, &other).unwrap();
        assert_eq!(
            execute(&plan, &options()).unwrap_err().kind(),
            ErrorKind::BadRoot
        );
        std::os::unix::fs::symlink(&other, &root).unwrap();
        assert_eq!(
            execute(&plan, &options()).unwrap_err().kind(),
            ErrorKind::BadRoot
        );
        assert_eq!(points(&other).len(), 1);
        for (path, why) in [
            ("relative", "absolute"),
            ("/", "root directory"),
            ("/no/such", "resolved"),
        ] {
            let error = rootmount::resolve_root(Path::new(path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BadRoot);
            assert!(error.to_string().contains(why), "{error}");
        }
        let file = base.join("file");
        File::create(&file).unwrap();
        let error = rootmount::resolve_root(&file).unwrap_err();
        assert!(error.to_string().contains("not a directory"), "{error}");
        assert_eq!(rootmount::resolve_root(&root).unwrap(), other);
    });
}

#[test]
fn an_empty_plan_needs_no_root() {
    let table = rootmount::MountTable::from_bytes("");
    let plan = plan(&table, &Rules::sweep(), &PlanOptions::new("/no/such/root")).unwrap();
    assert_eq!(plan.root_decision().action, RootAction::None);
    assert!(execute(&plan, &options()).unwrap().is_clean());
}

on_every_kernel! {
    leftovers_go_and_the_rest_stays
    awkward_names_are_no_hindrance
    paths_longer_than_path_max_are_reached
    stacks_go_from_the_top
    a_busy_mount_is_detached_and_the_report_says_so
    a_lazy_detach_takes_no_mount_that_was_not_planned
    many_leftovers_go_in_parallel_and_in_order
    a_failed_step_stops_nothing_else
    live_containers_are_left_alone
    bad_roots_are_refused_before_anything
    every_lazily_detached_mount_can_be_asked_about_later
}
