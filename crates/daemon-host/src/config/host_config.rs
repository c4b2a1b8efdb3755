//! Holds the values of daemon.json that the host duties need.
//!
//! Docker's `daemon.json` is accepted as it is. The keys that concern the host are read.
//! All others are kept and named, so that nothing is lost in silence.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use runtimes::{Checked, Config, Inspected, Problem, Problems, UnknownKey, Value};

use super::file::{read_config, read_config_again};
use super::keys::Keys;
use crate::error::Error;

/// Where Docker keeps its data when nothing else is said.
pub const DEFAULT_DATA_ROOT: &str = "/var/lib/docker";

/// Where Docker keeps its run-time state when nothing else is said.
pub const DEFAULT_EXEC_ROOT: &str = "/var/run/docker";

/// The configuration of the host duties: one immutable value per reload.
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
    pub runtimes: Checked,
    /// Every other key of the file with its value, by name.
    pub other: BTreeMap<String, Value>,
    /// Keys that have no effect, here or in any dockerd.
    pub unknown: Vec<UnknownKey>,
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
            runtimes: Checked::default(),
            other: BTreeMap::new(),
            unknown: Vec::new(),
        }
    }
}

impl HostConfig {
    /// Parses the text of a `daemon.json`; an empty text is an empty object.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) with every problem, in
    /// [`Error::problems`]: malformed JSON, a key that is repeated or misspelt, a known key
    /// with a value of the wrong type, and all problems of the runtimes.
    ///
    /// # Examples
    ///
    /// ```
    /// let config = daemon_host::HostConfig::parse(
    ///     br#"{"data-root": "/srv/d", "live-restore": true, "debug": true}"#,
    /// )?;
    /// assert_eq!(config.data_root, std::path::Path::new("/srv/d"));
    /// assert_eq!(config.other["debug"], daemon_host::runtimes::Value::Bool(true));
    /// # Ok::<(), daemon_host::Error>(())
    /// ```
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let parsed = match Config::parse(text) {
            Ok(parsed) => parsed,
            Err(_) => return Err(refused(Self::problems(&Config::inspect(text)))),
        };
        let mut config = Self {
            runtimes: parsed.config,
            unknown: parsed.unknown,
            ..Self::default()
        };
        let mut keys = Keys::new(&parsed.others, Vec::new());
        config.take(&mut keys);
        let (own, problems) = keys.end();
        if !problems.is_empty() {
            return Err(refused(problems));
        }
        let mut others = parsed.others;
        others.retain(|(key, _)| !own.contains(&key.as_str()));
        config.other = others.into_iter().collect();
        Ok(config)
    }

    /// Everything that is wrong with a `daemon.json`: what the runtimes crate found, and
    /// values of the host's keys that have the wrong type.
    ///
    /// Empty exactly when [`parse`](Self::parse) succeeds.
    pub fn problems(inspected: &Inspected) -> Vec<Problem> {
        let mut keys = Keys::new(&inspected.others, inspected.problems.clone());
        Self::default().take(&mut keys);
        Problems::if_any(keys.problems).map_or_else(Problems::into_vec, |()| Vec::new())
    }

    /// Parses only the two roots, `resolv-conf`, `dns` and `exec-opts`. It is for commands that
    /// look at one part of a file whose runtimes may have problems.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the file as a whole has a problem (it
    /// is no JSON object, or a key is repeated or misspelt), or when one of these has a value of
    /// the wrong type.
    pub fn parse_roots(text: &[u8]) -> Result<Self, Error> {
        Self::roots_of(&Config::inspect(text))
    }

    /// Does the same as [`parse_roots`](Self::parse_roots), for a file that was read already.
    ///
    /// # Errors
    ///
    /// As [`parse_roots`](Self::parse_roots).
    pub fn roots_of(inspected: &Inspected) -> Result<Self, Error> {
        let of_file = |problem: &&Problem| problem.runtime.is_none();
        let of_file = inspected.problems.iter().filter(of_file).cloned();
        let mut keys = Keys::new(&inspected.others, of_file.collect());
        let mut config = Self::default();
        config.take_roots(&mut keys);
        match keys.problems.is_empty() {
            true => Ok(config),
            false => Err(refused(keys.problems)),
        }
    }

    fn take_roots(&mut self, keys: &mut Keys<'_>) {
        keys.path("data-root", &mut self.data_root);
        keys.path("exec-root", &mut self.exec_root);
        self.resolv_conf = keys.optional_path("resolv-conf");
        self.dns = keys.addresses("dns");
        self.exec_options = keys.strings("exec-opts");
    }

    fn take(&mut self, keys: &mut Keys<'_>) {
        self.take_roots(keys);
        keys.bool("live-restore", &mut self.live_restore);
        self.dns_search = keys.strings("dns-search");
        self.dns_options = keys.strings("dns-opts");
    }

    /// Reads and parses a `daemon.json`; see [`read_config`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the file cannot be read, else as
    /// [`parse`](Self::parse).
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::parse(&read_config(path)?)
    }

    /// Does the same as [`load`](Self::load), for the file of a daemon that runs.
    ///
    /// An editor that rewrites the file in place empties it for a moment. So an empty file is
    /// read again for a fifth of a second, and then refused. It never means "all defaults".
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and [`ErrorKind::Io`](crate::ErrorKind::Io) for a file that stays
    /// empty.
    pub fn load_again(path: &Path) -> Result<Self, Error> {
        Self::parse(&read_config_again(path)?)
    }

    /// Where the wrapper scripts live: `<data root>/runtimes`.
    #[must_use]
    pub fn script_dir(&self) -> PathBuf {
        self.data_root.join("runtimes")
    }
}

fn refused(problems: Vec<Problem>) -> Error {
    let problems = Problems::if_any(problems).expect_err("only called with problems");
    Error::of_problems(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

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
        assert_eq!(config.other["log-opts"].to_json(), r#"{"a":"b"}"#);
        assert!(config.unknown.is_empty());
    }

    #[test]
    fn every_problem_is_in_the_one_answer() {
        let text = br#"{"data-root": 5, "exec-root": "run", "live-restore": "yes",
                        "dns": ["1.1.1.1", "x"], "dns-search": "a",
                        "runtimes": {"a": {}, "b": {"path": "/b", "runtimeType": "t.v1"}}}"#;
        let error = HostConfig::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let said: Vec<_> = error.problems().map(ToString::to_string).collect();
        let said = said.join("; ");
        for part in [
            "data-root",
            "exec-root",
            "live-restore",
            "dns must",
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
        for text in ["[]", "5", "{", "{} x", "\u{0}", r#"{"dns": [],}"#] {
            let error = HostConfig::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text:?}");
        }
    }

    /// Every form of one text: as it is, with a byte order mark, and as UTF-16.
    fn forms(text: &str) -> [Vec<u8>; 4] {
        let units = || [0xfeff].into_iter().chain(text.encode_utf16());
        [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            units().flat_map(u16::to_le_bytes).collect(),
            units().flat_map(u16::to_be_bytes).collect(),
        ]
    }

    #[test]
    fn every_reader_takes_the_same_texts() {
        let text = r#"{"data-root": "/é", "runtimes": {"x": {"path": "/x"}}}"#;
        for form in forms(text) {
            let whole = HostConfig::parse(&form).unwrap();
            assert_eq!(whole.data_root, Path::new("/é"));
            assert!(whole.runtimes.config().runtimes.contains_key("x"));
            let roots = HostConfig::parse_roots(&form).unwrap();
            assert_eq!(roots.data_root, whole.data_root);
        }
    }

    #[test]
    fn every_reader_refuses_the_same_texts() {
        for text in [
            r#"{"data-root": "/a", "data-root": "/b"}"#,
            r#"{"debug": true, "debug": true}"#,
            r#"{"log-opts": {"a": "1", "a": "2"}}"#,
            r#"{"default_runtime": "x"}"#,
            r#"{"runtime": {}}"#,
            r#"{"add-runtime": "x=/y"}"#,
            r#"{"Data-Root": "/a"}"#,
            r#"{"runtimes": {}, "runtimes": {}}"#,
            "{\"data-root\": \"/a\",}",
        ] {
            let found = HostConfig::problems(&Config::inspect(text.as_bytes()));
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            for form in forms(text) {
                for read in [HostConfig::parse, HostConfig::parse_roots] {
                    let error = read(&form).unwrap_err();
                    let told: Vec<_> = error.problems().cloned().collect();
                    assert_eq!(told, found, "{text}");
                }
            }
        }
    }

    #[test]
    fn unknown_keys_are_kept_and_told() {
        let config = HostConfig::parse(br#"{"mine": {"a": 1}}"#).unwrap();
        assert_eq!(config.other["mine"].to_json(), r#"{"a":1}"#);
        assert_eq!(config.unknown[0].key, "mine");
    }
}
