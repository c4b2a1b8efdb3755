//! The host's part of a daemon's configuration.
//!
//! Docker's `daemon.json` is accepted as it is: the keys that concern the host
//! are read, all others are kept and named, so that nothing is lost in silence.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use runtimes::Config as RuntimesConfig;
use serde_json::{Map, Value};

use crate::bounded::{MAX_CONFIG_LENGTH, read_bounded};
use crate::error::{Error, ErrorKind};

/// Where Docker keeps its data when nothing else is said.
pub const DEFAULT_DATA_ROOT: &str = "/var/lib/docker";

/// Where Docker keeps its run-time state when nothing else is said.
pub const DEFAULT_EXEC_ROOT: &str = "/var/run/docker";

/// What the host duties need to know; one immutable value per reload.
///
/// An absent key means its default, at start and at every reload alike.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HostConfig {
    /// The daemon's data root (`data-root`), default `/var/lib/docker`.
    pub data_root: PathBuf,
    /// The daemon's run-time state (`exec-root`), default `/var/run/docker`.
    pub exec_root: PathBuf,
    /// Keep containers running across a restart (`live-restore`), default false.
    pub live_restore: bool,
    /// The resolv.conf to hand to containers (`resolv-conf`), if the admin chose.
    pub resolv_conf: Option<PathBuf>,
    /// Name servers for containers (`dns`).
    pub dns: Vec<IpAddr>,
    /// Search domains for containers (`dns-search`).
    pub dns_search: Vec<String>,
    /// Resolver options for containers (`dns-opts`).
    pub dns_options: Vec<String>,
    /// Options of the execution driver (`exec-opts`), as `name=value`.
    pub exec_options: Vec<String>,
    /// The runtimes and the default runtime (`runtimes`, `default-runtime`).
    pub runtimes: RuntimesConfig,
    /// Every other key of the file, as it was, by name.
    pub other: BTreeMap<String, String>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            data_root: PathBuf::from(DEFAULT_DATA_ROOT),
            exec_root: PathBuf::from(DEFAULT_EXEC_ROOT),
            live_restore: false,
            resolv_conf: None,
            dns: Vec::new(),
            dns_search: Vec::new(),
            dns_options: Vec::new(),
            exec_options: Vec::new(),
            runtimes: RuntimesConfig::default(),
            other: BTreeMap::new(),
        }
    }
}

impl HostConfig {
    /// Parses the text of a `daemon.json`; an empty text is an empty object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every problem in one text: malformed JSON, and
    /// each value of a known key that has the wrong type. Problems
    /// of the runtimes table are among them.
    ///
    /// # Examples
    ///
    /// ```
    /// let config = daemon_host::HostConfig::parse(
    ///     br#"{"data-root": "/srv/d", "live-restore": true, "debug": true}"#,
    /// )?;
    /// assert_eq!(config.data_root, std::path::Path::new("/srv/d"));
    /// assert_eq!(config.other["debug"], "true");
    /// # Ok::<(), daemon_host::Error>(())
    /// ```
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut keys = Keys {
            map: parse_object(text)?,
            problems: &mut problems,
        };
        let mut config = Self::default();
        config.take_roots(&mut keys);
        keys.bool("live-restore", &mut config.live_restore);
        config.dns_search = keys.strings("dns-search");
        config.dns_options = keys.strings("dns-opts");
        // The runtimes crate reads these two from the text itself: only there
        // are repeated names still to be seen.
        keys.map.remove("runtimes");
        keys.map.remove("default-runtime");
        config.other = keys
            .map
            .into_iter()
            .map(|(name, value)| (name, value.to_string()))
            .collect();
        config.runtimes = runtimes_of(text, &mut problems);
        refused(problems).map_or(Ok(config), Err)
    }

    /// Only where things are: the two roots, `resolv-conf`, `dns` and `exec-opts`. For
    /// commands that look at one part of a file whose other parts may have problems.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is no JSON object, or one of these has the wrong type.
    pub fn parse_roots(text: &[u8]) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let mut keys = Keys {
            map: parse_object(text)?,
            problems: &mut problems,
        };
        let mut config = Self::default();
        config.take_roots(&mut keys);
        refused(problems).map_or(Ok(config), Err)
    }

    fn take_roots(&mut self, keys: &mut Keys<'_>) {
        keys.path("data-root", &mut self.data_root);
        keys.path("exec-root", &mut self.exec_root);
        self.resolv_conf = keys.optional_path("resolv-conf");
        self.dns = keys.addresses("dns");
        self.exec_options = keys.strings("exec-opts");
    }

    /// Reads and parses a `daemon.json`.
    ///
    /// # Errors
    ///
    /// As [`read_bounded`] with [`MAX_CONFIG_LENGTH`], then as [`HostConfig::parse`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::parse(&read_bounded(path, MAX_CONFIG_LENGTH)?)
    }

    /// Where the wrapper scripts live: `<data root>/runtimes`.
    #[must_use]
    pub fn script_dir(&self) -> PathBuf {
        self.data_root.join("runtimes")
    }
}

fn parse_object(text: &[u8]) -> Result<Map<String, Value>, Error> {
    if text.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::new(
            ErrorKind::Config,
            "daemon.json: not a JSON object",
        )),
        Err(error) => Err(Error::caused(
            ErrorKind::Config,
            "daemon.json: not JSON",
            error,
        )),
    }
}

/// One error of all problems, if there is any.
fn refused(mut problems: Vec<String>) -> Option<Error> {
    problems.sort();
    (!problems.is_empty()).then(|| Error::of_problems(problems))
}

/// Takes known keys out of the file, one problem for each that does not fit.
struct Keys<'p> {
    map: Map<String, Value>,
    problems: &'p mut Vec<String>,
}

impl Keys<'_> {
    /// The value of a key; `null` counts as absent, as in Docker.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    fn wrong(&mut self, key: &str, wanted: &str, value: &Value) {
        self.problems
            .push(format!("{key}: expected {wanted}, found {value}"));
    }

    fn bool(&mut self, key: &str, into: &mut bool) {
        match self.take(key) {
            None => {}
            Some(Value::Bool(value)) => *into = value,
            Some(value) => self.wrong(key, "true or false", &value),
        }
    }

    fn optional_path(&mut self, key: &str) -> Option<PathBuf> {
        match self.take(key)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) if text.starts_with('/') && !text.contains('\0') => {
                Some(PathBuf::from(text))
            }
            value => {
                self.wrong(key, "an absolute path", &value);
                None
            }
        }
    }

    fn path(&mut self, key: &str, into: &mut PathBuf) {
        if let Some(path) = self.optional_path(key) {
            *into = path;
        }
    }

    fn strings(&mut self, key: &str) -> Vec<String> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let strings = value.as_array().and_then(|list| {
            list.iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
        });
        strings.unwrap_or_else(|| {
            self.wrong(key, "a list of strings", &value);
            Vec::new()
        })
    }

    fn addresses(&mut self, key: &str) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        for text in self.strings(key) {
            match text.parse() {
                Ok(address) => addresses.push(address),
                Err(_) => self.wrong(key, "IP addresses", &Value::String(text)),
            }
        }
        addresses
    }
}

fn runtimes_of(text: &[u8], problems: &mut Vec<String>) -> RuntimesConfig {
    let parsed = RuntimesConfig::parse(text);
    problems.extend(parsed.problems.iter().map(ToString::to_string));
    parsed.config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_means_the_defaults() {
        for text in ["", " \n", "{}"] {
            let config = HostConfig::parse(text.as_bytes()).unwrap();
            assert_eq!(config.data_root, Path::new(DEFAULT_DATA_ROOT));
            assert_eq!(config.script_dir(), Path::new("/var/lib/docker/runtimes"));
            assert!(config.other.is_empty());
        }
    }

    #[test]
    fn other_keys_are_kept_as_they_were() {
        let config = HostConfig::parse(br#"{"debug": true, "log-opts": {"a": "b"}}"#).unwrap();
        assert_eq!(config.other["log-opts"], r#"{"a":"b"}"#);
    }

    #[test]
    fn every_problem_is_in_the_one_answer() {
        let text = br#"{"data-root": 5, "exec-root": "run", "live-restore": "yes",
                        "dns": ["1.1.1.1", "x"], "dns-search": "a",
                        "runtimes": {"a": {}, "b": {"path": "/b", "runtimeType": "t.v1"}}}"#;
        let error = HostConfig::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.problems().len(), 7, "{:?}", error.problems());
        let said = error.to_string();
        for part in [
            "data-root",
            "exec-root",
            "live-restore",
            "dns:",
            "dns-search",
            "a",
            "b",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }

    #[test]
    fn the_roots_are_read_whatever_else_is_wrong() {
        let text = br#"{"data-root": "/d", "live-restore": 5, "runtimes": {"a": {}}}"#;
        assert_eq!(
            HostConfig::parse_roots(text).unwrap().data_root,
            Path::new("/d")
        );
        for bad in [
            &br#"{"data-root": 5}"#[..],
            br#"{"exec-root": "run"}"#,
            b"{",
        ] {
            assert_eq!(
                HostConfig::parse_roots(bad).unwrap_err().kind(),
                ErrorKind::Config
            );
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[]", "5", "{", "{} x", "\u{0}"] {
            let error = HostConfig::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text:?}");
        }
    }
}
