//! Stores of Docker and containers/storage as their engines wrote them.

use std::fs;
use std::path::Path;

use engines::{Containers, Resolved};

/// As podman 5.8 wrote them: one ordinary container, one of `run --rm`, and one of
/// `--transient-store`, which is below the run root.
const ORDINARY: &str = include_str!("data/podman-5.8.containers.json");
const VOLATILE: &str = include_str!("data/podman-5.8.volatile-containers.json");
const TRANSIENT: &str = include_str!("data/podman-5.8.run.volatile-containers.json");

fn write(path: &Path, text: &str) {
    let directory = path.parent().expect("each file has a directory");
    fs::create_dir_all(directory).expect("making a directory");
    fs::write(path, text).expect("writing");
}

fn id(container: &str, known: &Containers) -> String {
    match known.resolve(container) {
        Resolved::One(id) => id,
        other => panic!("{container}: {other:?}"),
    }
}

#[test]
fn each_list_of_podman_counts() {
    let place = tempfile::tempdir().unwrap();
    let (graph, run) = (place.path().join("graph"), place.path().join("run"));
    write(&graph.join("overlay-containers/containers.json"), ORDINARY);
    write(
        &graph.join("overlay-containers/volatile-containers.json"),
        VOLATILE,
    );
    write(
        &run.join("overlay-containers/volatile-containers.json"),
        TRANSIENT,
    );
    // The same root was used with another driver before.
    let other = r#"[{"id": "ff00", "names": ["old"], "layer": "ee11"}]"#;
    write(&graph.join("vfs-containers/containers.json"), other);
    write(&graph.join("-containers/containers.json"), "not a driver's");

    let known = Containers::of_storage(&graph, Some(&run));
    assert_eq!(known.unread, []);
    assert_eq!(known.list.len(), 4);
    for (name, layer) in [
        ("made", "fbd4"),
        ("rm1", "de73"),
        ("tr1", "ae4f"),
        ("old", "ee11"),
    ] {
        let id = id(name, &known);
        let layers = known.layers(&id);
        assert!(
            layers.len() == 1 && layers[0].starts_with(layer),
            "{name}: {layers:?}"
        );
        assert_eq!(known.of_layer(&layers[0]).unwrap().id, id);
    }
    assert_eq!(
        known.resolve("2594bba0a312"),
        Resolved::One(id("rm1", &known))
    );
    assert!(
        known.of_layer("2acc5cbf").is_none(),
        "an image's layer has no container"
    );

    let without = Containers::of_storage(&graph, None);
    assert_eq!(without.resolve("tr1"), Resolved::None);
}

#[test]
fn what_is_half_written_or_of_a_later_form_is_named() {
    let place = tempfile::tempdir().unwrap();
    let list = place.path().join("overlay-containers/containers.json");
    write(
        &place
            .path()
            .join("overlay-containers/volatile-containers.json"),
        VOLATILE,
    );
    for text in [
        &ORDINARY[..ORDINARY.len() / 2],
        "",
        "{\"version\":2}",
        "SQLite format 3\0",
    ] {
        write(&list, text);
        let known = Containers::of_storage(place.path(), None);
        assert_eq!(known.unread.len(), 1, "{text}");
        assert_eq!(known.unread[0].path, list);
        assert_eq!(known.list.len(), 1, "the other list is read all the same");
    }
}

#[test]
fn what_is_not_a_file_is_never_waited_for() {
    let place = tempfile::tempdir().unwrap();
    let list = place.path().join("overlay-containers/containers.json");
    fs::create_dir_all(&list).unwrap();
    let known = Containers::of_storage(place.path(), None);
    assert_eq!(known.unread[0].why, "it is not a regular file");
    fs::remove_dir(&list).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(&list)
        .status()
        .unwrap();
    assert!(made.success());
    let known = Containers::of_storage(place.path(), None);
    assert_eq!(known.unread[0].why, "it is not a regular file");
}

#[test]
fn a_root_that_is_not_there_has_no_containers() {
    let place = tempfile::tempdir().unwrap();
    let missing = place.path().join("missing");
    assert_eq!(
        Containers::of_storage(&missing, Some(&missing)),
        Containers::default()
    );
    assert_eq!(Containers::of_docker(&missing), Containers::default());
    // A file in its place is no absence.
    fs::write(&missing, "").unwrap();
    assert_eq!(Containers::of_storage(&missing, None).unread.len(), 1);
    assert_eq!(Containers::of_docker(&missing).unread.len(), 1);
}

#[test]
fn dockers_containers_are_known_by_name() {
    let place = tempfile::tempdir().unwrap();
    let containers = place.path().join("containers");
    let ids: Vec<String> = ["3f", "3e", "aa", "bb"]
        .map(|start| start.repeat(32))
        .into();
    let config = |id: &str| containers.join(id).join("config.v2.json");
    write(
        &config(&ids[0]),
        r#"{"StreamConfig":{},"Name":"/web_1","Driver":"overlay2"}"#,
    );
    write(&config(&ids[1]), r#"{"Name":"/db"}"#);
    write(&config(&ids[2]), r#"{"Name":"/half"#);
    fs::create_dir_all(containers.join(&ids[3])).unwrap();
    fs::create_dir_all(containers.join("backup")).unwrap();

    let known = Containers::of_docker(place.path());
    assert_eq!(known.resolve("web_1"), Resolved::One(ids[0].clone()));
    assert_eq!(known.resolve(&ids[1][..12]), Resolved::One(ids[1].clone()));
    assert_eq!(known.resolve("backup"), Resolved::None);
    assert_eq!(known.resolve(&ids[3]), Resolved::One(ids[3].clone()));
    assert_eq!(
        known.resolve("3"),
        Resolved::Several(vec![ids[1].clone(), ids[0].clone()])
    );
    assert_eq!(known.unread.len(), 1);
    assert_eq!(known.unread[0].path, config(&ids[2]));
}
