//! The JSON of a configuration and of a snapshot. docs/json.md in the repository describes it.

use runtimes::UnknownKey;
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use crate::config::HostConfig;
use crate::snapshot::Snapshot;

/// Written with the names of `daemon.json`. A path is text there, and so it is here.
impl Serialize for HostConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let runtimes = self.runtimes.config();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("data-root", &self.data_root.to_string_lossy())?;
        map.serialize_entry("exec-root", &self.exec_root.to_string_lossy())?;
        map.serialize_entry("live-restore", &self.live_restore)?;
        let resolv_conf = self.resolv_conf.as_deref();
        map.serialize_entry(
            "resolv-conf",
            &resolv_conf.map(|path| path.to_string_lossy()),
        )?;
        map.serialize_entry("dns", &self.dns)?;
        map.serialize_entry("dns-search", &self.dns_search)?;
        map.serialize_entry("dns-opts", &self.dns_options)?;
        map.serialize_entry("exec-opts", &self.exec_options)?;
        map.serialize_entry("default-runtime", &runtimes.default_runtime)?;
        let names: Vec<&String> = runtimes.runtimes.keys().collect();
        map.serialize_entry("runtimes", &names)?;
        map.serialize_entry("other", &self.other)?;
        map.serialize_entry("unknown", &Unknown(&self.unknown))?;
        map.end()
    }
}

/// Keys without effect, by their names.
struct Unknown<'k>(&'k [UnknownKey]);

impl Serialize for Unknown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names = serializer.serialize_seq(Some(self.0.len()))?;
        for key in self.0 {
            names.serialize_element(&key.key)?;
        }
        names.end()
    }
}

/// `{"generation", "config", "default_runtime", "runtimes": [NAME]}`; built-in runtimes are among
/// the names.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<&str> = self.runtimes.iter().map(|one| one.name.as_str()).collect();
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("generation", &self.generation)?;
        map.serialize_entry("config", &*self.config)?;
        map.serialize_entry("default_runtime", &self.runtimes.default_name())?;
        map.serialize_entry("runtimes", &names)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_configuration_has_the_names_of_its_file() {
        let text = json!({
            "data-root": "/d", "dns": ["10.0.0.1"], "dns-search": ["a.test"], "debug": true,
            "default-runtime": "crun", "runtimes": {"crun": {"path": "/usr/bin/crun"}},
        });
        let config = HostConfig::parse(text.to_string().as_bytes()).unwrap();
        let written = serde_json::to_value(&config).unwrap();
        for key in ["data-root", "dns", "dns-search", "default-runtime"] {
            assert_eq!(written[key], text[key], "{written:#}");
        }
        assert_eq!(written["exec-root"], "/var/run/docker");
        assert_eq!(written["other"], json!({"debug": true}));
        assert_eq!(written["runtimes"], json!(["crun"]));
        assert_eq!(written["unknown"], json!([]));
    }
}
