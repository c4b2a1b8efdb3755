//! Mount tables of real Docker hosts.

use rootmount::{CleanupPlan, KeepReason, MountTable, PlanOptions, RootAction, Rules, plan};

/// Embedded, so that the binary needs no source tree.
macro_rules! captures {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("data/", $name, ".mountinfo")))),*]
    };
}

const CAPTURES: [(&str, &str); 4] = captures! {
    "docker-20.10.4-dockerd-containerd-killed"
    "docker-28.5-snapshotter.3-running-3"
    "docker-28.5.0-before"
    "docker-28.5.4-dockerd-containerd-killed"
};

fn capture(name: &str, options: PlanOptions) -> CleanupPlan {
    let found = CAPTURES.iter().find(|(have, _)| *have == name);
    let (_, text) = found.unwrap_or_else(|| panic!("no capture {name}"));
    plan(&MountTable::from_bytes(*text), &Rules::sweep(), &options).unwrap()
}

fn sweep(name: &str) -> CleanupPlan {
    capture(name, PlanOptions::new("/var/lib/docker"))
}

#[track_caller]
fn check(name: &str, ids: &[u32], rules: &[&str]) {
    let plan = sweep(name);
    let got: Vec<u32> = plan.steps().iter().map(|s| s.mount.mount_id.0).collect();
    assert_eq!(got, ids, "{name}");
    let got: Vec<&str> = plan.steps().iter().map(|s| s.rule.as_str()).collect();
    assert_eq!(got, rules, "{name}");
    assert!(plan.kept().is_empty(), "{name}");
    assert_eq!(plan.root_decision().action, RootAction::None);
}

const SHM: &str = "containers/<id>/mounts/<name>";
const OVERLAY: &str = "overlay2/<id>/merged";
const ROOTFS: &str = "rootfs/<snapshotter>/<id>";

#[test]
fn leftovers_of_overlay2() {
    let name = "docker-28.5.4-dockerd-containerd-killed";
    check(name, &[121, 120, 62, 47], &[SHM, OVERLAY, OVERLAY, OVERLAY]);
}

#[test]
fn leftovers_of_an_older_docker() {
    let plan = sweep("docker-20.10.4-dockerd-containerd-killed");
    assert_eq!(plan.steps().len(), 4);
    assert!(
        plan.steps()
            .iter()
            .all(|s| s.rule == OVERLAY || s.rule == SHM)
    );
}

#[test]
fn leftovers_of_the_containerd_image_store() {
    check(
        "docker-28.5-snapshotter.3-running-3",
        &[121, 120, 62, 47],
        &[SHM, ROOTFS, ROOTFS, ROOTFS],
    );
}

#[test]
fn nothing_before_the_daemon_starts() {
    let plan = sweep("docker-28.5.0-before");
    assert!(plan.is_empty());
    assert_eq!(
        plan.to_string(),
        "nothing to unmount below /var/lib/docker\nthe root: nothing is mounted at the root"
    );
}

#[test]
fn a_live_container_stays() {
    let live = "1d24ca557fe070b074cb24ea837929505fcdc0aa495e0968b0fd94ec4779a700";
    // As `docker ps` prints it, and whole.
    for id in [&live[..12], live] {
        let options = PlanOptions::new("/var/lib/docker").keep([id]);
        let plan = capture("docker-28.5-snapshotter.3-running-3", options);
        let kept: Vec<u32> = plan.kept().iter().map(|k| k.mount.mount_id.0).collect();
        assert_eq!(kept, [120, 121], "{id}");
        assert!(
            plan.kept()
                .iter()
                .all(|k| k.reason == KeepReason::Live(id.into()))
        );
        assert_eq!(plan.steps().len(), 2);
    }
}
