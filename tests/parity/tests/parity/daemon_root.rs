//! `daemon_root.json`: which mount holds a root, and whether it spreads.

use std::path::Path;

use mountscan::MountTable;
use serde_json::{Value, json};

use crate::judge::{Judge, list, text, vectors};

/// moby's newer code is the judge; the seed's answers are in the vector too.
#[test]
fn the_mount_that_holds_the_root() {
    let vectors = vectors("daemon_root");
    let mut judge = Judge::new("daemon_root_source");
    for case in list(&vectors["source_mount"]) {
        let table = MountTable::from_bytes(text(&case["mountinfo"]));
        let ours = match table.mount_of(Path::new(text(&case["path"]))) {
            None => Value::Null,
            Some(row) => json!({
                "id": row.mount_id().0,
                "mountpoint": row.mount_point(),
                "shared": row.propagation().is_shared(),
                "shared_or_slave": row.propagation().is_shared() || row.propagation().is_slave(),
            }),
        };
        let mut moby = case["head"].clone();
        if let Some(moby) = moby.as_object_mut() {
            moby.remove("optional"); // Tags as text; `mountinfo.rs` compares those.
        }
        judge.case(text(&case["id"]), &moby, &ours);
        if let Some(want) = case.get("want_id") {
            assert_eq!(&ours["id"], want, "{case}");
        }
    }
    judge.finish();
}
