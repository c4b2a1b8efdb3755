//! What lives is never unmounted: real processes on real mounts.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rootmount::{
    Claim, CleanupPlan, Evidence, KeepReason, LayerMap, Look, Outcome, PlanOptions, Rules, Says,
    Statement, Testimony, Witness, execute, plan,
};
use support::namespace::beside_a_copy;

use crate::mounts::*;

/// A state directory that was read, and what it says of some containers.
struct States(Vec<Testimony>);

impl Witness for States {
    fn name(&self) -> String {
        "states".to_owned()
    }

    fn testify(&self, _: &Path) -> Result<Statement, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Statement {
            testimonies: self.0.clone(),
            looked: vec![self.name()],
            missing: Vec::new(),
        })
    }
}

/// A source that is there and cannot be read.
struct Broken;

impl Witness for Broken {
    fn name(&self) -> String {
        "/run/broken".to_owned()
    }

    fn testify(&self, _: &Path) -> Result<Statement, Box<dyn std::error::Error + Send + Sync>> {
        Err("not JSON".into())
    }
}

fn gather(root: &Path, witness: &dyn Witness, claim: Claim) -> Evidence {
    Evidence::gather(root, &table(), &[witness], claim, Path::new("/proc"))
}

/// A sweep by what an empty state directory and the processes say.
fn judged(root: &Path) -> CleanupPlan {
    with_evidence(root, gather(root, &States(Vec::new()), Claim::Nothing))
}

fn with_evidence(root: &Path, evidence: Evidence) -> CleanupPlan {
    let options = PlanOptions::new(root).evidence(evidence);
    plan(&table(), &Rules::sweep(), &options).unwrap()
}

/// Why each mount is kept, as text.
fn reasons(plan: &CleanupPlan) -> Vec<String> {
    plan.kept().iter().map(|k| k.reason.to_string()).collect()
}

/// A process that ends with the test.
struct Alive(Child);

impl Alive {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null());
        Self(child.spawn().unwrap())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_process_whose_root_is_there_keeps_all_mounts_of_its_container() {
    isolated(|base| {
        let root = data_root(base);
        let merged = overlay(&root.join("overlay2").join(id(1)));
        shm(&root, 1);
        shm(&root, 2);
        let enter = || {
            // A copy of all mounts, with the container's file system as its root, as a
            // runtime leaves it.
            std::env::set_current_dir(&merged).unwrap();
            rustix::process::chroot(".").unwrap();
        };
        beside_a_copy(enter, || {
            let plan = judged(&root);
            assert_eq!(plan.steps().len(), 1, "{plan}");
            assert!(
                plan.steps()[0]
                    .mount
                    .mount_point
                    .to_str()
                    .unwrap()
                    .contains(&id(2))
            );
            let kept = reasons(&plan);
            assert_eq!(kept.len(), 2, "{plan}");
            assert!(kept.iter().all(|r| r.starts_with("runs: pid ")), "{kept:?}");
            assert!(!plan.is_uncertain());
        });
        assert_eq!(judged(&root).steps().len(), 3);
    });
}

#[test]
fn working_directory_program_and_mapped_file_are_life() {
    isolated(|base| {
        let root = data_root(base);
        let (cwd, program) = (shm(&root, 1), shm(&root, 2));
        shm(&root, 3);
        let sleep = program.join("sleep");
        std::fs::copy("/bin/sleep", &sleep).unwrap();
        let _in_it = Alive::start(Command::new("/bin/sleep").arg("60").current_dir(&cwd));
        let _of_it = Alive::start(Command::new(&sleep).arg("60").current_dir("/"));
        let plan = judged(&root);
        let kept = reasons(&plan).join("\n");
        assert_eq!(plan.steps().len(), 1, "{plan}");
        assert!(kept.contains("sleep (working directory)"), "{kept}");
        assert!(kept.contains("sleep (its program)"), "{kept}");
    });
}

#[test]
fn a_mere_copy_in_another_namespace_is_no_life() {
    isolated(|base| {
        let root = data_root(base);
        overlay(&root.join("overlay2").join(id(1)));
        shm(&root, 1);
        let elsewhere = || std::env::set_current_dir("/").unwrap();
        beside_a_copy(elsewhere, || {
            let plan = judged(&root);
            assert_eq!(plan.steps().len(), 2, "{plan}");
        });
    });
}

#[test]
fn nobody_who_knows_containers_means_nothing_goes() {
    isolated(|base| {
        let root = data_root(base);
        shm(&root, 1);
        let nobody = Evidence::gather(&root, &table(), &[], Claim::Nothing, Path::new("/proc"));
        let plan = with_evidence(&root, nobody);
        assert!(plan.steps().is_empty() && plan.is_uncertain(), "{plan}");
        assert!(plan.to_string().contains("--none-live"), "{plan}");
        let broken = with_evidence(&root, gather(&root, &Broken, Claim::Nothing));
        assert!(
            broken.steps().is_empty() && broken.is_uncertain(),
            "{broken}"
        );
        assert!(
            broken.to_string().contains("/run/broken: not JSON"),
            "{broken}"
        );
        // Who knows better may say so; and where nothing matches nothing is in doubt.
        let claimed = with_evidence(&root, gather(&root, &Broken, Claim::NoneLive));
        assert_eq!(claimed.steps().len(), 1, "{claimed}");
        assert!(execute(&claimed, &options()).unwrap().is_clean());
        assert!(!with_evidence(&root, gather(&root, &Broken, Claim::Nothing)).is_uncertain());
    });
}

#[test]
fn no_claim_overrules_a_process() {
    isolated(|base| {
        let root = data_root(base);
        let point = shm(&root, 1);
        let _alive = Alive::start(Command::new("/bin/sleep").arg("60").current_dir(&point));
        let claimed = gather(&root, &States(Vec::new()), Claim::NoneLive);
        let plan = with_evidence(&root, claimed);
        assert!(plan.steps().is_empty(), "{plan}");
    });
}

#[test]
fn testimonies_reach_the_layers_of_their_container() {
    isolated(|base| {
        let root = data_root(base);
        overlay(&root.join("overlay2").join(id(0xa)));
        overlay(&root.join("overlay2").join(id(0xb)));
        shm(&root, 1);
        let mut layers = LayerMap::new();
        layers.add(id(1), id(0xa));
        let states = States(vec![Testimony::new(id(1), Says::Lives, "runsc state")]);
        let options = PlanOptions::new(&root)
            .evidence(gather(&root, &states, Claim::Nothing))
            .layers(layers);
        let plan = plan(&table(), &Rules::sweep(), &options).unwrap();
        assert_eq!(plan.steps().len(), 1, "{plan}");
        assert_eq!(plan.steps()[0].container, Some(id(0xb).into()));
        assert_eq!(reasons(&plan), ["runsc state"; 2]);
    });
}

#[test]
fn a_container_that_starts_meanwhile_is_left() {
    isolated(|base| {
        let root = data_root(base);
        shm(&root, 1);
        shm(&root, 2);
        let plan = judged(&root);
        assert_eq!(plan.steps().len(), 2, "{plan}");
        let asked = Arc::new(AtomicBool::new(false));
        let mut options = options();
        let (flag, at) = (Arc::clone(&asked), root.clone());
        options.look = Some(Look::new(move || {
            flag.store(true, Ordering::Relaxed);
            let starts = vec![Testimony::new(id(1), Says::Lives, "crun state")];
            gather(&at, &States(starts), Claim::Nothing)
        }));
        let report = execute(&plan, &options).unwrap();
        assert!(asked.load(Ordering::Relaxed));
        let outcome = |n: usize| {
            let of = |s: &&rootmount::StepReport| s.step.container == Some(id(n).into());
            report.steps().iter().find(of).unwrap().outcome.clone()
        };
        let by = "crun state".to_owned();
        assert_eq!(outcome(1), Outcome::Alive { by });
        assert_eq!(outcome(2), Outcome::Unmounted);
        assert!(!report.is_clean());
        // And where nothing can be seen any more, nothing goes either.
        options.look = Some(Look::new(|| Evidence::none(Claim::Nothing)));
        let plan = sweep(&root);
        let report = execute(&plan, &options).unwrap();
        assert_eq!(report.steps()[0].outcome.as_str(), "unknown", "{report}");
        assert_eq!(points(&root).len(), 1);
    });
}

#[test]
fn a_table_that_is_brought_up_to_date_is_that_of_now() {
    isolated(|base| {
        let root = data_root(base);
        let gone = shm(&root, 1);
        let mut earlier = rootmount::live_table().unwrap();
        rustix::mount::unmount(&gone, rustix::mount::UnmountFlags::DETACH).unwrap();
        shm(&root, 2);
        overlay(&root.join("overlay2").join(id(3)));
        rootmount::update_live_table(&mut earlier).unwrap();
        let now = rootmount::live_table().unwrap();
        assert_eq!(earlier.to_bytes(), now.to_bytes());
        // Who lives on a mount that is new is seen by the table that was brought up to date.
        let alive = Command::new("/bin/sleep")
            .arg("60")
            .current_dir(shm(&root, 4))
            .spawn();
        let _alive = Alive(alive.unwrap());
        rootmount::update_live_table(&mut earlier).unwrap();
        let states = States(Vec::new());
        let evidence = Evidence::gather(
            &root,
            &earlier,
            &[&states],
            Claim::Nothing,
            Path::new("/proc"),
        );
        let plan = with_evidence(&root, evidence);
        assert_eq!(plan.steps().len(), 2, "{plan}");
        assert_eq!(plan.kept().len(), 1, "{plan}");
    });
}

#[test]
fn what_is_new_at_the_second_look_waits() {
    isolated(|base| {
        let root = data_root(base);
        shm(&root, 1);
        let first = judged(&root);
        overlay(&root.join("overlay2").join(id(1)));
        shm(&root, 2);
        let second = judged(&root).settled(&first);
        // Container 1 has a new mount, so its old one waits too.
        assert!(second.steps().is_empty(), "{second}");
        assert_eq!(second.kept().len(), 3);
        let is_unknown = |k: &rootmount::Kept| matches!(k.reason, KeepReason::Unknown { .. });
        assert!(second.kept().iter().all(is_unknown));
        let third = judged(&root);
        let settled = third.clone().settled(&third);
        assert_eq!(settled.steps().len(), 3, "{settled}");
    });
}

on_every_kernel! {
    a_process_whose_root_is_there_keeps_all_mounts_of_its_container
    working_directory_program_and_mapped_file_are_life
    a_mere_copy_in_another_namespace_is_no_life
    no_claim_overrules_a_process
    a_container_that_starts_meanwhile_is_left
    a_table_that_is_brought_up_to_date_is_that_of_now
}
