//! `captures/`: the mount tables of real Docker hosts. What a clean-up plans is
//! exactly what the containers left, for overlay2 and for the containerd store.

use std::fs;
use std::path::PathBuf;

use rootmount::{MountTable, PlanOptions, RootAction, Rules, plan};
use serde_json::json;

use crate::command;
use crate::judge::data;

const ROOT: &str = "/var/lib/docker";

/// Captures, and how many mounts of containers each shows.
const CAPTURES: &[(&str, usize)] = &[
    ("docker-20.10.3-running-3", 4),
    ("docker-20.10.4-dockerd-containerd-killed", 4),
    ("docker-28.5.0-before", 0),
    ("docker-28.5.3-running-3", 4),
    ("docker-28.5.4-dockerd-containerd-killed", 4),
    ("docker-28.5-snapshotter.3-running-3", 4),
];

fn capture(name: &str) -> PathBuf {
    data().join("captures").join(format!("{name}.mountinfo"))
}

/// The mount points below the root, by the text alone: these hosts have no
/// other mounts there.
fn below_root(table: &str) -> Vec<String> {
    let mut points: Vec<String> = table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .filter(|point| point.starts_with("/var/lib/docker/"))
        .map(str::to_owned)
        .collect();
    points.sort();
    points
}

#[test]
fn a_plan_names_exactly_the_leftovers() {
    for (name, count) in CAPTURES {
        let text = fs::read_to_string(capture(name)).expect("the capture is there");
        let leftovers = below_root(&text);
        assert_eq!(leftovers.len(), *count, "{name}");
        let table = MountTable::from_bytes(text);
        let plan = plan(&table, &Rules::sweep(), &PlanOptions::new(ROOT)).expect("a good root");
        let mut planned: Vec<String> = plan
            .steps()
            .iter()
            .map(|step| step.mount.mount_point.to_str().expect("ASCII").to_owned())
            .collect();
        planned.sort();
        assert_eq!(planned, leftovers, "{name}");
        assert_eq!(plan.kept(), [], "{name}: nothing else is below the root");
        assert_eq!(plan.root_decision().action, RootAction::None, "{name}");
    }
}

/// The same by the command, from the file alone.
#[test]
fn the_command_names_exactly_the_leftovers() {
    for (name, _) in CAPTURES {
        let file = capture(name);
        let text = fs::read_to_string(&file).expect("the capture is there");
        let answer = command::json(&[
            "root",
            "cleanup",
            "--dry-run",
            "--mountinfo",
            file.to_str().expect("an ASCII path"),
            "--json",
        ]);
        let mut steps: Vec<&str> = answer["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .map(|step| step["mount_point"].as_str().expect("a path"))
            .collect();
        steps.sort_unstable();
        assert_eq!(steps, below_root(&text), "{name}");
        assert_eq!(answer["kept"], json!([]), "{name}");
        assert_eq!(answer["root"]["action"], "none", "{name}");
    }
}

/// A container that still runs keeps its mounts; the others' go.
#[test]
fn a_live_container_keeps_its_mounts() {
    let file = capture("docker-28.5.3-running-3");
    let text = fs::read_to_string(&file).expect("the capture is there");
    let all = below_root(&text);
    let live = all[1].split('/').nth(5).expect("an id").to_owned();
    let answer = command::json(&[
        "root",
        "cleanup",
        "--keep",
        &live,
        "--mountinfo",
        file.to_str().expect("an ASCII path"),
        "--json",
    ]);
    let steps = answer["steps"].as_array().expect("steps");
    let kept = answer["kept"].as_array().expect("kept");
    assert_eq!((steps.len(), kept.len()), (all.len() - 1, 1), "{answer}");
    assert_eq!(kept[0]["mount_point"], all[1].as_str());
}
