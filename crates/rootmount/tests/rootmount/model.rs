//! Plans beside a naive model, on random tables as a kernel could have them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rootmount::{MountTable, PlanOptions, Rules, plan};

const ROOT: &str = "/my disk/docker";
const LIVE: char = 'c';

/// A mount of the model: its parent by index, its path in plain text.
#[derive(Debug, Clone)]
struct Mount {
    parent: usize,
    path: String,
}

fn id(c: char) -> String {
    c.to_string().repeat(64)
}

/// What a mount point adds to its parent's: leftovers, near misses, strangers, stacks.
fn piece() -> impl Strategy<Value = String> {
    let digit = prop_oneof![3 => Just('a'), 2 => Just('b'), 2 => Just(LIVE)];
    let shape = prop_oneof![
        Just("/overlay2/ID/merged"),
        Just("/overlay2/ID-init/merged"),
        Just("/overlay2/IDx/merged"),
        Just("/containers/ID/mounts/shm"),
        Just("/containers/ID/mounts/shm-backup"),
        Just("/containers/ID/shm"),
        Just("/rootfs/overlayfs/ID"),
        Just("/btrfs/subvolumes/ID"),
        Just("/zfs/graph/ID"),
        Just("/volumes/ID/_data"),
        Just("/etc/hosts"),
        Just("/a b\\c\n"),
        Just("/custom/ID"),
        Just(""),
    ];
    (shape, digit).prop_map(|(shape, digit)| shape.replace("ID", &id(digit)))
}

/// Mounts in a tree; the first is the root filesystem, the next a few roots.
fn mounts() -> impl Strategy<Value = Vec<Mount>> {
    let rows = prop::collection::vec((any::<prop::sample::Index>(), piece()), 1..24);
    rows.prop_map(|rows| {
        let mut mounts: Vec<Mount> = ["/", ROOT, "/my disk/docker2", "/my disk"]
            .map(|path| Mount {
                parent: 0,
                path: path.to_owned(),
            })
            .into();
        for (parent, piece) in rows {
            let parent = parent.index(mounts.len());
            let above = mounts[parent].path.trim_end_matches('/').to_owned();
            let path = format!("{above}{piece}");
            let path = if path.is_empty() {
                "/".to_owned()
            } else {
                path
            };
            mounts.push(Mount { parent, path });
        }
        mounts
    })
}

fn text(mounts: &[Mount]) -> String {
    let escape = |path: &str| {
        let path = path.replace('\\', "\\134").replace(' ', "\\040");
        path.replace('\n', "\\012")
    };
    let row = |(n, m): (usize, &Mount)| {
        let parent = if n == 0 { 0 } else { m.parent + 1 };
        let (id, point) = (n + 1, escape(&m.path));
        format!("{id} {parent} 0:{id} / {point} rw - tmpfs t rw\n")
    };
    mounts.iter().enumerate().map(row).collect()
}

/// The path below the root, if it is one.
fn inside(path: &str) -> Option<&str> {
    let inside = path.strip_prefix(ROOT)?.strip_prefix('/')?;
    (!inside.is_empty()).then_some(inside)
}

fn is_leftover(path: &str) -> bool {
    let Some(inside) = inside(path) else {
        return false;
    };
    let is_id = |s: &str| s.len() == 64 && s.bytes().all(|b| b"0123456789abcdef".contains(&b));
    match *inside.split('/').collect::<Vec<_>>() {
        ["overlay2" | "fuse-overlayfs", id, "merged"] => is_id(id),
        ["zfs", "graph", id] | ["btrfs", "subvolumes", id] => is_id(id),
        ["containers", id, "shm"] | ["rootfs", _, id] => is_id(id),
        ["containers", id, "mounts", name] => {
            is_id(id) && ["shm", "secrets", "mqueue", "configs"].contains(&name)
        }
        ["custom", id] => is_id(id),
        _ => false,
    }
}

fn is_live(path: &str) -> bool {
    // Rather too much than too little: also what begins with the id.
    let live = |part: &str| part.starts_with(&id(LIVE));
    inside(path).is_some_and(|inside| inside.split('/').any(live))
}

/// What is to go: leftovers and what is on them, but nothing live, nothing on something
/// live, and nothing that one of these lies on.
fn model(mounts: &[Mount]) -> BTreeSet<usize> {
    let above = |mut n: usize| {
        let mut chain = vec![n];
        while n != 0 {
            n = mounts[n].parent;
            chain.push(n);
        }
        chain
    };
    let all = 0..mounts.len();
    let touched = |n: &usize| above(*n).iter().any(|&n| is_leftover(&mounts[n].path));
    let spared = |n: &usize| {
        let live = |n: &usize| touched(n) && is_live(&mounts[*n].path);
        touched(n) && above(*n).iter().any(live)
    };
    let holds = |n: &usize| all.clone().any(|m| spared(&m) && above(m).contains(n));
    let goes = |n: &usize| touched(n) && !holds(n);
    all.clone().filter(goes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_plan_is_what_a_naive_model_says(mounts in mounts()) {
        let table = MountTable::from_bytes(text(&mounts));
        let rules = Rules::sweep().with_custom(["custom/[0-9a-f]{64}"]).unwrap();
        let options = PlanOptions::new(ROOT).keep([id(LIVE)]);
        let plan = plan(&table, &rules, &options).unwrap();
        let number = |id: rootmount::MountId| id.0 as usize - 1;
        let goes: BTreeSet<usize> = plan.steps().iter().map(|s| number(s.mount.mount_id)).collect();
        prop_assert_eq!(&goes, &model(&mounts), "{}", plan);
        let stays: BTreeSet<usize> = plan.kept().iter().map(|k| number(k.mount.mount_id)).collect();
        let below = |n: &usize| inside(&mounts[*n].path).is_some() && !goes.contains(n);
        let wanted: BTreeSet<usize> = (0..mounts.len()).filter(below).collect();
        prop_assert_eq!(stays, wanted, "{}", plan);
    }
}
