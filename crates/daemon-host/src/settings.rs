//! The settings of the runtimes table, from the configuration and the host.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use runtimes::TableOptions;

use crate::config::HostConfig;

/// The places where the host shows its cgroup version and its init system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostPaths {
    /// The cgroup filesystem, default `/sys/fs/cgroup`.
    pub cgroup: PathBuf,
    /// systemd's run-time directory, default `/run/systemd/system`.
    pub systemd: PathBuf,
}

impl Default for HostPaths {
    fn default() -> Self {
        Self {
            cgroup: "/sys/fs/cgroup".into(),
            systemd: "/run/systemd/system".into(),
        }
    }
}

impl HostConfig {
    /// The settings of the runtimes table on this host.
    ///
    /// systemd makes the containers' cgroups if `exec-opts` says `native.cgroupdriver=systemd`.
    /// If `exec-opts` says nothing, systemd makes them on a host with cgroup v2 that was booted
    /// with systemd. Docker does the same. A non-empty `DOCKER_RAMDISK` in `environment`
    /// forbids pivot_root(2).
    pub fn runtime_settings(
        &self,
        host: &HostPaths,
        environment: impl Fn(&str) -> Option<std::ffi::OsString>,
    ) -> TableOptions {
        let mut settings = TableOptions::new(self.script_dir());
        settings.exec_root.clone_from(&self.exec_root);
        settings.systemd_cgroup = self.systemd_cgroup(host);
        settings.no_pivot_root =
            environment("DOCKER_RAMDISK").is_some_and(|value| value != OsStr::new(""));
        settings
    }

    fn systemd_cgroup(&self, host: &HostPaths) -> bool {
        let driver = self.exec_options.iter().rev().find_map(|option| {
            let (name, value) = option.split_once('=')?;
            (name.trim() == "native.cgroupdriver").then(|| value.trim())
        });
        match driver {
            Some(driver) => driver == "systemd",
            None => is_cgroup2(&host.cgroup) && host.systemd.is_dir(),
        }
    }
}

/// Whether it is cgroup v2 (the unified hierarchy) alone. Only there the root of the mount has
/// this file.
fn is_cgroup2(cgroup: &Path) -> bool {
    cgroup.join("cgroup.controllers").is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn settings(text: &str, host: &HostPaths) -> TableOptions {
        HostConfig::parse(text.as_bytes())
            .unwrap()
            .runtime_settings(host, |_| None)
    }

    #[test]
    fn the_driver_is_configured_or_found() {
        let temp = tempfile::tempdir().unwrap();
        let host = HostPaths {
            cgroup: temp.path().join("cgroup"),
            systemd: temp.path().join("systemd"),
        };
        assert!(!settings("", &host).systemd_cgroup);
        let systemd = r#"{"exec-opts": ["native.cgroupdriver=systemd"]}"#;
        assert!(settings(systemd, &host).systemd_cgroup);

        fs::create_dir(&host.systemd).unwrap();
        fs::create_dir(&host.cgroup).unwrap();
        assert!(!settings("", &host).systemd_cgroup, "cgroup v1");
        fs::write(host.cgroup.join("cgroup.controllers"), "cpu").unwrap();
        assert!(settings("", &host).systemd_cgroup);
        let cgroupfs = r#"{"exec-opts": ["native.cgroupdriver=cgroupfs"]}"#;
        assert!(!settings(cgroupfs, &host).systemd_cgroup);
    }

    #[test]
    fn paths_and_environment_are_taken_over() {
        let config = HostConfig::parse(br#"{"data-root": "/d", "exec-root": "/e"}"#).unwrap();
        let ramdisk = |name: &str| (name == "DOCKER_RAMDISK").then(|| "yes".into());
        let settings = config.runtime_settings(&HostPaths::default(), ramdisk);
        assert_eq!(settings.script_dir, Path::new("/d/runtimes"));
        assert_eq!(settings.exec_root, Path::new("/e"));
        assert!(settings.no_pivot_root);
    }
}
