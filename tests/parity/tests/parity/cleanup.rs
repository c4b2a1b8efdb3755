//! `cleanup.json`: which mounts the sweep unmounts, and in which order.

use rootmount::{MountTable, PlanOptions, Rules, plan};
use serde_json::{Value, json};

use crate::judge::{Judge, list, text, vectors};
use crate::seed::seed_selection;

/// A line longer than moby's reader takes: an overlay with many layers.
const LONG: usize = 70_000;

#[test]
fn ours_beside_mobys() {
    let vectors = vectors("cleanup");
    let mut judge = Judge::new("cleanup");
    for case in list(&vectors["cases"]) {
        let moby = &case["moby_unmounts"];
        judge.wanted(
            text(&case["id"]),
            moby,
            case.get("want_unmounts"),
            &planned(case),
        );
    }
    judge.finish();
}

/// The model of the seed is moby's, faults included.
#[test]
fn the_seed_model_is_exact() {
    let vectors = vectors("cleanup");
    for case in list(&vectors["cases"]) {
        let table = table(case);
        let seed = seed_selection(
            table.as_bytes(),
            text(&case["root"]),
            text(&case["mount_id"]),
        );
        assert_eq!(
            json!(seed.unmounts),
            case["moby_unmounts"],
            "{}",
            case["id"]
        );
        let cut_short = case["moby_error"] == true;
        assert_eq!(seed.cut_short, cut_short, "{}", case["id"]);
    }
}

fn planned(case: &Value) -> Value {
    let table = MountTable::from_bytes(table(case));
    let rules = match text(&case["mount_id"]) {
        "" => Ok(Rules::sweep()),
        id => Rules::container(id),
    };
    let Ok(rules) = rules else {
        return json!([]); // An id of another form is refused before any work.
    };
    let plan = plan(&table, &rules, &PlanOptions::new(text(&case["root"]))).expect("a good root");
    let points: Vec<_> = plan
        .steps()
        .iter()
        .map(|step| &step.mount.mount_point)
        .collect();
    json!(points)
}

fn table(case: &Value) -> String {
    let mountinfo = &case["mountinfo"];
    match mountinfo.as_str() {
        Some(table) => table.to_owned(),
        None => format!(
            "{}4 1 0:4 / /x rw - overlay overlay rw,lowerdir={}\n{}",
            text(&mountinfo["line1"]),
            "l".repeat(LONG),
            text(&mountinfo["line3"])
        ),
    }
}

/// An id that is not one is an error that says so; moby drops it silently.
#[test]
fn an_id_that_is_none_is_refused() {
    let error = Rules::container("a/b").expect_err("a path is no id");
    assert_eq!(error.kind(), rootmount::ErrorKind::BadId);
}
