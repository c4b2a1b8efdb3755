//! What a power cut would do, told from the order of the calls. Pure.
//!
//! A kill leaves the page cache behind, a power cut does not: a file that gets its
//! name before its contents are on disk may be an empty one afterwards, and a name
//! whose directory was not synced may be gone.

use std::path::Path;

use crate::calls::{fills_file, names_file};
use crate::tracer::Call;

/// What is wrong with the order of an undisturbed run.
pub(crate) fn check(calls: &[Call]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let [from, to] = call.files.as_slice() else {
            continue;
        };
        if !names_file(&call.point.name) {
            continue;
        }
        let (before, after) = (&calls[..at], &calls[at + 1..]);
        let filled = before
            .iter()
            .rposition(|call| fills_file(&call.point.name) && is_about(call, from));
        if filled.is_some_and(|filled| !is_synced(&before[filled..], from)) {
            wrong.push(format!(
                "{} comes before its contents are on disk",
                call.text
            ));
        }
        if !to
            .parent()
            .is_some_and(|directory| is_synced(after, directory))
        {
            wrong.push(format!(
                "{} is not followed by a sync of the directory",
                call.text
            ));
        }
    }
    wrong
}

fn is_synced(calls: &[Call], file: &Path) -> bool {
    let is_sync = |call: &Call| matches!(call.point.name.as_str(), "fsync" | "fdatasync");
    calls
        .iter()
        .any(|call| is_sync(call) && is_about(call, file))
}

fn is_about(call: &Call, file: &Path) -> bool {
    call.files.first().is_some_and(|first| first == file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Point;

    fn calls(made: &[(&str, &[&str])]) -> Vec<Call> {
        made.iter()
            .enumerate()
            .map(|(index, (name, files))| Call {
                point: Point {
                    thread: Some(0),
                    index,
                    name: (*name).to_owned(),
                },
                text: (*name).to_owned(),
                files: files.iter().map(Into::into).collect(),
                changes: true,
                may_fail: true,
                occurrence: 0,
            })
            .collect()
    }

    #[test]
    fn contents_then_name_then_directory() {
        let sound = calls(&[
            ("write", &["/d/new"]),
            ("fsync", &["/d/new"]),
            ("renameat", &["/d/new", "/d/file"]),
            ("fsync", &["/d"]),
        ]);
        assert_eq!(check(&sound), Vec::<String>::new());
        let other = calls(&[("write", &["/d/other"]), ("unlinkat", &["/d/other"])]);
        assert_eq!(check(&other), Vec::<String>::new());
    }

    #[test]
    fn a_missing_sync_is_seen() {
        let early = calls(&[
            ("fsync", &["/d/new"]),
            ("write", &["/d/new"]),
            ("linkat", &["/d/new", "/d/file"]),
            ("fsync", &["/d"]),
        ]);
        assert_eq!(
            check(&early),
            ["linkat comes before its contents are on disk"]
        );
        let lost = calls(&[("fsync", &["/d"]), ("rename", &["/d/new", "/d/file"])]);
        assert_eq!(
            check(&lost),
            ["rename is not followed by a sync of the directory"]
        );
    }
}
