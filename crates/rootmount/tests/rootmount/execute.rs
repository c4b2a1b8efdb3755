//! Plans carried out on real mounts.

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::mount::{MsFlags, mount};
use rootmount::{
    CleanupReport, Detach, ErrorKind, Outcome, PlanOptions, RootAction, RootOutcome, Rules,
    execute, execute_with, plan,
};

use crate::mounts::*;

fn outcomes(report: &CleanupReport) -> Vec<&'static str> {
    report.steps().iter().map(|s| s.outcome.name()).collect()
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
        assert_eq!(plan.steps()[0].mount_point, at);
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
        let us = format!("pid {} ", std::process::id());
        assert!(
            holders
                .iter()
                .any(|h| h.contains(&us) && h.contains("descriptor")),
            "{holders:?}"
        );
        assert!(!report.is_clean());
        assert_eq!(points(&root).len(), 1);
        let report = execute(&plan, &options()).unwrap();
        assert_eq!(outcomes(&report), ["detached"], "{report}");
        assert_eq!(report.steps()[0].attempts, 3);
        assert!(report.is_clean());
        assert_eq!(points(&root).len(), 0);
        drop(held);
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
        let named = format!("the mount {}", late.display());
        assert_eq!(
            report.steps()[0].outcome,
            Outcome::Busy {
                holders: vec![named]
            }
        );
        assert_eq!(points(&root), [point, late]);
    });
}

#[test]
fn a_mount_that_is_gone_is_success() {
    isolated(|base| {
        let root = data_root(base);
        let (one, two) = (shm(&root, 1), shm(&root, 2));
        let plan = sweep(&root);
        unmount(&one);
        std::fs::remove_dir_all(one.parent().unwrap()).unwrap();
        unmount(&two);
        assert_eq!(
            outcomes(&execute(&plan, &options()).unwrap()),
            ["already-gone"; 2]
        );
    });
}

#[test]
fn another_mount_at_the_place_is_left() {
    isolated(|base| {
        let root = data_root(base);
        let (gone, covered) = (shm(&root, 1), shm(&root, 2));
        let plan = sweep(&root);
        unmount(&gone);
        // The reused id may be the very same; the device is not.
        tmpfs(&base.join("elsewhere"));
        bind(&base.join("elsewhere"), &gone);
        tmpfs(&covered);
        let report = execute(&plan, &options()).unwrap();
        // Before 6.8 the new mount may have an id that the plan knows, and ours is
        // then said to be hidden.
        let fits = |o: &Outcome| matches!(o, Outcome::Replaced { .. } | Outcome::Failed(_));
        assert!(report.steps().iter().all(|s| fits(&s.outcome)), "{report}");
        assert_eq!(points(&root).len(), 3);
    });
}

#[test]
fn a_mount_that_was_moved_away_or_hidden_is_left_and_named() {
    isolated(|base| {
        let root = data_root(base);
        shm(&root, 1);
        let hidden = shm(&root, 2);
        let plan = sweep(&root);
        let container = |n| root.join("containers").join(id(n));
        std::fs::rename(container(1), root.join("containers/moved")).unwrap();
        tmpfs(&container(2));
        std::fs::create_dir_all(&hidden).unwrap();
        let report = execute(&plan, &options()).unwrap();
        let kinds: Vec<ErrorKind> = report
            .steps()
            .iter()
            .map(|s| match &s.outcome {
                Outcome::Failed(failure) => failure.kind,
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(kinds, [ErrorKind::Hidden; 2], "{report}");
        assert!(report.to_string().contains("was moved to"), "{report}");
        assert_eq!(points(&root).len(), 3);
    });
}

#[test]
fn a_hidden_leftover_goes_after_what_hides_it() {
    isolated(|base| {
        let root = data_root(base);
        shm(&root, 1);
        tmpfs(&root.join("containers"));
        let rules = Rules::sweep().with_custom(["containers"]).unwrap();
        let plan = plan(&table(), &rules, &PlanOptions::new(&root)).unwrap();
        assert!(plan.steps()[1].hidden);
        assert_eq!(
            outcomes(&execute(&plan, &options()).unwrap()),
            ["unmounted"; 2]
        );
    });
}

#[test]
fn symlinks_lead_nowhere() {
    isolated(|base| {
        let root = data_root(base);
        let victim = tmpfs(&base.join("victim").join(id(1)).join("mounts/shm"));
        shm(&root, 1);
        let plan = sweep(&root);
        // The scanned path now leads to the victim.
        std::fs::rename(root.join("containers"), root.join("away")).unwrap();
        std::os::unix::fs::symlink(base.join("victim"), root.join("containers")).unwrap();
        let report = execute(&plan, &options()).unwrap();
        assert_eq!(report.left().count(), 1, "{report}");
        assert!(points(base).contains(&victim));
        // And so does the name itself.
        let last = root.join("rootfs/s").join(id(3));
        tmpfs(&last);
        let plan = sweep(&root);
        unmount(&last);
        std::fs::remove_dir(&last).unwrap();
        std::os::unix::fs::symlink(&victim, &last).unwrap();
        let report = execute(&plan, &options()).unwrap();
        assert!(
            report
                .steps()
                .iter()
                .all(|s| s.outcome != Outcome::Unmounted),
            "{report}"
        );
        assert!(points(base).contains(&victim));
    });
}

#[test]
fn a_race_of_renames_never_reaches_outside() {
    isolated(|base| {
        let root = data_root(base);
        let victim = tmpfs(&base.join("victim").join(id(1)).join("mounts/shm"));
        let (containers, away, link) = (
            root.join("containers"),
            root.join("away"),
            root.join("link"),
        );
        std::os::unix::fs::symlink(base.join("victim"), &link).unwrap();
        let place = containers.join(id(1)).join("mounts/shm");
        std::fs::create_dir_all(&place).unwrap();
        let (stop, turn) = (AtomicBool::new(false), Mutex::new(()));
        let swap = || {
            while !stop.load(Ordering::Relaxed) {
                let _whole = turn.lock().unwrap();
                for (from, to) in [
                    (&containers, &away),
                    (&link, &containers),
                    (&containers, &link),
                    (&away, &containers),
                ] {
                    std::fs::rename(from, to).unwrap();
                }
            }
        };
        let mut gone = 0;
        let mut tries = || {
            for _ in 0..400 {
                let plan = {
                    let _whole = turn.lock().unwrap();
                    if points(&root).is_empty() {
                        tmpfs(&place);
                    }
                    sweep(&root)
                };
                let report = execute(&plan, &options()).unwrap();
                gone += report
                    .steps()
                    .iter()
                    .filter(|s| s.outcome == Outcome::Unmounted)
                    .count();
                assert!(points(base).contains(&victim), "{report}");
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(swap);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&mut tries));
            stop.store(true, Ordering::Relaxed);
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
        assert!(gone > 0, "the race was never won by the clean-up");
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
                .map(|s| s.step.mount_id)
                .eq(plan.steps().iter().map(|s| s.mount_id))
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
fn it_works_without_proc() {
    isolated(|base| {
        let root = data_root(base);
        shm(&root, 1);
        tmpfs(&shm(&root, 2).join("sub"));
        let plan = sweep(&root);
        // What a mount table looks like must come from somewhere else then.
        let saved = base.join("mountinfo");
        std::fs::copy("/proc/thread-self/mountinfo", &saved).unwrap();
        tmpfs(Path::new("/proc"));
        let mut options = options();
        options.mountinfo = saved;
        let report = execute(&plan, &options).unwrap();
        unmount(Path::new("/proc"));
        assert_eq!(outcomes(&report), ["unmounted"; 3], "{report}");
        assert_eq!(points(&root).len(), 0);
    });
}

#[test]
fn seen_from_a_chroot_other_mounts_are_not_taken_for_the_planned() {
    isolated_as_root(|base| {
        let root = data_root(base);
        shm(&root, 1);
        let plan = sweep(&root);
        // The same paths lead to copies in here.
        let jail = tmpfs(&base.join("jail"));
        std::fs::copy("/proc/thread-self/mountinfo", jail.join("table")).unwrap();
        let inside = jail.join(base.strip_prefix("/").unwrap());
        for directory in [&inside, &jail.join("proc")] {
            std::fs::create_dir_all(directory).unwrap();
        }
        bind(Path::new("/proc"), &jail.join("proc"));
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(base), &inside, None::<&str>, flags, None::<&str>).unwrap();
        rustix::process::chroot(&jail).unwrap();
        std::env::set_current_dir("/").unwrap();
        let mut options = options();
        options.mountinfo = "/table".into();
        let before = points(Path::new("/")).len();
        let report = execute(&plan, &options).unwrap();
        assert_eq!(outcomes(&report), ["replaced"], "{report}");
        assert_eq!(points(Path::new("/")).len(), before);
    });
}

#[test]
fn unmounting_reaches_peers_and_slaves_of_the_parent() {
    isolated_as_root(|base| {
        let root = data_root(base);
        bind(&root, &root);
        shared(&root);
        // A second view of the data root, as a container that binds it has.
        let peer = base.join("peer");
        bind(&root, &peer);
        shm(&root, 1);
        assert_eq!(points(&peer).len(), 2);
        let plan = sweep(&root);
        assert_eq!(plan.steps().len(), 1, "{plan}");
        assert_eq!(
            outcomes(&execute(&plan, &options()).unwrap()),
            ["unmounted"]
        );
        assert_eq!(points(&peer), vec![peer]);
    });
}

#[test]
fn a_mount_that_shows_twice_goes_once_and_is_no_failure() {
    isolated_as_root(|base| {
        // A self-bind in its parent's peer group: every mount appears on both.
        shared(base);
        let root = data_root(base);
        bind(&root, &root);
        shm(&root, 1);
        let plan = sweep(&root);
        assert_eq!(plan.steps().len(), 2, "{plan}");
        let report = execute(&plan, &options()).unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!(points(&root), vec![root]);
    });
}

#[test]
fn other_namespaces_let_go_or_keep_it_busy() {
    isolated(|base| {
        shared(base);
        let root = data_root(base);
        let change = |point: &Path, flags| {
            mount(None::<&str>, point, None::<&str>, flags, None::<&str>).unwrap();
        };
        // A slave copy goes with the mount; nobody stands in it.
        let point = shm(&root, 1);
        in_another_namespace(
            || change(base, MsFlags::MS_SLAVE | MsFlags::MS_REC),
            || {
                assert_eq!(
                    outcomes(&execute(&sweep(&root), &options()).unwrap()),
                    ["unmounted"]
                );
            },
        );
        // A private copy stays there, and keeps nothing busy here.
        shm(&root, 1);
        in_another_namespace(
            || {
                change(base, MsFlags::MS_PRIVATE | MsFlags::MS_REC);
                std::env::set_current_dir(&point).unwrap();
            },
            || {
                assert_eq!(
                    outcomes(&execute(&sweep(&root), &options()).unwrap()),
                    ["unmounted"]
                );
            },
        );
        // A process in a slave copy: busy, with its name; detached, it goes there too.
        shm(&root, 1);
        in_another_namespace(
            || {
                change(base, MsFlags::MS_SLAVE | MsFlags::MS_REC);
                std::env::set_current_dir(&point).unwrap();
            },
            || {
                let mut never = options();
                never.detach = Detach::Never;
                let report = execute(&sweep(&root), &never).unwrap();
                assert!(report.to_string().contains("working directory"), "{report}");
                assert_eq!(outcomes(&report), ["busy"]);
                assert_eq!(
                    outcomes(&execute(&sweep(&root), &options()).unwrap()),
                    ["detached"]
                );
            },
        );
        assert!(points(&root).is_empty());
    });
}

#[test]
fn a_locked_mount_is_left_and_said_to_be_locked() {
    const INSIDE: &str = "ROOTMOUNT_TEST_LOCKED_ROOT";
    if let Some(root) = std::env::var_os(INSIDE) {
        let report = execute(&sweep(Path::new(&root)), &options()).unwrap();
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(f) if f.kind == ErrorKind::Locked);
        assert!(
            report.steps().len() == 1 && failed(&report.steps()[0].outcome),
            "{report}"
        );
        return;
    }
    isolated_as_root(|base| {
        let root = data_root(base);
        let point = shm(&root, 1);
        let name = "execute::a_locked_mount_is_left_and_said_to_be_locked";
        match run_in_user_namespace(name, &[(INSIDE, &root)]) {
            Ok(output) => assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stdout)
            ),
            Err(why) => eprintln!("not run: {why}"),
        }
        assert_eq!(points(&root), [point]);
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
    a_mount_that_is_gone_is_success
    another_mount_at_the_place_is_left
    a_mount_that_was_moved_away_or_hidden_is_left_and_named
    a_hidden_leftover_goes_after_what_hides_it
    symlinks_lead_nowhere
    a_race_of_renames_never_reaches_outside
    many_leftovers_go_in_parallel_and_in_order
    a_failed_step_stops_nothing_else
    live_containers_are_left_alone
    it_works_without_proc
    seen_from_a_chroot_other_mounts_are_not_taken_for_the_planned
    unmounting_reaches_peers_and_slaves_of_the_parent
    a_mount_that_shows_twice_goes_once_and_is_no_failure
    other_namespaces_let_go_or_keep_it_busy
    a_locked_mount_is_left_and_said_to_be_locked
    bad_roots_are_refused_before_anything
}
