//! Compares with an earlier report: which mounts have become many. Pure.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::facts::{Mounts, Repeated};
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
    /// Parts of file systems that have several mounts. Parts with fewer than [`REPEATED`] mounts
    /// are not listed.
    parts: Vec<Shown>,
    /// Whether the machine has not been started anew. Then devices have the numbers that they had.
    is_of_this_boot: bool,
}

#[derive(Deserialize)]
struct Report {
    host: String,
    kernel: Kernel,
    mounts: Part,
}

#[derive(Deserialize)]
struct Kernel {
    boot_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Known {
        by_type: BTreeMap<String, usize>,
        repeated: Vec<Shown>,
    },
    Unknown {
        error: String,
    },
}

/// A part of a file system, as a report names it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Shown {
    mount_point: String,
    device: String,
    root: String,
    /// `None` in a report of a version that did not say it.
    fs_type: Option<String>,
    count: usize,
}

impl Earlier {
    /// Reads the JSON of a report of this host. `boot_id` is that of now, if it is known.
    ///
    /// # Errors
    ///
    /// When it is something else, of another host, or of a version that did not say how often a
    /// directory is mounted.
    pub(in crate::report) fn parse(
        text: &[u8],
        host: &str,
        boot_id: Option<&str>,
    ) -> anyhow::Result<Self> {
        let report: Report = serde_json::from_slice(text)
            .context("it is no JSON report of this command, or of a version before 0.2")?;
        let theirs = &report.host;
        ensure!(
            theirs == host,
            "it is of host {theirs:?}, and this is {host:?}"
        );
        match report.mounts {
            Part::Known { by_type, repeated } => Ok(Self {
                by_type,
                parts: repeated,
                is_of_this_boot: boot_id.is_some() && report.kernel.boot_id.as_deref() == boot_id,
            }),
            Part::Unknown { error } => anyhow::bail!("it could not read the mount table: {error}"),
        }
    }

    /// How many mounts showed this part.
    ///
    /// Within one boot the device names it, because its first mount can be another by now. But the
    /// kernel gives the device number of a file system that went to another one. So the type must
    /// be the same, too. After a boot, only the first mount can name it.
    fn count_of(&self, part: &Repeated) -> Option<usize> {
        let device = part.device.to_string();
        let (root, first) = (part.root.to_string_lossy(), part.first.to_string_lossy());
        let has_type = |shown: &Shown| {
            let known = shown.fs_type.as_ref();
            known.is_none_or(|fs_type| *fs_type == part.fs_type)
        };
        let is_same = |shown: &&Shown| match self.is_of_this_boot {
            true => shown.device == device && shown.root == root && has_type(shown),
            false => shown.mount_point == first && shown.root == root,
        };
        self.parts.iter().find(is_same).map(|shown| shown.count)
    }
}

/// What has grown since.
pub(in crate::report) fn growth(now: &Mounts, earlier: &Earlier) -> Vec<Finding> {
    let mut found = Vec::new();
    for part in &now.repeated {
        let (point, count) = (part.first.to_string_lossy(), part.count);
        let before = earlier.count_of(part);
        // What the earlier report does not list had fewer.
        let is_grown = has_grown(before.unwrap_or(REPEATED - 1), count);
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
    use daemon_host::mountscan::Device;

    use super::*;

    fn part(device: u32, first: &str, count: usize) -> Repeated {
        Repeated {
            first: first.into(),
            device: Device {
                major: 0,
                minor: device,
            },
            root: "/".into(),
            fs_type: "tmpfs".to_owned(),
            count,
        }
    }

    fn mounts(by_type: &[(&str, usize)], repeated: Vec<Repeated>) -> Mounts {
        let types = by_type.iter().map(|(name, n)| ((*name).to_owned(), *n));
        Mounts {
            by_type: types.collect(),
            repeated,
            ..Mounts::default()
        }
    }

    fn said_at(boot: &str, now: &Mounts) -> Vec<String> {
        let text = br#"{"host": "h", "kernel": {"boot_id": "b1"}, "mounts": {
            "count": 9, "by_type": {"tmpfs": 20, "nfs4": 2}, "repeated": [
                {"mount_point": "/a", "device": "0:1", "root": "/", "count": 8},
                {"mount_point": "/b", "device": "0:2", "root": "/", "count": 40},
                {"mount_point": "/t", "device": "0:4", "root": "/", "fs_type": "tmpfs", "count": 40},
                {"mount_point": "/n", "device": "0:5", "root": "/", "fs_type": "nfs4", "count": 40}]}}"#;
        let earlier = Earlier::parse(text, "h", Some(boot)).unwrap();
        let found = growth(now, &earlier).into_iter();
        found.map(|finding| finding.what).collect()
    }

    fn said(now: &Mounts) -> Vec<String> {
        said_at("b1", now)
    }

    #[test]
    fn what_has_doubled_and_grown_by_ten_is_found() {
        let parts = [(1, "/a", 18), (2, "/b", 79), (3, "/c", 14), (4, "/d", 13)];
        let parts = parts.map(|(device, first, count)| part(device, first, count));
        let types = [("tmpfs", 40), ("nfs4", 11), ("ext4", 10)];
        assert_eq!(
            said(&mounts(&types, parts.to_vec())),
            [
                "18 mounts show the same directory as /a, 8 before",
                "14 mounts show the same directory as /c, fewer than 5 before",
                "10 mounts are of type ext4, 0 before",
                "40 mounts are of type tmpfs, 20 before",
            ]
        );
        assert!(said(&mounts(&[("tmpfs", 39)], vec![part(1, "/a", 17)])).is_empty());
    }

    #[test]
    fn a_part_is_known_by_its_device_or_after_a_boot_by_its_first_mount() {
        let one = |part| mounts(&[], vec![part]);
        // The first mount went, or another file system has its place.
        assert!(said(&one(part(2, "/b2", 41))).is_empty());
        let grown = said(&one(part(1, "/b", 18)));
        assert_eq!(grown, ["18 mounts show the same directory as /b, 8 before"]);
        assert_eq!(said(&one(part(7, "/b", 41))).len(), 1);
        // A file system of the same number is another one if its type is.
        assert!(said(&one(part(4, "/t2", 41))).is_empty());
        let grown = said(&one(part(5, "/n2", 41)));
        let new = "41 mounts show the same directory as /n2, fewer than 5 before";
        assert_eq!(grown, [new]);
        // After a boot the numbers are those of others.
        assert!(said_at("b2", &one(part(1, "/b", 41))).is_empty());
        let grown = said_at("b2", &one(part(2, "/a", 30)));
        assert_eq!(grown, ["30 mounts show the same directory as /a, 8 before"]);
    }

    #[test]
    fn what_is_no_report_of_this_host_is_an_error() {
        for (text, why) in [
            ("", "no JSON report"),
            ("{}", "no JSON report"),
            (
                r#"{"host": "h", "kernel": {}, "mounts": {"count": 7, "by_type": {}}}"#,
                "before 0.2",
            ),
            (
                r#"{"host": "h", "kernel": {}, "mounts": {"error": "denied"}}"#,
                "mount table: denied",
            ),
            (
                r#"{"host": "x", "kernel": {}, "mounts": {"by_type": {}, "repeated": []}}"#,
                "of host \"x\"",
            ),
        ] {
            let error = format!(
                "{:#}",
                Earlier::parse(text.as_bytes(), "h", None).unwrap_err()
            );
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
