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
