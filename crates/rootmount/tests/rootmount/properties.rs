//! What holds for any table.

use std::collections::HashSet;
use std::path::Path;

use proptest::prelude::*;
use rootmount::{KeepReason, MountTable, PlanOptions, Record, Rules, plan};

/// Paths that match, nearly match, or have nothing to do with it.
fn point() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        Just("a".repeat(64)),
        Just("b".repeat(64)),
        Just("b".repeat(63)),
        Just("x".to_owned())
    ];
    let head = prop_oneof![Just("/r"), Just("/r2"), Just("/"), Just("/r/v/r"), Just("")];
    let shape = prop_oneof![
        Just("/overlay2/ID/merged"),
        Just("/containers/ID/mounts/shm"),
        Just("/containers/ID/mounts/other"),
        Just("/rootfs/s/ID"),
        Just("/zfs/graph/ID"),
        Just("/zfs/graph/ID/below/ID"),
        Just("/pods/ID"),
        Just(""),
    ];
    (head, shape, id).prop_map(|(head, shape, id)| {
        let path = format!("{head}{}", shape.replace("ID", &id));
        if path.is_empty() {
            "/".to_owned()
        } else {
            path
        }
    })
}

fn table() -> impl Strategy<Value = String> {
    prop::collection::vec((0..12u32, 0..12u32, point()), 0..24).prop_map(|rows| {
        let row = |(id, parent, point)| format!("{id} {parent} 0:{id} / {point} rw - tmpfs t rw\n");
        rows.into_iter().map(row).collect()
    })
}

proptest! {
    #[test]
    fn a_sweep_names_only_what_matches_or_lies_below_it(text in table()) {
        let table = MountTable::from_bytes(text);
        let rules = Rules::sweep().with_custom(["pods/[^/]*"]).unwrap();
        let plan = plan(&table, &rules, &PlanOptions::new("/r")).unwrap();
        let matches = |path: &Path| path.strip_prefix("/r").ok().and_then(|r| rules.matching(r)).is_some();
        for step in plan.steps() {
            prop_assert!(step.mount.mount_point.starts_with("/r") && step.mount.mount_point != Path::new("/r"));
            let fine = step.mount.mount_point.ancestors().any(matches);
            prop_assert!(fine, "{} by {}", step.mount.mount_point.display(), step.rule);
        }
    }

    #[test]
    fn each_mount_is_decided_once(text in table()) {
        let table = MountTable::from_bytes(text);
        let plan = plan(&table, &Rules::sweep(), &PlanOptions::new("/r")).unwrap();
        let mut seen = HashSet::new();
        for id in plan.steps().iter().map(|s| s.mount.mount_id) {
            prop_assert!(seen.insert(id), "mount {id} twice");
        }
        prop_assert!(plan.kept().iter().all(|k| !seen.contains(&k.mount.mount_id)));
    }

    #[test]
    fn children_go_before_parents_and_never_without(text in table()) {
        let mut table = MountTable::from_bytes(text);
        table.drop_replaced();
        let options = PlanOptions::new("/r").keep(["a".repeat(64)]);
        let plan = plan(&table, &Rules::sweep(), &options).unwrap();
        let place = |id| plan.steps().iter().position(|s| s.mount.mount_id == id);
        for step in plan.steps() {
            prop_assert!(!step.mount.mount_point.to_str().unwrap().contains(&"a".repeat(64)));
            let row = table.by_id(step.mount.mount_id).unwrap();
            for child in table.children(row) {
                let child = place(child.mount_id());
                prop_assert!(child.is_some() && child < place(step.mount.mount_id), "{plan}");
            }
        }
        for kept in plan.kept().iter().filter(|k| k.reason != KeepReason::NoRule) {
            prop_assert!(kept.mount.mount_point.starts_with("/r"));
        }
    }

    #[test]
    fn any_bytes_are_planned_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = plan(&MountTable::from_bytes(bytes), &Rules::sweep(), &PlanOptions::new("/r"));
    }

    #[test]
    fn any_bytes_are_read_as_a_record_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(record) = Record::from_bytes(&bytes) {
            let again = Record::from_bytes(&record.to_bytes());
            prop_assert_eq!(again, Ok(record));
        }
    }

    #[test]
    fn any_pattern_is_anchored_or_refused(pattern in "[ab|()*.+?\\\\^$# \\[\\]x{}0-2]{0,10}", path in "[ab x/]{0,6}") {
        if let Ok(rules) = Rules::empty().with_custom([&pattern]) {
            // What matches as a whole also matches whole: nothing may stand around it.
            if rules.matching(Path::new(&path)).is_some() {
                prop_assert!(rules.matching(Path::new("")).is_none());
                let whole = regex::bytes::Regex::new(&format!("(?-u)\\A(?:{pattern})\\z"));
                if let Ok(whole) = whole {
                    prop_assert!(whole.is_match(path.as_bytes()));
                }
            }
        }
    }
}
