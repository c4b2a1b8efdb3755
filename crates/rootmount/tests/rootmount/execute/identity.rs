//! Only the planned mount goes, whatever stands at its place by then, and wherever it is seen.

use std::process::Command;

use support::namespace::{beside_a_copy, output};
use support::skip::this_test;
use support::space::Space;

use super::*;

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
        beside_a_copy(
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
        beside_a_copy(
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
        beside_a_copy(
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
        let mut copy = Command::new(std::env::current_exe().unwrap());
        copy.args(["--exact", &this_test(), "--include-ignored"])
            .env(INSIDE, &root);
        let Some(output) = output(Space::MOUNTS.in_new_user_namespace(), &mut copy) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
        assert_eq!(points(&root), [point]);
    });
}

on_every_kernel! {
    a_mount_that_is_gone_is_success
    another_mount_at_the_place_is_left
    a_mount_that_was_moved_away_or_hidden_is_left_and_named
    a_hidden_leftover_goes_after_what_hides_it
    symlinks_lead_nowhere
    a_race_of_renames_never_reaches_outside
    it_works_without_proc
    seen_from_a_chroot_other_mounts_are_not_taken_for_the_planned
    unmounting_reaches_peers_and_slaves_of_the_parent
    a_mount_that_shows_twice_goes_once_and_is_no_failure
    other_namespaces_let_go_or_keep_it_busy
    a_locked_mount_is_left_and_said_to_be_locked
}
