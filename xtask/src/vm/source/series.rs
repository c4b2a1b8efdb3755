//! The kernels of the matrix, and which packages of an index make up one.

use crate::apt::{Stanza, index};
use anyhow::{Result, bail};

/// Something to fetch: for a kernel, `name` is what `--kernel` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) suite: &'static str,
    pub(crate) kind: Kind,
}

/// What the packages of a series make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Kernel,
    Runtimes,
}

/// The matrix straddles 5.12 (mount_setattr), 6.8 (listmount, statmount) and
/// 6.15 (mount events), so that each probe must answer both no and yes.
pub(crate) const MATRIX: &[Series] = &[
    kernel("5.10", "bullseye-security"),
    kernel("6.1", "bookworm-security"),
    kernel("6.12", "trixie-security"),
    kernel("6.18", "trixie-backports"),
    kernel("newest", "trixie-backports"),
];

/// From before `rro` and `runc features` (bullseye) to the newest of both.
pub(crate) const SUITES: &[Series] = &[
    suite("bullseye"),
    suite("bookworm"),
    suite("trixie"),
    suite("forky"),
];

/// What is taken of each suite: package and program.
pub(crate) const PROGRAMS: &[(&str, &str)] = &[("runc", "usr/sbin/runc"), ("crun", "usr/bin/crun")];

impl Series {
    /// What messages call it.
    pub(crate) fn title(self) -> String {
        match self.kind {
            Kind::Kernel => format!("kernel {}", self.name),
            Kind::Runtimes => format!("runtimes of {}", self.name),
        }
    }
}

const fn kernel(name: &'static str, suite: &'static str) -> Series {
    Series {
        name,
        suite,
        kind: Kind::Kernel,
    }
}

const fn suite(name: &'static str) -> Series {
    Series {
        name,
        suite: name,
        kind: Kind::Runtimes,
    }
}

/// The packages that runtimes are in.
pub(crate) fn runtime_packages() -> Vec<&'static str> {
    PROGRAMS.iter().map(|(package, _)| *package).collect()
}

/// The series named, or all of them.
pub(crate) fn select(names: &[String]) -> Result<Vec<Series>> {
    if names.is_empty() {
        return Ok(MATRIX.to_vec());
    }
    let known = || {
        MATRIX
            .iter()
            .map(|series| series.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut chosen = Vec::new();
    for name in names {
        match MATRIX.iter().find(|series| series.name == name) {
            Some(series) if chosen.contains(series) => {}
            Some(series) => chosen.push(*series),
            None => bail!(
                "no kernel series {name:?}: known are {}; any other kernel runs with \
                 --kernel-image FILE [--modules DIR]",
                known()
            ),
        }
    }
    Ok(chosen)
}

/// The packages of the newest kernel of a series in an index.
pub(crate) fn newest(series: Series, index: &[Stanza]) -> Result<Vec<Stanza>> {
    let images = index.iter().filter(|stanza| {
        abi(&stanza.package).is_some_and(|abi| series.name == "newest" || belongs(abi, series.name))
    });
    let best = images.max_by(|a, b| {
        let order = index::compare(abi(&a.package).unwrap_or(""), abi(&b.package).unwrap_or(""));
        order.then_with(|| index::compare(&a.version, &b.version))
    });
    let Some(image) = best else {
        bail!(
            "suite {} has no cloud kernel of series {}",
            series.suite,
            series.name
        );
    };
    let mut packages = vec![image.clone()];
    // From 6.19 on the image is an empty package that depends on its parts.
    for part in parts(&image.depends) {
        let newest = index.iter().filter(|stanza| stanza.package == part);
        packages.extend(
            newest
                .max_by(|a, b| index::compare(&a.version, &b.version))
                .cloned(),
        );
    }
    Ok(packages)
}

/// `6.1.0-56` of `linux-image-6.1.0-56-cloud-amd64`.
fn abi(package: &str) -> Option<&str> {
    let abi = package
        .strip_prefix("linux-image-")?
        .strip_suffix("-cloud-amd64")?;
    // The meta-package of a series has no third number.
    (abi.split(['.', '-', '+']).count() > 2).then_some(abi)
}

fn belongs(abi: &str, series: &str) -> bool {
    abi.strip_prefix(series)
        .is_some_and(|rest| rest.starts_with(['.', '-']))
}

fn parts(depends: &str) -> Vec<String> {
    let names = depends
        .split([',', '|'])
        .filter_map(|part| part.split_whitespace().next());
    names
        .filter(|name| {
            ["linux-binary-", "linux-modules-", "linux-base-"]
                .iter()
                .any(|kind| name.starts_with(kind))
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Vec<Stanza> {
        let stanza = |package: &str, version: &str, depends: &str| Stanza {
            package: package.into(),
            version: version.into(),
            depends: depends.into(),
            ..Stanza::default()
        };
        vec![
            stanza("linux-image-6.1-cloud-amd64", "6.1.176-1", ""),
            stanza("linux-image-6.1.0-9-cloud-amd64", "6.1.100-1", ""),
            stanza("linux-image-6.1.0-56-cloud-amd64", "6.1.176-1", ""),
            stanza("linux-image-6.1.0-56-cloud-amd64-dbg", "6.1.176-1", ""),
            stanza("linux-image-6.12.9+deb13-cloud-amd64", "6.12.9-1", ""),
            stanza("linux-image-6.12.117+deb13-cloud-amd64", "6.12.117-1", ""),
            stanza(
                "linux-image-7.3.4+deb13-cloud-amd64",
                "7.3.4-1",
                "linux-binary-7.3.4+deb13-cloud-amd64 (= 7.3.4-1), linux-modules-7.3.4+deb13-cloud-amd64, kmod | x",
            ),
            stanza("linux-binary-7.3.4+deb13-cloud-amd64", "7.3.4-1", ""),
            stanza("linux-modules-7.3.4+deb13-cloud-amd64", "7.3.4-1", ""),
        ]
    }

    #[track_caller]
    fn newest_of(name: &str, wanted: &[&str]) {
        let series = MATRIX.iter().find(|series| series.name == name).unwrap();
        let found = newest(*series, &index()).unwrap();
        let names: Vec<_> = found.iter().map(|stanza| stanza.package.as_str()).collect();
        assert_eq!(names, wanted);
    }

    #[test]
    fn the_newest_of_each_series() {
        newest_of("6.1", &["linux-image-6.1.0-56-cloud-amd64"]);
        newest_of("6.12", &["linux-image-6.12.117+deb13-cloud-amd64"]);
        newest_of(
            "newest",
            &[
                "linux-image-7.3.4+deb13-cloud-amd64",
                "linux-binary-7.3.4+deb13-cloud-amd64",
                "linux-modules-7.3.4+deb13-cloud-amd64",
            ],
        );
        let old = MATRIX[0];
        assert!(newest(old, &index()).is_err());
    }

    #[test]
    fn selection_keeps_order_and_names_what_is_known() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(select(&[]).unwrap().len(), MATRIX.len());
        let chosen = select(&names(&["6.12", "5.10", "6.12"])).unwrap();
        assert_eq!(
            chosen.iter().map(|s| s.name).collect::<Vec<_>>(),
            ["6.12", "5.10"]
        );
        let error = select(&names(&["5.15"])).unwrap_err().to_string();
        assert!(
            error.contains("5.10, 6.1") && error.contains("--kernel-image"),
            "{error}"
        );
    }
}
