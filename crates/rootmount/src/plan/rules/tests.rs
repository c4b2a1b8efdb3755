use super::*;

fn id(c: char) -> String {
    c.to_string().repeat(64)
}

#[track_caller]
fn check(rules: &Rules, path: &str, want: Option<&str>) {
    assert_eq!(rules.matching(Path::new(path)), want, "{path}");
}

#[test]
fn built_in_rules_match_whole_components() {
    let r = Rules::sweep();
    let a = id('a');
    check(&r, &format!("overlay2/{a}/merged"), Some(OVERLAY2));
    check(
        &r,
        &format!("fuse-overlayfs/{a}/merged"),
        Some(FUSE_OVERLAYFS),
    );
    check(&r, &format!("zfs/graph/{a}"), Some(ZFS));
    check(&r, &format!("btrfs/subvolumes/{a}"), Some(BTRFS));
    for name in ["shm", "mqueue", "secrets", "configs"] {
        check(&r, &format!("containers/{a}/mounts/{name}"), Some(MOUNTS));
    }
    check(&r, &format!("containers/{a}/shm"), Some(SHM));
    check(&r, &format!("rootfs/overlayfs/{a}"), Some(ROOTFS));
    check(&r, &format!("rootfs/com.example.any/{a}"), Some(ROOTFS));
}

#[test]
fn near_misses_do_not_match() {
    let r = Rules::sweep();
    let a = id('a');
    for path in [
        String::new(),
        format!("xoverlay2/{a}/merged"),
        format!("overlay2/{a}/merged/x"),
        format!("overlay2/{a}/merged2"),
        format!("overlay2/{a}"),
        format!("overlay2/{a}-init/merged"),
        format!("overlay2/{}/merged", &a[1..]),
        format!("overlay2/{a}a/merged"),
        format!("overlay2/{}/merged", a.to_uppercase()),
        format!("overlay2/{}g/merged", &a[1..]),
        format!("x/overlay2/{a}/merged"),
        format!("containers/{a}/mounts/shm-backup"),
        format!("containers/{a}/mounts/shm/sub"),
        format!("containers/{a}/mounts/"),
        format!("containers/{a}/mounts"),
        format!("containers/{a}/shmx"),
        format!("containers/{a}"),
        format!("rootfs/{a}"),
        format!("rootfs//{a}"),
        format!("rootfs/a/b/{a}"),
        format!("rootfs/overlayfs/{a}/x"),
        format!("image/overlay2/{a}/merged"),
        format!("volumes/v/_data/overlay2/{a}/merged"),
        "zfs/graph/".to_owned(),
    ] {
        check(&r, &path, None);
    }
}

#[test]
fn one_id_means_only_itself() {
    let init = format!("{}-init", id('a'));
    let r = Rules::container(&init).unwrap();
    check(&r, &format!("overlay2/{init}/merged"), Some(OVERLAY2));
    check(&r, &format!("overlay2/{}/merged", id('a')), None);
    let short = Rules::container("web.1_x").unwrap();
    check(&short, "containers/web.1_x/shm", Some(SHM));
    check(&short, "containers/webX1_x/shm", None);
    let both = Rules::containers([id('a'), id('b')]).unwrap();
    check(
        &both,
        &format!("overlay2/{}/merged", id('b')),
        Some(OVERLAY2),
    );
    check(&both, &format!("overlay2/{}/merged", id('c')), None);
}

#[test]
fn ids_that_cannot_be_ids_are_refused() {
    let long = "a".repeat(256);
    for bad in [
        "",
        "(",
        ".",
        "..",
        "a/b",
        "-x",
        "a b",
        "a\0",
        "é",
        "a*",
        long.as_str(),
    ] {
        let error = Rules::container(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadId, "{bad:?}");
    }
    assert_eq!(
        Rules::containers(Vec::<String>::new()).unwrap_err().kind(),
        ErrorKind::BadId
    );
}

#[test]
fn custom_rules_are_anchored() {
    let r = Rules::empty()
        .with_custom(["pods/[0-9]+/mnt", "x|yy"])
        .unwrap();
    check(&r, "pods/12/mnt", Some("pods/[0-9]+/mnt"));
    check(&r, "a/pods/12/mnt", None);
    check(&r, "pods/12/mnt/sub", None);
    check(&r, "pods/12/mnt\n", None);
    check(&r, "yy", Some("x|yy"));
    check(&r, "xz", None);
    let lines = Rules::empty().with_custom(["(?m)^b$"]).unwrap();
    check(&lines, "b", Some("(?m)^b$"));
    check(&lines, "a\nb", None);
    let more = Rules::sweep()
        .with_custom(["one"])
        .unwrap()
        .with_custom(["two"])
        .unwrap();
    check(&more, "one", Some("one"));
    check(&more, "two", Some("two"));
    check(&more, &format!("containers/{}/shm", id('0')), Some(SHM));
}

#[test]
fn custom_rules_match_bytes_that_are_no_text() {
    let r = Rules::empty().with_custom([r"p/.\xff"]).unwrap();
    assert!(
        r.matching(Path::new(OsStr::from_bytes(b"p/\xfe\xff")))
            .is_some()
    );
}

#[test]
fn a_comment_does_not_swallow_the_anchor() {
    let r = Rules::empty()
        .with_custom(["(?x) a b # the mount"])
        .unwrap();
    assert!(r.matching(Path::new("ab")).is_some());
    check(&r, "abc", None);
}

#[test]
fn custom_rules_of_one_container_need_its_id() {
    let r = Rules::container("web")
        .unwrap()
        .with_custom(["pods/[^/]*/mnt"])
        .unwrap();
    assert!(r.matching(Path::new("pods/web/mnt")).is_some());
    check(&r, "pods/db/mnt", None);
}

#[test]
fn bad_rules_are_named() {
    for bad in ["(", "a)|(b", "[z-a]", "a{99999999}"] {
        let error = Rules::sweep().with_custom(["fine", bad]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRule, "{bad}");
        assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    for root in ["", ".*", "a?", "(?:)|b", "x{0}"] {
        let error = Rules::sweep().with_custom([root]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRule, "{root}");
        assert!(error.to_string().contains("root itself"), "{error}");
    }
}
