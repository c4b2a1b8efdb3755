//! Compares with an earlier report: which mounts have become many. Pure.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::facts::Mounts;
use super::findings::REPEATED;
use crate::report::Finding;

/// A number has grown if it is at least so many times the earlier one,
const TIMES: usize = 2;
/// and if there are at least so many more.
const MORE: usize = 10;

/// What an earlier report says about mounts.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::report) struct Earlier {
    by_type: BTreeMap<String, usize>,
    /// The first mount of a part of a file system, and how many mounts show that part. Parts with
    /// fewer than [`REPEATED`] mounts are not listed.
    repeated: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Report {
    host: String,
    mounts: Part,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Known {
        by_type: BTreeMap<String, usize>,
        repeated: Vec<Repeated>,
    },
    Unknown {
        error: String,
    },
}

#[derive(Deserialize)]
struct Repeated {
    mount_point: String,
    count: usize,
}

impl Earlier {
    /// Reads the JSON of a report of this host.
    ///
    /// # Errors
    ///
    /// When it is something else, of another host, or of a version that did not say how often a
    /// directory is mounted.
    pub(in crate::report) fn parse(text: &[u8], host: &str) -> anyhow::Result<Self> {
        let report: Report = serde_json::from_slice(text)
            .context("it is no JSON report of this command, or of a version before 0.2")?;
        let theirs = &report.host;
        ensure!(
            theirs == host,
            "it is of host {theirs:?}, and this is {host:?}"
        );
        match report.mounts {
            Part::Known { by_type, repeated } => {
                let repeated = repeated.into_iter();
                let repeated = repeated.map(|one| (one.mount_point, one.count)).collect();
                Ok(Self { by_type, repeated })
            }
            Part::Unknown { error } => anyhow::bail!("it could not read the mount table: {error}"),
        }
    }
}

/// What has grown since.
pub(in crate::report) fn growth(now: &Mounts, earlier: &Earlier) -> Vec<Finding> {
    let mut found = Vec::new();
    for (point, count) in &now.repeated {
        let point = point.to_string_lossy();
        let before = earlier.repeated.get(&*point).copied();
        // What the earlier report does not list had fewer.
        let is_grown = has_grown(before.unwrap_or(REPEATED - 1), *count);
        if is_grown {
            let before = before.map_or_else(|| format!("fewer than {REPEATED}"), |n| n.to_string());
            let what =
                format!("{count} mounts show the same directory as {point}, {before} before");
            found.push(
                Finding::warning("mounts", what)
                    .because("something mounts it again and again and does not unmount it")
                    .remedy("see who has them: daemon-host mounts peers, mounts holders"),
            );
        }
    }
    for (fs_type, count) in &now.by_type {
        let before = earlier.by_type.get(fs_type).copied().unwrap_or(0);
        if has_grown(before, *count) {
            let what = format!("{count} mounts are of type {fs_type}, {before} before");
            found.push(
                Finding::warning("mounts", what)
                    .because("more are mounted than unmounted since the earlier report")
                    .remedy("see the newest: daemon-host mounts list --newest 20"),
            );
        }
    }
    found
}

fn has_grown(before: usize, now: usize) -> bool {
    now >= before.saturating_mul(TIMES) && now >= before.saturating_add(MORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(by_type: &[(&str, usize)], repeated: &[(&str, usize)]) -> Mounts {
        let types = by_type.iter().map(|(name, n)| ((*name).to_owned(), *n));
        Mounts {
            by_type: types.collect(),
            repeated: repeated.iter().map(|(p, n)| ((*p).into(), *n)).collect(),
            ..Mounts::default()
        }
    }

    #[test]
    fn what_has_doubled_and_grown_by_ten_is_found() {
        let text = br#"{"host": "h", "mounts": {"count": 9, "by_type": {"tmpfs": 20, "nfs4": 2},
            "repeated": [{"mount_point": "/a", "count": 8}, {"mount_point": "/b", "count": 40}]}}"#;
        let earlier = Earlier::parse(text, "h").unwrap();
        let said = |now: &Mounts| -> Vec<String> {
            let found = growth(now, &earlier).into_iter();
            found.map(|finding| finding.what).collect()
        };
        let now = mounts(
            &[("tmpfs", 40), ("nfs4", 11), ("ext4", 10)],
            &[("/a", 18), ("/b", 79), ("/c", 14), ("/d", 13)],
        );
        assert_eq!(
            said(&now),
            [
                "18 mounts show the same directory as /a, 8 before",
                "14 mounts show the same directory as /c, fewer than 5 before",
                "10 mounts are of type ext4, 0 before",
                "40 mounts are of type tmpfs, 20 before",
            ]
        );
        assert!(said(&mounts(&[("tmpfs", 39)], &[("/a", 17)])).is_empty());
    }

    #[test]
    fn what_is_no_report_of_this_host_is_an_error() {
        for (text, why) in [
            ("", "no JSON report"),
            ("{}", "no JSON report"),
            (
                r#"{"host": "h", "mounts": {"count": 7, "by_type": {}}}"#,
                "before 0.2",
            ),
            (
                r#"{"host": "h", "mounts": {"error": "denied"}}"#,
                "mount table: denied",
            ),
            (
                r#"{"host": "x", "mounts": {"by_type": {}, "repeated": []}}"#,
                "of host \"x\"",
            ),
        ] {
            let error = format!("{:#}", Earlier::parse(text.as_bytes(), "h").unwrap_err());
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
