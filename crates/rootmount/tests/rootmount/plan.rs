//! Plans on tables written for the case.

use std::path::Path;

use rootmount::{
    CleanupPlan, ErrorKind, KeepReason, MountTable, Ownership, PlanOptions, RootAction, Rules, plan,
};

fn id(c: char) -> String {
    c.to_string().repeat(64)
}

fn options() -> PlanOptions {
    PlanOptions::new("/r")
}

/// `id parent point` per row.
fn table(rows: &[(u32, u32, &str)]) -> MountTable {
    let row = |(id, parent, point): &(u32, u32, &str)| {
        format!("{id} {parent} 0:{id} / {point} rw - tmpfs t rw\n")
    };
    MountTable::from_bytes(rows.iter().map(row).collect::<String>())
}

fn make(rows: &[(u32, u32, &str)], rules: &Rules, options: &PlanOptions) -> CleanupPlan {
    plan(&table(rows), rules, options).unwrap()
}

fn ids(plan: &CleanupPlan) -> Vec<u32> {
    plan.steps().iter().map(|s| s.mount.mount_id.0).collect()
}

fn kept(plan: &CleanupPlan) -> Vec<(u32, KeepReason)> {
    plan.kept()
        .iter()
        .map(|k| (k.mount.mount_id.0, k.reason.clone()))
        .collect()
}

#[test]
fn submounts_go_first_and_are_named() {
    let merged = format!("/r/overlay2/{}/merged", id('a'));
    let rows = [
        (1, 0, "/"),
        (2, 1, merged.as_str()),
        (3, 2, &format!("{merged}/etc/hosts")),
        (4, 2, &format!("{merged}/data")),
        (5, 4, &format!("{merged}/data/x")),
        (6, 1, "/r/volumes"),
    ];
    let plan = make(&rows, &Rules::sweep(), &options());
    assert_eq!(ids(&plan), [5, 4, 3, 2]);
    let rules: Vec<&str> = plan.steps().iter().map(|s| s.rule.as_str()).collect();
    let below = "below overlay2/<id>/merged";
    assert_eq!(rules, [below, below, below, "overlay2/<id>/merged"]);
    assert_eq!(kept(&plan), [(6, KeepReason::NoRule)]);
}

#[test]
fn stacks_go_from_the_top() {
    let shm = format!("/r/containers/{}/shm", id('a'));
    let rows = [
        (1, 0, "/"),
        (9, 1, shm.as_str()),
        (3, 9, &shm),
        (5, 3, &shm),
    ];
    let plan = make(&rows, &Rules::sweep(), &options());
    assert_eq!(ids(&plan), [5, 3, 9]);
    assert!(
        plan.steps()
            .iter()
            .all(|s| !s.hidden && s.rule == "containers/<id>/shm")
    );
}

#[test]
fn deepest_is_by_structure_and_not_by_length() {
    // A short path on top of a long one: 3 hides 2, and 4 is on 3.
    let long = format!("/r/overlay2/{}/merged", id('a'));
    let rows = [
        (1, 0, "/"),
        (2, 1, long.as_str()),
        (3, 1, "/r/overlay2"),
        (4, 3, "/r/overlay2/x"),
    ];
    let rules = Rules::sweep().with_custom(["overlay2"]).unwrap();
    let plan = make(&rows, &rules, &options());
    assert_eq!(ids(&plan), [4, 3, 2]);
    assert_eq!(plan.steps()[2].rule, "overlay2/<id>/merged");
    assert!(plan.steps()[2].hidden);
    assert!(!plan.steps()[0].hidden);
}

#[test]
fn another_daemons_root_is_not_ours() {
    let rows = [
        (1, 0, "/"),
        (2, 1, &*format!("/r2/overlay2/{}/merged", id('a'))),
        (3, 1, &format!("/rr/overlay2/{}/merged", id('a'))),
        (4, 1, &format!("/r/sub/overlay2/{}/merged", id('a'))),
        (5, 1, &format!("/x/r/overlay2/{}/merged", id('a'))),
    ];
    let plan = make(&rows, &Rules::sweep(), &options());
    assert_eq!(ids(&plan), [0u32; 0]);
    assert_eq!(kept(&plan), [(4, KeepReason::NoRule)]);
}

#[test]
fn a_user_namespaced_root_is_a_root() {
    let point = format!("/r/100000.100000/overlay2/{}/merged", id('a'));
    let rows = [(1, 0, "/"), (2, 1, point.as_str())];
    assert_eq!(ids(&make(&rows, &Rules::sweep(), &options())), [0u32; 0]);
    assert_eq!(
        ids(&make(
            &rows,
            &Rules::sweep(),
            &PlanOptions::new("/r/100000.100000/")
        )),
        [2]
    );
}

#[test]
fn live_containers_keep_everything_below_and_above_them() {
    let live = format!("/r/overlay2/{}/merged", id('a'));
    let dead = format!("/r/overlay2/{}/merged", id('d'));
    let rows = [
        (1, 0, "/"),
        (2, 1, live.as_str()),
        (3, 2, &format!("{live}/proc")),
        (4, 1, &dead),
        (5, 4, &format!("{dead}/nest")),
        (6, 5, &format!("{dead}/nest/{}", id('a'))),
        (7, 4, &format!("{dead}/other")),
        (8, 1, &format!("/r/containers/{}-init/shm", id('a'))),
        (9, 1, &format!("/r/zfs/graph/{}", id('e'))),
    ];
    let plan = make(&rows, &Rules::sweep(), &options().keep([id('a')]));
    assert_eq!(ids(&plan), [9, 7]);
    let why: Vec<(u32, KeepReason)> = kept(&plan);
    let holds = KeepReason::HoldsKept(format!("{dead}/nest/{}", id('a')).into());
    assert_eq!(
        why,
        [
            (2, KeepReason::Live(id('a').into())),
            (3, KeepReason::BelowLive(live.clone().into())),
            (4, holds.clone()),
            (5, holds),
            (6, KeepReason::Live(id('a').into())),
            (8, KeepReason::NoRule),
        ]
    );
}

#[test]
fn the_init_layer_of_a_live_container_stays() {
    let init = format!("{}-init", id('a'));
    let rows = [(1, 0, "/"), (2, 1, &*format!("/r/overlay2/{init}/merged"))];
    let plan = make(
        &rows,
        &Rules::container(&init).unwrap(),
        &options().keep([id('a')]),
    );
    assert_eq!(kept(&plan), [(2, KeepReason::Live(id('a').into()))]);
}

#[test]
fn abbreviated_ids_keep_too() {
    let rows = [
        (1, 0, "/"),
        (2, 1, &*format!("/r/zfs/graph/{}", id('a'))),
        (3, 1, &format!("/r/zfs/graph/{}", id('b'))),
    ];
    for (keep, want) in [
        ("aaaaaaaaaaaa", vec![3]),
        ("aaaaaaaaaaa", vec![3, 2]),
        ("aaaaaaaaaaab", vec![3, 2]),
    ] {
        let plan = make(
            &rows,
            &Rules::sweep(),
            &options().keep([keep, "aaa", "zzzzzzzzzzzzz", "aaaaaaaaaaaaz"]),
        );
        assert_eq!(ids(&plan), want, "{keep}");
    }
}

#[test]
fn a_plan_for_one_container_leaves_the_rest() {
    let rows = [
        (1, 0, "/"),
        (2, 1, &*format!("/r/overlay2/{}/merged", id('a'))),
        (3, 1, &format!("/r/overlay2/{}/merged", id('b'))),
        (4, 1, &format!("/r/containers/{}/mounts/shm", id('a'))),
    ];
    let plan = make(&rows, &Rules::container(id('a')).unwrap(), &options());
    assert_eq!(ids(&plan), [4, 2]);
    assert!(plan.kept().is_empty());
}

#[test]
fn custom_rules_take_what_is_below() {
    let rows = [
        (1, 0, "/"),
        (2, 1, "/r/pods/1/mnt"),
        (3, 2, "/r/pods/1/mnt/x"),
        (4, 1, "/r/pods/x/mnt"),
    ];
    let rules = Rules::sweep().with_custom(["pods/[0-9]+/mnt"]).unwrap();
    let plan = make(&rows, &rules, &options());
    assert_eq!(ids(&plan), [3, 2]);
    assert_eq!(plan.steps()[0].rule, "below pods/[0-9]+/mnt");
}

#[test]
fn the_root_is_never_a_step() {
    let rows = [(1, 0, "/"), (2, 1, "/r"), (3, 2, "/r/x")];
    let rules = Rules::empty().with_custom([".+"]).unwrap();
    let plan = make(&rows, &rules, &options());
    assert_eq!(ids(&plan), [3]);
    assert_eq!(plan.root_decision().action, RootAction::Keep);
}

#[test]
fn the_root_is_released_only_if_ours_and_not_while_a_container_lives() {
    let rows = [
        (1, 0, "/"),
        (2, 1, "/r"),
        (3, 2, &*format!("/r/zfs/graph/{}", id('a'))),
    ];
    let action =
        |options: &PlanOptions| make(&rows, &Rules::sweep(), options).root_decision().action;
    assert_eq!(action(&options()), RootAction::Keep);
    assert_eq!(
        action(&options().release(Ownership::Ours)),
        RootAction::Release
    );
    assert_eq!(
        action(&options().release(Ownership::Moby)),
        RootAction::Release
    );
    assert_eq!(
        action(&options().release(Ownership::Unrecorded)),
        RootAction::Keep
    );
    assert_eq!(
        action(&options().release(Ownership::Ours).keep([id('a')])),
        RootAction::Keep
    );
    let plan = make(
        &rows[..1],
        &Rules::sweep(),
        &options().release(Ownership::Ours),
    );
    assert_eq!(plan.root_decision().action, RootAction::None);
}

#[test]
fn bad_roots_are_refused() {
    for bad in [
        "", "r", "./r", "/", "//", "/.", "/r/..", "/r/../x", "../r", "/r\0",
    ] {
        let error = plan(&table(&[]), &Rules::sweep(), &PlanOptions::new(bad)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRoot, "{bad:?}");
        assert_eq!(error.path(), Some(Path::new(bad)));
    }
    let error = plan(&table(&[]), &Rules::sweep(), &options().keep(["a/b"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadId);
    let tidy = plan(&table(&[]), &Rules::sweep(), &PlanOptions::new("//r/./x//")).unwrap();
    assert_eq!(tidy.root(), Path::new("/r/x"));
}

#[test]
fn circles_and_lies_in_a_table_end() {
    let a = format!("/r/zfs/graph/{}", id('a'));
    let rows = [
        (2, 3, a.as_str()),
        (3, 2, &format!("{a}/x")),
        (4, 4, &format!("/r/zfs/graph/{}", id('b'))),
    ];
    let plan = make(&rows, &Rules::sweep(), &options());
    assert!(plan.steps().len() + plan.kept().len() == 3, "{plan}");
    // A child whose path is elsewhere keeps its parent.
    let rows = [
        (1, 0, "/"),
        (2, 1, a.as_str()),
        (3, 2, "/home"),
        (4, 2, "/r/volumes"),
    ];
    let plan = make(&rows, &Rules::sweep(), &options());
    assert_eq!(ids(&plan), [0u32; 0]);
    assert_eq!(plan.kept().len(), 2, "{plan}");
}

#[test]
fn a_plan_reads_well() {
    let rows = [
        (1, 0, "/"),
        (2, 1, &*format!("/r/overlay2/{}/merged", id('a'))),
        (3, 1, "/r/a\\033[2J"),
    ];
    let text = make(&rows, &Rules::sweep(), &options()).to_string();
    // A person reads short ids; the JSON has them whole.
    let a = &id('a')[..12];
    assert_eq!(
        text,
        format!(
            "1 mount to unmount below /r, in this order:\n  \
             overlay2/{a}…/merged  (tmpfs, mount 2; overlay2/<id>/merged)\n\
             1 mount stays:\n  a\\033[2J  (no rule matches)\n\
             the root: nothing is mounted at the root"
        )
    );
}

#[test]
fn plans_differ_by_mount() {
    let a = format!("/r/zfs/graph/{}", id('a'));
    let old = make(
        &[
            (1, 0, "/"),
            (2, 1, &a),
            (3, 1, &format!("/r/zfs/graph/{}", id('b'))),
        ],
        &Rules::sweep(),
        &options(),
    );
    let new = make(
        &[
            (1, 0, "/"),
            (2, 1, &a),
            (4, 1, &format!("/r/zfs/graph/{}", id('c'))),
        ],
        &Rules::sweep(),
        &options(),
    );
    assert!(old.diff(&old).is_empty());
    assert_eq!(old.diff(&old).to_string(), "no difference");
    let diff = old.diff(&new);
    assert_eq!(
        (
            diff.gone[0].mount.mount_id.0,
            diff.added[0].mount.mount_id.0
        ),
        (3, 4)
    );
    assert_eq!((diff.gone.len(), diff.added.len()), (1, 1));
    assert!(diff.to_string().starts_with("- /r/zfs/graph/b"));
    assert!(diff.root.is_none());
}

#[cfg(feature = "serde")]
#[test]
fn the_json_is_the_contract() {
    use std::os::unix::ffi::OsStrExt;
    let mut text = format!(
        "1 0 0:1 / / rw - ext4 /dev/x rw\n2 1 0:5 / /r/zfs/graph/{} rw - tmpfs t rw\n",
        id('a')
    )
    .into_bytes();
    text.extend_from_slice(b"3 1 0:6 / /r/v\xff rw - tmpfs t rw\n");
    let plan = plan(&MountTable::from_bytes(text), &Rules::sweep(), &options()).unwrap();
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["steps"][0]["mount_id"], 2);
    assert_eq!(
        json["steps"][0]["mount_point"],
        format!("/r/zfs/graph/{}", id('a'))
    );
    assert_eq!(json["steps"][0]["rule"], "zfs/graph/<id>");
    assert_eq!(json["kept"][0]["mount_point"], "/r/v\u{fffd}");
    assert_eq!(json["kept"][0]["mount_point_hex"], "2f722f76ff");
    assert_eq!(json["kept"][0]["reason"], "no rule matches");
    assert_eq!(json["root"]["action"], "none");
    assert!(json["steps"][0].get("mount_point_hex").is_none());
    assert_eq!(
        plan.kept()[0].mount.mount_point.as_os_str().as_bytes(),
        b"/r/v\xff"
    );
}
