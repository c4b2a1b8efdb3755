use super::*;

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
        mount_id: MountId(62),
        unique_id: Some(UniqueMountId(4_294_967_500)),
        device: Device {
            major: 254,
            minor: 0,
        },
        root: PathBuf::from("/@/var/lib/docker"),
        shared: true,
        self_bind: SelfBind::Yes,
    }
}

#[track_caller]
fn check(record: &Record, mounted: Option<&Mounted>, want: &Ownership) {
    let file = RecordFile::Written(record.clone());
    let got = recognise(
        &file,
        &self::record().boot_id,
        Path::new("/var/lib/docker"),
        mounted,
    );
    assert_eq!(&got, want);
}

#[test]
fn a_record_comes_back() {
    let mut r = record();
    r.path = PathBuf::from("/data\n/with \\ and é");
    assert_eq!(Record::from_bytes(&r.to_bytes()).as_ref(), Ok(&r));
    r.mount_id = None;
    r.unique_id = None;
    assert_eq!(Record::from_bytes(&r.to_bytes()).as_ref(), Ok(&r));
}

#[test]
fn a_record_cut_anywhere_is_corrupt() {
    let bytes = record().to_bytes();
    for end in 0..bytes.len() {
        assert!(Record::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
}

#[test]
fn other_text_is_corrupt() {
    let good = String::from_utf8(record().to_bytes()).unwrap();
    for bad in [
        good.replace("version 1", "version 2"),
        good.replace("path /var", "path var"),
        good.replace("254:0", "254"),
        good.replace("254:0", "-1:0"),
        good.replace("mount-id 62", "mount-id sixty"),
        good.replace("mount-id 62", "mount-id 62\nmount-id 63"),
        good.replace("time", "tim"),
        good.replace("boot-id", "boot"),
        good.replace("boot-id 5f8c", "boot-id 5f\t8c"),
        good.replace("time 1", "time \u{221e}"),
        format!("{good}more\n"),
        good.replace("/docker\n", "/docker\\9\n"),
        good.replace("end\n", ""),
        good.replace("device", "\n"),
    ] {
        assert!(Record::from_bytes(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(Record::from_bytes(b"\xff").is_err());
    // Fields that a later version adds do not hurt.
    assert!(Record::from_bytes(good.replace("end\n", "colour blue\nend\n").as_bytes()).is_ok());
}

#[test]
fn the_very_mount_is_ours() {
    check(&record(), Some(&mounted()), &Ownership::Ours);
}

#[test]
fn another_mount_is_not() {
    check(&record(), None, &Ownership::OtherMount);
    let other_unique = Mounted {
        unique_id: Some(UniqueMountId(1)),
        ..mounted()
    };
    check(&record(), Some(&other_unique), &Ownership::OtherMount);
    // Within a boot, a kernel that had unique ids has them.
    let no_unique = Mounted {
        unique_id: None,
        ..mounted()
    };
    check(&record(), Some(&no_unique), &Ownership::OtherMount);
    let old = Record {
        unique_id: None,
        ..record()
    };
    let reused = Mounted {
        root: PathBuf::from("/other"),
        ..mounted()
    };
    check(&old, Some(&reused), &Ownership::OtherMount);
    let renumbered = Mounted {
        mount_id: MountId(63),
        ..mounted()
    };
    check(&old, Some(&renumbered), &Ownership::OtherMount);
    let device = Mounted {
        device: Device { major: 0, minor: 9 },
        ..mounted()
    };
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
    let by_marker = |mount: Option<&Mounted>| recognise(&RecordFile::Moby, "b", path, mount);
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
    assert!(stale(Some(&Mounted {
        root: PathBuf::from("/x"),
        ..unknown
    })));
}

#[test]
fn absence_and_junk_are_not_ours() {
    let path = Path::new("/r");
    for file in [
        RecordFile::Absent,
        RecordFile::Corrupt("why".to_owned()),
        RecordFile::Unreadable,
    ] {
        assert!(!recognise(&file, "b", path, Some(&mounted())).is_ours());
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
        let row = mountscan::Row::parse(line.as_bytes()).unwrap();
        let mount = Mounted {
            mount_id: row.mount_id(),
            unique_id: None,
            device: row.device(),
            root: row.root().into_owned(),
            shared: row.shared().is_some(),
            // The mount below is not part of the case.
            self_bind: is_self_bind(row, None),
        };
        let want = case["want"]
            .as_bool()
            .unwrap_or_else(|| case["moby"].as_bool().unwrap());
        let got = recognise(
            &RecordFile::Moby,
            "b",
            Path::new(&word("root")),
            Some(&mount),
        );
        assert_eq!(got.is_ours(), want, "{line}: {got}");
    }
}

#[test]
fn the_exact_test_needs_the_mount_below() {
    let row = |line: &'static str| mountscan::Row::parse(line.as_bytes()).unwrap();
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
