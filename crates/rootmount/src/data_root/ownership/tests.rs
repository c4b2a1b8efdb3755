use super::*;
use mountscan::{Device, MountId, UniqueMountId};

use std::path::PathBuf;

fn record() -> Record {
    Record {
        boot_id: "5f8c0b0e-0000-4000-8000-000000000001".to_owned(),
        path: PathBuf::from("/var/lib/docker"),
        device: Device {
            major: 254,
            minor: 0,
        },
        root: PathBuf::from("/@/var/lib/docker"),
        mount_id: Some(MountId(62)),
        unique_id: Some(UniqueMountId(4_294_967_500)),
        time: 1_764_000_000,
    }
}

fn mounted() -> Mounted {
    Mounted {
        mount: MountRef {
            mount_id: MountId(62),
            unique_id: Some(UniqueMountId(4_294_967_500)),
            device: Device {
                major: 254,
                minor: 0,
            },
            root: PathBuf::from("/@/var/lib/docker"),
            mount_point: PathBuf::from("/var/lib/docker"),
        },
        shared: true,
        self_bind: SelfBind::Yes,
    }
}

/// The mount with something about it changed.
fn mounted_but(change: impl FnOnce(&mut MountRef)) -> Mounted {
    let mut mounted = mounted();
    change(&mut mounted.mount);
    mounted
}

#[track_caller]
fn check(record: &Record, mounted: Option<&Mounted>, want: &Ownership) {
    let file = RecordFile::Written(record.clone());
    let got = recognise(
        &file,
        Some(&self::record().boot_id),
        Path::new("/var/lib/docker"),
        mounted,
    );
    assert_eq!(&got, want);
}

#[test]
fn the_very_mount_is_ours() {
    check(&record(), Some(&mounted()), &Ownership::Ours);
}

#[test]
fn another_mount_is_not() {
    check(&record(), None, &Ownership::OtherMount);
    let other_unique = mounted_but(|m| m.unique_id = Some(UniqueMountId(1)));
    check(&record(), Some(&other_unique), &Ownership::OtherMount);
    // Within a boot, a kernel that had unique ids has them.
    let no_unique = mounted_but(|m| m.unique_id = None);
    check(&record(), Some(&no_unique), &Ownership::OtherMount);
    let old = Record {
        unique_id: None,
        ..record()
    };
    let reused = mounted_but(|m| m.root = PathBuf::from("/other"));
    check(&old, Some(&reused), &Ownership::OtherMount);
    let renumbered = mounted_but(|m| m.mount_id = MountId(63));
    check(&old, Some(&renumbered), &Ownership::OtherMount);
    let device = mounted_but(|m| m.device = Device { major: 0, minor: 9 });
    check(&old, Some(&device), &Ownership::OtherMount);
}

#[test]
fn another_boot_or_root_is_never_acted_upon() {
    let boot = Record {
        boot_id: "other".to_owned(),
        ..record()
    };
    check(&boot, Some(&mounted()), &Ownership::OtherBoot);
    let root = Record {
        path: PathBuf::from("/elsewhere"),
        ..record()
    };
    check(
        &root,
        Some(&mounted()),
        &Ownership::OtherRoot(PathBuf::from("/elsewhere")),
    );
}

#[test]
fn a_record_without_ids_needs_a_self_bind() {
    let pending = Record {
        mount_id: None,
        unique_id: None,
        ..record()
    };
    check(&pending, Some(&mounted()), &Ownership::Ours);
    for self_bind in [SelfBind::No, SelfBind::Unknown] {
        check(
            &pending,
            Some(&Mounted {
                self_bind,
                ..mounted()
            }),
            &Ownership::OtherMount,
        );
    }
}

#[test]
fn the_marker_of_moby_is_honoured_under_its_own_test() {
    let path = Path::new("/var/lib/docker");
    let by_marker = |mount: Option<&Mounted>| recognise(&RecordFile::Moby, Some("b"), path, mount);
    assert_eq!(by_marker(Some(&mounted())), Ownership::Moby);
    fn is_stale(owner: &Ownership) -> bool {
        matches!(owner, Ownership::MobyStale(_))
    }
    let stale = |mount: Option<&Mounted>| is_stale(&by_marker(mount));
    assert!(stale(None));
    assert!(stale(Some(&Mounted {
        shared: false,
        ..mounted()
    })));
    assert!(stale(Some(&Mounted {
        self_bind: SelfBind::No,
        ..mounted()
    })));
    let unknown = Mounted {
        self_bind: SelfBind::Unknown,
        ..mounted()
    };
    assert_eq!(by_marker(Some(&unknown)), Ownership::Moby);
    let elsewhere = Mounted {
        self_bind: SelfBind::Unknown,
        ..mounted_but(|m| m.root = PathBuf::from("/x"))
    };
    assert!(stale(Some(&elsewhere)));
}

#[test]
fn absence_and_junk_are_not_ours() {
    let path = Path::new("/r");
    for file in [
        RecordFile::Absent,
        RecordFile::Corrupt("why".to_owned()),
        RecordFile::Unreadable,
    ] {
        assert!(!recognise(&file, Some("b"), path, Some(&mounted())).is_ours());
    }
}

/// Cases of the ancestor's own test, and ones it fails.
#[test]
fn the_test_of_moby_made_right() {
    let text = include_str!("../../../tests/rootmount/data/daemon_root.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases = vectors["should_unmount"].as_array().unwrap();
    assert!(cases.len() > 10);
    for case in cases {
        let word = |key: &str| case[key].as_str().unwrap().to_owned();
        // The ancestor's test has tags that no kernel prints.
        let tags = word("optional").replace("shared:", "shared:1");
        let line = format!(
            "9 1 8:1 {} {} rw {tags}{}- ext4 d rw",
            word("mount_root_field"),
            word("root"),
            if tags.is_empty() { "" } else { " " }
        );
        let row = Row::parse(line.as_bytes()).unwrap();
        let mount = Mounted {
            mount: MountRef::from(row),
            shared: row.shared().is_some(),
            // The mount below is not part of the case.
            self_bind: is_self_bind(row, None),
        };
        let want = case["want"]
            .as_bool()
            .unwrap_or_else(|| case["moby"].as_bool().unwrap());
        let got = recognise(
            &RecordFile::Moby,
            Some("b"),
            Path::new(&word("root")),
            Some(&mount),
        );
        assert_eq!(got.is_ours(), want, "{line}: {got}");
    }
}

#[test]
fn the_exact_test_needs_the_mount_below() {
    let row = |line: &'static str| Row::parse(line.as_bytes()).unwrap();
    let check = |above: &'static str, below: &'static str, want| {
        assert_eq!(
            is_self_bind(row(above), Some(row(below))),
            want,
            "{above} on {below}"
        );
    };
    let plain = "9 1 8:1 /var/lib/docker /var/lib/docker rw - ext4 d rw";
    check(plain, "1 0 8:1 / / rw - ext4 d rw", SelfBind::Yes);
    check(plain, "1 0 8:2 / / rw - ext4 d rw", SelfBind::No);
    check(plain, "1 0 8:1 /@ / rw - ext4 d rw", SelfBind::No);
    check(plain, "1 0 8:1 / /home rw - ext4 d rw", SelfBind::Unknown);
    let subvolume = "9 1 0:42 /@/var/lib/docker /var/lib/docker rw - btrfs d rw";
    check(subvolume, "1 0 0:42 /@ / rw - btrfs d rw", SelfBind::Yes);
    let deleted = "9 1 8:1 /var/lib/docker//deleted /var/lib/docker rw - ext4 d rw";
    check(deleted, "1 0 8:1 / / rw - ext4 d rw", SelfBind::Yes);
    let stacked = "10 9 8:1 /var/lib/docker /var/lib/docker rw - ext4 d rw";
    check(stacked, plain, SelfBind::Yes);
    check(
        "9 1 8:1 / /docker rw - ext4 d rw",
        "1 0 8:2 / / rw - ext4 e rw",
        SelfBind::No,
    );
    assert_eq!(is_self_bind(row(plain), None), SelfBind::Unknown);
}
