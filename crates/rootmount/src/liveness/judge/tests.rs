use super::*;
use mountscan::{MountId, Residents};
use std::path::PathBuf;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn mount(minor: u32, root: &str) -> MountRef {
    MountRef {
        mount_id: MountId(40 + minor),
        unique_id: None,
        device: Device { major: 0, minor },
        root: PathBuf::from(root),
        mount_point: PathBuf::from("/r/overlay2/x/merged"),
    }
}

/// Processes of the whole machine, seen from the initial pid namespace.
fn processes() -> Residents {
    let mut seen = mountscan::residents(&mountscan::ResidentsOptions::new()).unwrap();
    seen.residents.clear();
    seen.view.unreadable = 0;
    seen.view.hides = false;
    seen.view.is_initial = Some(true);
    seen.view.is_initial_user = Some(true);
    seen
}

/// A process that lives on a file system.
fn resident(minor: u32, root: Option<&str>) -> Resident {
    let all = mountscan::residents(&mountscan::ResidentsOptions::new()).unwrap();
    let mut resident = all.residents.into_iter().next().unwrap();
    resident.pid = 24372;
    resident.comm = "sleep".into();
    resident.how = ResidentUse::RootDirectory;
    resident.device = Device { major: 0, minor };
    resident.root = root.map(PathBuf::from);
    resident
}

/// Evidence of a host where one state directory was read.
fn evidence(change: impl FnOnce(&mut Evidence, &mut Residents)) -> Evidence {
    let mut evidence = Evidence::none(Claim::Nothing);
    evidence
        .looked
        .push("/run/docker/runtime-runc/moby".to_owned());
    let mut seen = processes();
    change(&mut evidence, &mut seen);
    if matches!(evidence.processes, Processes::Unseen(ref why) if why == "they were not looked at")
    {
        evidence.processes = Processes::Seen(seen);
    }
    evidence
}

fn verdict(evidence: &Evidence) -> Verdict {
    let layers = LayerMap::new();
    Judge::new(evidence, &layers).verdict(&ContainerKey::of(ID), &[&mount(50, "/")], false)
}

fn is_unsure(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown { .. } | Verdict::Contradiction(_))
}

#[test]
fn a_source_that_does_not_know_it_and_no_process_prove_death() {
    assert_eq!(verdict(&evidence(|_, _| {})), Verdict::Dead);
}

#[test]
fn a_process_on_the_file_system_is_life_whatever_others_say() {
    let alive = evidence(|e, seen| {
        seen.residents.push(resident(50, Some("/")));
        e.testimonies
            .push(Testimony::new(ID, Says::Dead, "runc state"));
        e.claim = Claim::NoneLive;
    });
    let by = "runs: pid 24372 sleep".to_owned();
    assert_eq!(verdict(&alive), Verdict::Lives { by });
    // Only the device is known: it may be this mount.
    let maybe = evidence(|_, seen| seen.residents.push(resident(50, None)));
    assert!(matches!(verdict(&maybe), Verdict::Lives { .. }));
}

#[test]
fn device_and_root_must_both_match() {
    let other_device = evidence(|_, seen| seen.residents.push(resident(51, Some("/"))));
    assert_eq!(verdict(&other_device), Verdict::Dead);
    // Subvolumes of one btrfs share a device.
    let subvolumes = evidence(|_, seen| seen.residents.push(resident(50, Some("/@/b"))));
    let layers = LayerMap::new();
    let judge = Judge::new(&subvolumes, &layers);
    let of = |root: &str| judge.verdict(&ContainerKey::of(ID), &[&mount(50, root)], false);
    assert_eq!(of("/@/a"), Verdict::Dead);
    assert!(matches!(of("/@/b"), Verdict::Lives { .. }));
    // The host's own root is no life on a subvolume of it.
    let host = evidence(|_, seen| seen.residents.push(resident(50, Some("/@"))));
    let judge = Judge::new(&host, &layers);
    let of_sub = judge.verdict(&ContainerKey::of(ID), &[&mount(50, "/@/a")], false);
    assert_eq!(of_sub, Verdict::Dead);
}

#[test]
fn all_mounts_of_a_container_stand_or_fall_together() {
    let on_shm = evidence(|_, seen| seen.residents.push(resident(60, Some("/"))));
    let layers = LayerMap::new();
    let judge = Judge::new(&on_shm, &layers);
    let mounts = [&mount(50, "/"), &mount(60, "/")];
    let whole = judge.verdict(&ContainerKey::of(ID), &mounts, false);
    assert!(matches!(whole, Verdict::Lives { .. }));
}

#[test]
fn a_testimony_of_life_or_doubt_keeps() {
    let lives = evidence(|e, _| {
        e.testimonies
            .push(Testimony::new(ID, Says::Lives, "runsc state"));
    });
    let by = "runsc state".to_owned();
    assert_eq!(verdict(&lives), Verdict::Lives { by });
    let doubt = evidence(|e, _| {
        e.testimonies.push(Testimony::new(ID, Says::Dead, "bundle"));
        e.testimonies.push(Testimony::new(
            ID,
            Says::Unknown,
            "pid of another namespace",
        ));
    });
    let why = "pid of another namespace".to_owned();
    assert_eq!(verdict(&doubt), Verdict::Unknown { why });
}

#[test]
fn what_was_not_seen_is_never_dead() {
    for (name, unsure) in [
        ("no source", evidence(|e, _| e.looked.clear())),
        (
            "a source that fails",
            evidence(|e, _| e.complaints.push("x".into())),
        ),
        ("hidepid", evidence(|_, seen| seen.view.hides = true)),
        ("unreadable", evidence(|_, seen| seen.view.unreadable = 3)),
        (
            "no /proc",
            evidence(|e, _| e.processes = Processes::Unseen("gone".into())),
        ),
    ] {
        assert!(is_unsure(&verdict(&unsure)), "{name}");
        // The caller may know better.
        for claim in [
            Claim::NoneLive,
            Claim::All([OsString::from("other")].into()),
        ] {
            let claimed = Evidence {
                claim,
                ..unsure.clone()
            };
            assert_eq!(verdict(&claimed), Verdict::Dead, "{name}");
        }
    }
    let claimed = evidence(|e, _| e.claim = Claim::All([OsString::from(ID)].into()));
    assert!(matches!(verdict(&claimed), Verdict::Lives { .. }));
}

#[test]
fn a_known_death_needs_no_other_source() {
    let dead = |change: fn(&mut Evidence, &mut Residents)| {
        evidence(|e, seen| {
            e.testimonies
                .push(Testimony::new(ID, Says::Dead, "runc state"));
            change(e, seen);
        })
    };
    assert_eq!(verdict(&dead(|e, _| e.looked.clear())), Verdict::Dead);
    assert_eq!(
        verdict(&dead(|e, _| e.complaints.push("x".into()))),
        Verdict::Dead
    );
    assert_eq!(
        verdict(&dead(|_, s| s.view.is_initial = Some(false))),
        Verdict::Dead
    );
    // Its child may live where we do not see it.
    assert!(is_unsure(&verdict(&dead(|_, s| s.view.hides = true))));
    assert!(is_unsure(&verdict(&dead(|_, s| s.view.unreadable = 1))));
}

#[test]
fn processes_outside_our_user_namespace_do_not_count() {
    let rootless = evidence(|_, seen| {
        seen.view.unreadable = 80;
        seen.view.is_initial_user = Some(false);
    });
    assert_eq!(verdict(&rootless), Verdict::Dead);
}

#[test]
fn a_layer_belongs_to_its_container() {
    let layer = "f".repeat(64);
    let mut layers = LayerMap::new();
    layers.add("web", layer.as_str());
    let lives = evidence(|e, _| {
        e.testimonies
            .push(Testimony::new("web", Says::Lives, "crun state"));
    });
    let judge = Judge::new(&lives, &layers);
    let of = |path: &str| judge.container_of(Path::new(path), None).id;
    assert_eq!(of(&format!("overlay/{layer}/merged")), OsStr::new("web"));
    assert_eq!(
        of(&format!("overlay/{layer}-init/merged")),
        OsStr::new("web")
    );
    assert_eq!(of("overlay-containers/web/userdata/shm"), OsStr::new("web"));
    assert_eq!(of(&format!("overlay2/{ID}/merged")), OsStr::new(ID));
    assert_eq!(of("volumes/data"), OsStr::new("volumes/data"));
    // A store that could not be read: any layer may be that of a living container.
    layers.unread("containers.json: not JSON");
    let judge = Judge::new(&lives, &layers);
    let stranger = judge.verdict(&ContainerKey::of(ID), &[&mount(50, "/")], false);
    assert!(is_unsure(&stranger));
}

#[test]
fn a_container_whose_layers_are_not_known_may_live_on_one_of_them() {
    let judged = |layers: &LayerMap, says: Option<Says>| {
        let known = evidence(|e, seen| {
            seen.residents.push(resident(51, Some("/")));
            let testimony = says.map(|says| Testimony::new(ID, says, "runc state"));
            e.testimonies.extend(testimony);
        });
        // Its shm. The process lives on another mount, which may be its root file system.
        let verdict =
            Judge::new(&known, layers).verdict(&ContainerKey::of(ID), &[&mount(50, "/")], false);
        verdict == Verdict::Dead
    };
    let mut of_it = LayerMap::new();
    of_it.unread_layers(ID, "mount-id: an error");
    let mut of_another = LayerMap::new();
    of_another.add(ID, "f".repeat(64));
    of_another.unread_layers("e".repeat(64), "mount-id: an error");
    let mut of_store = LayerMap::new();
    of_store.unread("containers.json: not JSON");
    for says in [None, Some(Says::Dead)] {
        assert!(!judged(&of_it, says), "{says:?}");
        assert!(!judged(&of_store, says), "{says:?}");
        // All of its own layers are known.
        assert!(judged(&of_another, says), "{says:?}");
        assert!(judged(&LayerMap::new(), says), "{says:?}");
    }
}

#[test]
fn in_a_pid_namespace_of_its_own_only_what_spreads_is_in_doubt() {
    let of = |evidence: &Evidence, spreads| {
        let layers = LayerMap::new();
        Judge::new(evidence, &layers).verdict(&ContainerKey::of(ID), &[&mount(50, "/")], spreads)
    };
    for is_initial in [Some(false), None] {
        let nested = evidence(|_, seen| seen.view.is_initial = is_initial);
        assert_eq!(of(&nested, false), Verdict::Dead);
        assert!(is_unsure(&of(&nested, true)));
        // A pid of the host in another container's state: this may be an agent in a
        // container that sees the mounts of the host.
        let agent = evidence(|e, seen| {
            seen.view.is_initial = is_initial;
            e.testimonies
                .push(Testimony::new("other", Says::Unknown, "pid 5"));
        });
        assert!(is_unsure(&of(&agent, false)));
    }
    // Where every process is seen, spreading does not matter.
    assert_eq!(of(&evidence(|_, _| {}), true), Verdict::Dead);
}

/// A plan below containerd's run-time directory, by these testimonies: the points that go.
fn swept(points: &[&str], said: &[(Option<&str>, &str, Says)]) -> Vec<String> {
    let mut text = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n".to_owned();
    for (at, point) in points.iter().enumerate() {
        let id = at + 2;
        text += &format!(
            "{id} 1 0:{} / /run/containerd/{point} rw - overlay x rw\n",
            100 + at
        );
    }
    let rules = crate::Rules::empty().with_named([
        (
            "task".to_owned(),
            "task/(?P<namespace>[^/]+)/(?P<id>[^/]+)/rootfs".to_owned(),
        ),
        ("shm".to_owned(), "cri/(?P<id>[^/]+)/shm".to_owned()),
        ("netns".to_owned(), "netns/[^/]+".to_owned()),
    ]);
    let known = evidence(|e, _| {
        for (namespace, id, says) in said {
            let testimony = Testimony::new(id, *says, "a state");
            let namespace = namespace.map(OsString::from);
            e.testimonies.push(testimony.in_namespace(namespace));
        }
    });
    let options = crate::PlanOptions::new("/run/containerd").evidence(known);
    let table = mountscan::MountTable::from_bytes(text);
    let plan = crate::plan(&table, &rules.unwrap(), &options).unwrap();
    let points = plan.steps().iter().map(|step| &step.mount.mount_point);
    let below = points.map(|point| point.strip_prefix("/run/containerd").unwrap());
    let mut below: Vec<String> = below.map(|p| p.display().to_string()).collect();
    below.sort();
    below
}

#[test]
fn one_id_in_two_namespaces_is_two_containers() {
    let points = ["task/a/c1/rootfs", "task/b/c1/rootfs"];
    let said = |second| [(Some("a"), "c1", Says::Lives), (Some("b"), "c1", second)];
    assert_eq!(swept(&points, &said(Says::Dead)), ["task/b/c1/rootfs"]);
    assert!(swept(&points, &said(Says::Unknown)).is_empty());
    assert!(swept(&points, &said(Says::Lives)).is_empty());
    // The order in which sources speak means nothing.
    let mut turned = said(Says::Dead);
    turned.reverse();
    assert_eq!(swept(&points, &turned), ["task/b/c1/rootfs"]);
    // A source that does not know the namespace speaks of both.
    for says in [Says::Lives, Says::Unknown] {
        let said = [
            (Some("a"), "c1", Says::Dead),
            (Some("b"), "c1", Says::Dead),
            (None, "c1", says),
        ];
        assert!(swept(&points, &said).is_empty(), "{says:?}");
    }
    assert_eq!(swept(&points, &[(None, "c1", Says::Dead)]), points);
}

#[test]
fn a_mount_without_namespace_goes_with_all_of_its_id() {
    let points = ["cri/c1/shm", "task/a/c1/rootfs", "task/b/c1/rootfs"];
    let said = [
        (Some("a"), "c1", Says::Lives),
        (Some("b"), "c1", Says::Dead),
    ];
    assert_eq!(swept(&points, &said), ["task/b/c1/rootfs"]);
    let dead = [(Some("a"), "c1", Says::Dead), (Some("b"), "c1", Says::Dead)];
    assert_eq!(swept(&points, &dead), points);
}

#[test]
fn a_namespace_that_is_called_like_a_container_is_not_that_container() {
    // `dead` is a container of another namespace, and the name of this one.
    let points = ["task/dead/c1/rootfs", "task/default/dead/rootfs"];
    let said = [
        (Some("default"), "dead", Says::Dead),
        (Some("dead"), "c1", Says::Lives),
    ];
    assert_eq!(swept(&points, &said), ["task/default/dead/rootfs"]);
    // And the other way round: a living one keeps no mount of others.
    let said = [
        (Some("default"), "dead", Says::Lives),
        (Some("dead"), "c1", Says::Dead),
    ];
    assert_eq!(swept(&points, &said), ["task/dead/c1/rootfs"]);
    // Ids may be called as the directories are.
    let points = ["task/task/rootfs/rootfs"];
    let said = [
        (Some("task"), "task", Says::Dead),
        (None, "rootfs", Says::Lives),
    ];
    assert!(swept(&points, &said).is_empty());
}

#[test]
fn a_source_that_knows_the_path_itself_counts() {
    let points = ["netns/x", "cri/c1/shm"];
    let said = [
        (None, "netns/x", Says::Lives),
        (None, "cri/c1/shm", Says::Unknown),
    ];
    assert!(swept(&points, &said).is_empty());
}

/// Such a name is free to choose for containerd, runc and crun.
#[test]
fn an_id_may_end_like_an_init_layer() {
    let said = |says| [(Some("a"), "web-init", says)];
    let points = ["task/a/web-init/rootfs"];
    assert!(swept(&points, &said(Says::Lives)).is_empty());
    assert!(swept(&points, &said(Says::Unknown)).is_empty());
    assert_eq!(swept(&points, &said(Says::Dead)).len(), 1);
    // What is known of another container says nothing of this one.
    let other = [
        (Some("a"), "web", Says::Lives),
        (Some("a"), "web-init", Says::Dead),
    ];
    assert_eq!(swept(&points, &other).len(), 1);
}

#[test]
fn a_dead_path_does_not_leave_a_living_container() {
    let points = ["cri/c1/shm"];
    let dead = (None, "cri/c1/shm", Says::Dead);
    assert!(swept(&points, &[dead, (None, "c1", Says::Lives)]).is_empty());
    assert!(
        swept(
            &points,
            &[(None, "cri/c1/shm", Says::Lives), (None, "c1", Says::Dead)]
        )
        .is_empty()
    );
}
