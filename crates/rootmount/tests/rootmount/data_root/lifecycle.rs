//! The data root at a daemon's start that fails, and at its shutdown.

use super::*;

#[test]
fn a_failed_start_leaves_nothing() {
    isolated(|base| {
        let options = at(base);
        let guard = prepare_guarded(&options).unwrap();
        assert_eq!(guard.prepared().action, PrepareAction::Bound);
        drop(guard);
        assert_eq!(points(&options.root).len(), 0);
        assert!(!marker(&options).exists());
        let kept = prepare_guarded(&options).unwrap().keep();
        assert_eq!(kept.action, PrepareAction::Bound);
        // A guard releases only what it bound.
        drop(prepare_guarded(&options).unwrap());
        assert_eq!(points(&options.root).len(), 1);
    });
}

#[test]
fn a_preparation_that_fails_leaves_nothing() {
    isolated(|base| {
        // The exec root cannot be made.
        let mut options = at(base);
        File::create(base.join("file")).unwrap();
        options.exec_root = base.join("file/exec");
        assert_eq!(prepare(&options).unwrap_err().kind(), ErrorKind::Record);
        assert_eq!(points(&options.root).len(), 0);
        // The holder cannot be bound.
        let mut options = at(base);
        options.exec_root = base.join("exec");
        mount(
            None::<&str>,
            base,
            None::<&str>,
            MsFlags::MS_UNBINDABLE,
            None::<&str>,
        )
        .unwrap();
        let error = prepare(&options).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(22), "{error}");
        assert!(!marker(&options).exists());
        assert_eq!(points(&options.root).len(), 0);
        // No boot id.
        private(base);
        options.boot_id = base.join("none");
        assert_eq!(prepare(&options).unwrap_err().kind(), ErrorKind::Record);
    });
}

#[test]
fn shutdown_sweeps_and_then_releases() {
    isolated(|base| {
        let options = at(base);
        prepare(&options).unwrap();
        shm(&options.root, 1);
        let live = shm(&options.root, 2);
        let run = |keep: &[String]| {
            let owner = status(&options).unwrap().ownership;
            let wanted = PlanOptions::new(&options.root).keep(keep).release(owner);
            let plan = plan(&table(), &Rules::sweep(), &wanted).unwrap();
            let mut execution = crate::mounts::options();
            execution.data_root = Some(options.clone());
            (
                plan.root_decision().action,
                execute(&plan, &execution).unwrap(),
            )
        };
        let (action, report) = run(&[id(2)]);
        assert_eq!(action, RootAction::Keep);
        assert!(report.is_clean(), "{report}");
        assert_eq!(points(&options.root), [options.root.clone(), live.clone()]);
        // Not while a step failed.
        let late = tmpfs(&live.join("late"));
        let held = File::create(late.join("held")).unwrap();
        let (action, report) = {
            let owner = status(&options).unwrap().ownership;
            let wanted = PlanOptions::new(&options.root).release(owner);
            let plan = plan(&table(), &Rules::sweep(), &wanted).unwrap();
            let mut execution = crate::mounts::options();
            execution.detach = Detach::Never;
            execution.data_root = Some(options.clone());
            (
                plan.root_decision().action,
                execute(&plan, &execution).unwrap(),
            )
        };
        assert_eq!(action, RootAction::Release);
        assert_eq!(*report.root(), RootOutcome::Held, "{report}");
        drop(held);
        let (_, report) = run(&[]);
        assert_eq!(
            *report.root(),
            RootOutcome::Released { lazily: false },
            "{report}"
        );
        assert!(report.is_clean());
        assert_eq!(points(&options.root).len(), 0);
    });
}

#[test]
fn leftovers_hidden_by_the_root_go_after_it() {
    isolated(|base| {
        let options = at(base);
        shm(&options.root, 1);
        // As moby binds: not recursive, so that the leftover is hidden.
        bind_self(&options.root);
        shared(&options.root);
        moby_marker(&options);
        let owner = status(&options).unwrap().ownership;
        let plan = plan(
            &table(),
            &Rules::sweep(),
            &PlanOptions::new(&options.root).release(owner),
        )
        .unwrap();
        assert!(plan.steps()[0].hidden, "{plan}");
        let mut execution = crate::mounts::options();
        execution.data_root = Some(options.clone());
        let report = execute(&plan, &execution).unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!(points(&options.root).len(), 0);
    });
}

on_every_kernel! {
    a_failed_start_leaves_nothing
    a_preparation_that_fails_leaves_nothing
    shutdown_sweeps_and_then_releases
    leftovers_hidden_by_the_root_go_after_it
}
