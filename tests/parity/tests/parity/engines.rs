//! `engines/`: the mount tables of real engines. Each row is to its engine what the notes of
//! the capture say, and a row that no engine made is nobody's.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use engines::{Catalogue, Engine, Fate, Shape};
use mountscan::MountTable;
use serde_json::Value;

use crate::judge::data;

type Rows = BTreeMap<(Fate, String), Vec<u64>>;

fn cases() -> Vec<Value> {
    let text = fs::read_to_string(data().join("engines.json")).expect("the cases are there");
    serde_json::from_str(&text).expect("the cases are JSON")
}

fn table(case: &Value) -> MountTable {
    let name = case["table"].as_str().expect("each case has a table");
    let path = data().join("engines").join(format!("{name}.mountinfo"));
    MountTable::from_bytes(fs::read(path).expect("the capture is there"))
}

fn ids(value: &Value) -> Vec<u64> {
    let ids = value.as_array().into_iter().flatten();
    let mut ids: Vec<u64> = ids.map(|id| id.as_u64().expect("a mount id")).collect();
    ids.sort_unstable();
    ids
}

/// The built-in engines; one capture's store was in another place.
fn catalogue() -> Catalogue {
    let mut all = Engine::built_in();
    let other: Shape = "/var/lib/containers/fuse".parse().expect("a plain path");
    for engine in &mut all {
        if engine.name == "containers-storage" {
            engine.places[0].roots[0].paths.push(other.clone());
        }
    }
    Catalogue::new(all)
}

fn found(table: &MountTable, catalogue: &Catalogue) -> Rows {
    let mut rows = Rows::new();
    for row in table.rows() {
        let point = row.mount_point();
        if let Some(found) = catalogue.find(&point) {
            let key = (found.rule.fate, found.engine.name.clone());
            rows.entry(key)
                .or_default()
                .push(u64::from(row.mount_id().0));
        }
    }
    rows.values_mut().for_each(|ids| ids.sort_unstable());
    rows
}

#[test]
fn each_row_is_its_engines() {
    let catalogue = catalogue();
    for case in cases() {
        let mut expected = Rows::new();
        for (member, fate) in [
            ("sweep", Fate::Sweep),
            ("tell", Fate::Tell),
            ("own", Fate::Own),
        ] {
            for (engine, rows) in case[member].as_object().into_iter().flatten() {
                expected.insert((fate, engine.clone()), ids(rows));
            }
        }
        assert_eq!(
            found(&table(&case), &catalogue),
            expected,
            "{}",
            case["table"]
        );
    }
}

#[test]
fn what_may_be_swept_is_all_that_lives_or_is_left() {
    for case in cases() {
        let mut noted = Vec::new();
        for member in ["live", "leftover", "wished", "namespaces"] {
            noted.extend(ids(&case[member]));
        }
        noted.sort_unstable();
        let rows = found(&table(&case), &catalogue());
        let sweep = rows
            .into_iter()
            .filter(|((fate, _), _)| *fate == Fate::Sweep);
        let mut sweep: Vec<u64> = sweep.flat_map(|(_, ids)| ids).collect();
        sweep.sort_unstable();
        assert_eq!(sweep, noted, "{}", case["table"]);
    }
}

#[test]
fn ten_thousand_mounts_are_quickly_asked_about() {
    let id = |number: usize| format!("{number:064x}");
    let points: Vec<std::path::PathBuf> = (0..10_000)
        .map(|number| match number % 5 {
            0 => format!("/var/lib/docker/overlay2/{}/merged", id(number)),
            1 => format!("/var/lib/containers/storage/overlay/{}/merged", id(number)),
            2 => format!(
                "/run/containerd/io.containerd.runtime.v2.task/k8s.io/{}/rootfs",
                id(number)
            ),
            3 => format!("/srv/data/{number}"),
            _ => format!("/var/lib/kubelet/pods/{number:032x}/volumes/kubernetes.io~secret/s"),
        })
        .map(Into::into)
        .collect();
    let catalogue = Catalogue::default();
    let start = Instant::now();
    let known = points
        .iter()
        .filter(|point| catalogue.find(point).is_some())
        .count();
    let took = start.elapsed();
    assert_eq!(known, 8_000);
    println!("10 000 mount points in {took:?}");
    // Far more than it takes on a busy machine, far less than a look-up that is not linear.
    assert!(took.as_secs() < 5, "{took:?}");
}
