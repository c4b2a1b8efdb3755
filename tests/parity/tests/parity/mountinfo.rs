//! `mountinfo.json`: one line, escapes, and the four filters.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use mountscan::{MountTable, PropagationTag, Row};
use serde_json::{Value, json};

use crate::judge::{Judge, list, text, vectors};

#[test]
fn lines() {
    let vectors = vectors("mountinfo");
    let mut judge = Judge::new("mountinfo_parse");
    for case in list(&vectors["parse"]) {
        let input = match case.get("input_hex") {
            Some(hex) => unhex(text(hex)),
            None => text(&case["input"]).as_bytes().to_vec(),
        };
        let ours = match MountTable::from_bytes_strict(input) {
            Ok(table) => json!({"entries": table.rows().map(entry).collect::<Vec<_>>()}),
            Err(_) => json!({"error": true}),
        };
        judge.case(text(&case["id"]), &case["moby_head"], &ours);
        check_wanted(case, &ours);
    }
    judge.finish();
}

/// What the vector wants of single fields, beside moby's whole entry.
#[track_caller]
fn check_wanted(case: &Value, ours: &Value) {
    let Some(want) = case["want"].as_object() else {
        return;
    };
    for (key, value) in want {
        let found = match key.as_str() {
            "why" => continue,
            "error" => &ours["error"],
            "peer_group" | "master" | "propagate_from" | "unbindable" | "unknown_tags" | "root"
            | "root_deleted" => continue, // `tags_are_values_not_text` looks at these.
            key => &ours["entries"][0][key],
        };
        assert_eq!(found, value, "{}: {key}", case["id"]);
    }
}

#[test]
fn tags_are_values_not_text() {
    let vectors = vectors("mountinfo");
    let mut looked_at = 0;
    for case in list(&vectors["parse"]) {
        let Some(want) = case["want"].as_object() else {
            continue;
        };
        let Some(line) = case["input"].as_str() else {
            continue;
        };
        let table = MountTable::from_bytes(line);
        let Some(row) = table.rows().next() else {
            continue;
        };
        let unknown: Vec<_> = row.unknown_tags().map(String::from_utf8_lossy).collect();
        let ours = json!({
            "peer_group": row.shared().map(|group| group.0),
            "master": row.master().map(|group| group.0),
            "propagate_from": row.propagate_from().map(|group| group.0),
            "unbindable": row.is_unbindable(),
            "unknown_tags": unknown,
            "root": path(row.root()),
            "root_deleted": row.is_root_deleted(),
        });
        for (key, value) in want.iter().filter(|(key, _)| ours.get(key).is_some()) {
            assert_eq!(&ours[key], value, "{}: {key}", case["id"]);
            looked_at += 1;
        }
    }
    assert_eq!(looked_at, 7, "the vector wants seven such values");
}

#[test]
fn escapes() {
    let vectors = vectors("mountinfo");
    let mut judge = Judge::new("mountinfo_unescape");
    for case in list(&vectors["unescape"]) {
        let field = text(&case["in"]);
        let ours = bytes(&mountscan::unescape(field.as_bytes()));
        judge.case(field, &case["head"], &ours);
    }
    judge.finish();
}

#[test]
fn filters() {
    let vectors = vectors("mountinfo");
    let table = MountTable::from_bytes(text(&vectors["filter_table"]));
    let mut judge = Judge::new("mountinfo_filter");
    for case in list(&vectors["filters"]) {
        let argument = text(&case["arg"]);
        let ours = json!(ids(&table, text(&case["filter"]), argument));
        let id = format!("{} {argument}", text(&case["filter"]));
        judge.wanted(&id, &case["moby_ids"], case.get("want_ids"), &ours);
    }
    judge.finish();
}

/// moby's four filters, in our words.
fn ids(table: &MountTable, filter: &str, argument: &str) -> Vec<u32> {
    let path = Path::new(argument);
    let mut ids: Vec<u32> = match filter {
        "prefix" => table.under(path).map(|row| row.mount_id().0).collect(),
        "single" => table
            .topmost(path)
            .map(|row| row.mount_id().0)
            .into_iter()
            .collect(),
        "parents" => path
            .ancestors()
            .flat_map(|ancestor| table.at(ancestor))
            .map(|row| row.mount_id().0)
            .collect(),
        "fstype" => {
            let types: Vec<&str> = argument.split(',').collect();
            let listed = |row: &Row<'_>| types.iter().any(|name| *name == &*row.fs_type());
            table
                .rows()
                .filter(listed)
                .map(|row| row.mount_id().0)
                .collect()
        }
        other => panic!("{other}"),
    };
    ids.sort_unstable();
    ids
}

#[test]
fn prefixes_end_at_components() {
    let vectors = vectors("mountinfo");
    let mut judge = Judge::new("mountinfo_prefix");
    for case in list(&vectors["prefix_filter_upstream"]) {
        let (prefix, point) = (text(&case["prefix"]), text(&case["mp"]));
        let table = MountTable::from_bytes(format!("2 1 0:5 / {point} rw - tmpfs none rw\n"));
        let skipped = table.under(Path::new(prefix)).next().is_none();
        judge.case(&format!("{prefix} {point}"), &case["skip"], &json!(skipped));
    }
    judge.finish();
}

fn entry(row: Row<'_>) -> Value {
    let root = match row.is_root_deleted() {
        true => json!(format!("{}//deleted", row.root().display())),
        false => path(row.root()),
    };
    let tags: Vec<String> = row.tags().map(tag).collect();
    json!({
        "id": row.mount_id().0,
        "parent": row.parent_id().0,
        "major": row.device().major,
        "minor": row.device().minor,
        "root": root,
        "mountpoint": path(row.mount_point()),
        "options": bytes(row.mount_options().as_bytes()),
        "optional": tags.join(" "),
        "fstype": os(row.fs_type()),
        "source": os(row.source()),
        "super": bytes(row.super_options().as_bytes()),
    })
}

/// A tag as the kernel prints it.
fn tag(tag: PropagationTag<'_>) -> String {
    match tag {
        PropagationTag::Shared(group) => format!("shared:{}", group.0),
        PropagationTag::Master(group) => format!("master:{}", group.0),
        PropagationTag::PropagateFrom(group) => format!("propagate_from:{}", group.0),
        PropagationTag::Unbindable => "unbindable".to_owned(),
        PropagationTag::Unknown(word) => String::from_utf8_lossy(word).into_owned(),
        other => panic!("{other:?}"),
    }
}

fn path(path: Cow<'_, Path>) -> Value {
    bytes(path.as_os_str().as_bytes())
}

fn os(word: Cow<'_, OsStr>) -> Value {
    bytes(word.as_bytes())
}

/// A string, or `{"hex": …}` for bytes that are not UTF-8.
fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"hex": hex})
        }
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}
