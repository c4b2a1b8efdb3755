//! What the running kernel must be able to do.

use std::fmt;

/// The running kernel's version, major and minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The 6 of 6.12.
    pub major: u32,
    /// The 12 of 6.12.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The version of the kernel that runs this test.
///
/// # Panics
/// If `uname` gives a release that starts with no version.
#[must_use]
pub fn version() -> Version {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    parse(&release).unwrap_or_else(|| panic!("no version in release {release:?}"))
}

/// True if the running kernel is of this version or newer.
///
/// Only for kernels without back-ports: those of the matrix are.
#[must_use]
pub fn since(major: u32, minor: u32) -> bool {
    version() >= Version { major, minor }
}

/// Checks an answer that must be yes from a version on, and no before it.
///
/// # Panics
/// If the answer is the other one.
#[track_caller]
pub fn expect_since(major: u32, minor: u32, what: &str, answer: bool) {
    let version = version();
    let expected = version >= Version { major, minor };
    assert_eq!(
        answer, expected,
        "{what} on {version}, which came with {major}.{minor}"
    );
}

fn parse(release: &str) -> Option<Version> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?.parse().ok()?;
    Some(Version { major, minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_as_debian_and_others_write_them() {
        for (release, major, minor) in [
            ("5.10.0-46-cloud-amd64", 5, 10),
            ("6.12.117+deb13-cloud-amd64", 6, 12),
            ("7.3.4+deb13-cloud-amd64", 7, 3),
            ("6.18.44", 6, 18),
            ("7.0-rc3", 7, 0),
        ] {
            assert_eq!(parse(release), Some(Version { major, minor }), "{release}");
        }
        assert_eq!(parse("linux"), None);
        assert_eq!(parse("6"), None);
    }
}
