//! moby's behaviour as data: what it does on these tables, and what is wanted.

use std::path::PathBuf;

use rootmount::{MountTable, PlanOptions, Rules, plan};
use serde_json::Value;

/// Embedded, so that the binary needs no source tree.
fn vectors() -> Value {
    serde_json::from_str(include_str!("data/cleanup.json")).unwrap()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn paths(value: &Value) -> Option<Vec<PathBuf>> {
    Some(
        value
            .as_array()?
            .iter()
            .map(|v| PathBuf::from(v.as_str().unwrap()))
            .collect(),
    )
}

/// The table of a case; the long line is described, not stored.
fn mountinfo(case: &Value) -> String {
    match case["mountinfo"].as_str() {
        Some(text) => text.to_owned(),
        None => {
            let spec = &case["mountinfo"];
            let overlay = format!(
                "4 1 0:4 / /x rw - overlay overlay rw,lowerdir={}\n",
                "l".repeat(70_000)
            );
            format!("{}{overlay}{}", text(spec, "line1"), text(spec, "line3"))
        }
    }
}

#[test]
fn the_plan_does_what_is_wanted() {
    let vectors = vectors();
    for case in vectors["cases"].as_array().unwrap() {
        let id = text(case, "id");
        let rules = match text(case, "mount_id") {
            "" => Ok(Rules::sweep()),
            id => Rules::container(id),
        };
        let wanted = paths(&case["want_unmounts"]);
        let rules = match rules {
            Ok(rules) => rules,
            Err(_) if wanted.as_deref() == Some(&[]) => continue,
            Err(error) => panic!("{id}: {error}"),
        };
        let table = MountTable::from_bytes(mountinfo(case));
        let plan = plan(&table, &rules, &PlanOptions::new(text(case, "root"))).unwrap();
        let got: Vec<PathBuf> = plan
            .steps()
            .iter()
            .map(|s| s.mount.mount_point.clone())
            .collect();
        match wanted {
            Some(wanted) => assert_eq!(got, wanted, "{id}"),
            // moby's answer is the wanted one, its order is not.
            None => {
                let (mut got, mut moby) = (got, paths(&case["moby_unmounts"]).unwrap());
                got.sort();
                moby.sort();
                assert_eq!(got, moby, "{id}");
            }
        }
    }
}
