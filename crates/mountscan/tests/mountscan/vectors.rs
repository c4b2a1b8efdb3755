//! moby's cases: what a line parses to, what unescapes how, what the filters pick.
//!
//! `want` in the data is the better answer where moby's is poor.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use mountscan::{MountTable, Propagation, Row, unescape};
use serde_json::Value;

fn data() -> Value {
    serde_json::from_str(include_str!("data/mountinfo.json")).expect("the data is JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Object(object) => unhex(object["hex"].as_str().expect("hex text")),
        other => panic!("neither text nor hex: {other}"),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
        .collect()
}

fn join<'a>(words: impl Iterator<Item = &'a std::ffi::OsStr>) -> Vec<u8> {
    words
        .map(OsStrExt::as_bytes)
        .collect::<Vec<_>>()
        .join(&b',')
}

#[test]
fn lines_parse_as_moby_or_better() {
    let data = data();
    for case in data["parse"].as_array().expect("a list") {
        let id = case["id"].as_str().expect("named");
        let input = case.get("input_hex").map_or_else(
            || bytes(&case["input"]),
            |hex| unhex(hex.as_str().expect("text")),
        );
        let table = MountTable::from_bytes(input.clone());
        let refused =
            case["moby_head"].get("error").is_some() || case["want"].get("error").is_some();
        assert_eq!(!table.malformed().is_empty(), refused, "{id}");
        assert_eq!(
            MountTable::from_bytes_strict(input).is_err(),
            refused,
            "{id}"
        );
        if refused {
            continue;
        }
        let entries = case["moby_head"]["entries"].as_array().expect("a list");
        assert_eq!(table.len(), entries.len(), "{id}");
        for (row, entry) in table.rows().zip(entries) {
            check_row(id, row, entry, &case["want"]);
        }
    }
}

fn check_row(id: &str, row: Row<'_>, entry: &Value, want: &Value) {
    let expected = |field: &str| want.get(field).unwrap_or(&entry[field]);
    assert_eq!(u64::from(row.mount_id().0), entry["id"], "{id}");
    assert_eq!(u64::from(row.parent_id().0), entry["parent"], "{id}");
    assert_eq!(u64::from(row.device().major), entry["major"], "{id}");
    assert_eq!(u64::from(row.device().minor), entry["minor"], "{id}");
    assert_eq!(
        row.root().as_os_str().as_bytes(),
        bytes(expected("root")),
        "{id}"
    );
    assert_eq!(row.is_root_deleted(), want["root_deleted"] == true, "{id}");
    assert_eq!(
        row.mount_point().as_os_str().as_bytes(),
        bytes(expected("mountpoint")),
        "{id}"
    );
    assert_eq!(
        join(row.mount_options()),
        bytes(expected("options")),
        "{id}"
    );
    assert_eq!(row.fs_type().as_bytes(), bytes(expected("fstype")), "{id}");
    assert_eq!(row.source().as_bytes(), bytes(expected("source")), "{id}");
    if id != "dash_in_tail" {
        assert_eq!(
            row.super_options().as_bytes(),
            bytes(expected("super")),
            "{id}"
        );
    }
    if want.get("peer_group").is_some() {
        assert_eq!(
            row.shared().map(|group| u64::from(group.0)),
            want["peer_group"].as_u64(),
            "{id}"
        );
        assert_eq!(
            row.master().map(|group| u64::from(group.0)),
            want["master"].as_u64(),
            "{id}"
        );
        assert_eq!(
            row.propagate_from().map(|group| u64::from(group.0)),
            want["propagate_from"].as_u64(),
            "{id}"
        );
        assert_eq!(row.is_unbindable(), want["unbindable"], "{id}");
        let unknown: Vec<_> = row
            .unknown_tags()
            .map(|tag| String::from_utf8_lossy(tag).into_owned())
            .collect();
        assert_eq!(serde_json::json!(unknown), want["unknown_tags"], "{id}");
        assert!(
            matches!(row.propagation(), Propagation::SharedSlave { .. }),
            "{id}"
        );
    }
}

#[test]
fn a_separator_inside_the_super_options_is_text() {
    let row = Row::parse(b"61 42 0:77 / /srv/p rw shared:2 - cifs //h/s rw,unc=a - b c d")
        .expect("well formed");
    assert_eq!(row.super_options().as_bytes(), b"rw,unc=a - b c d");
    assert_eq!(&*row.source(), "//h/s");
}

/// Bytes from 0200 to 0377 decode, as in the versions that moby ships; the rest is text, as in its
/// newest.
#[test]
fn escapes_decode_as_some_moby_or_stay_text() {
    let data = data();
    for case in data["unescape"].as_array().expect("a list") {
        let input = bytes(&case["in"]);
        let head = bytes(&case["head"]);
        let high = matches!(
            input.as_slice(),
            [b'\\', b'2' | b'3', b'0'..=b'7', b'0'..=b'7']
        );
        let want = if high { bytes(&case["v0_7_2"]) } else { head };
        assert_eq!(&*unescape(&input), want, "{case}");
    }
}

#[test]
fn filters_pick_by_component_and_from_the_top() {
    let data = data();
    let table = MountTable::from_bytes(data["filter_table"].as_str().expect("text"));
    for case in data["filters"].as_array().expect("a list") {
        let arg = case["arg"].as_str().expect("text");
        let path = Path::new(arg);
        let rows: Vec<Row<'_>> = match case["filter"].as_str().expect("text") {
            "prefix" => table.under(path).collect(),
            "single" => table.topmost(path).into_iter().collect(),
            "parents" => table
                .rows()
                .filter(|row| path.starts_with(row.mount_point()))
                .collect(),
            "fstype" => table
                .rows()
                .filter(|row| arg.split(',').any(|name| *row.fs_type() == *name))
                .collect(),
            other => panic!("unknown filter {other}"),
        };
        let ids: Vec<_> = rows.iter().map(|row| row.mount_id().0).collect();
        let want = case.get("want_ids").unwrap_or(&case["moby_ids"]);
        assert_eq!(serde_json::json!(ids), *want, "{case}");
    }
    for case in data["prefix_filter_upstream"].as_array().expect("a list") {
        let (prefix, point) = (
            case["prefix"].as_str().expect("text"),
            case["mp"].as_str().expect("text"),
        );
        let table = MountTable::from_bytes(format!("1 0 0:1 / {point} rw - t s rw\n"));
        // A trailing slash does not matter here; moby's filter then matches nothing.
        let skip = case["skip"] == true && prefix != "/a/";
        assert_eq!(table.under(Path::new(prefix)).len() == 0, skip, "{case}");
    }
}

/// Tables of a real host, Docker with the overlay2 driver and with the containerd store.
#[test]
fn captured_tables_read_without_loss() {
    for text in [
        &include_bytes!("data/docker-28.5.3-running-3.mountinfo")[..],
        &include_bytes!("data/docker-28.5-snapshotter.3-running-3.mountinfo")[..],
    ] {
        let table = MountTable::from_bytes_strict(text).expect("every row is well formed");
        assert_eq!(
            table.len(),
            text.iter().filter(|&&byte| byte == b'\n').count()
        );
        let again: Vec<u8> = table
            .rows()
            .flat_map(|row| [row.as_bytes(), b"\n"].concat())
            .collect();
        assert_eq!(again, text);
        let overlays = table
            .under(Path::new("/var/lib/docker"))
            .filter(|row| *row.fs_type() == *"overlay");
        for row in overlays {
            assert!(
                row.super_options().has("lowerdir") || row.super_options().has("lowerdir+"),
                "{row:?}"
            );
        }
    }
}
