//! Shim options: the free-form `options` of daemon.json as typed values.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::entries::is_same_text;
use crate::json::Value;

/// The shim that starts runc and everything that can be called like it.
pub const RUNC_SHIM: &str = "io.containerd.runc.v2";

/// What containerd is to hand to a shim.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShimOptions {
    /// For [`RUNC_SHIM`]: containerd's message `containerd.runc.v1.Options`.
    Runc(RuncOptions),
    /// For any other shim: containerd's message `runtimeoptions.v1.Options`.
    Generic(GenericOptions),
}

/// Options of the runc shim. `None` is "not given": the shim uses its own default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuncOptions {
    /// Do not use pivot_root(2), as on a root filesystem in memory.
    pub no_pivot_root: Option<bool>,
    /// Do not make a session keyring for the container.
    pub no_new_keyring: Option<bool>,
    /// Cgroup for the shim itself.
    pub shim_cgroup: Option<OsString>,
    /// Owner of the container's standard streams.
    pub io_uid: Option<u32>,
    /// Group of the container's standard streams.
    pub io_gid: Option<u32>,
    /// Program to call: a path, or a name the shim looks up in its `PATH`.
    pub binary_name: Option<OsString>,
    /// Directory where the runtime keeps its state.
    pub root: Option<PathBuf>,
    /// Let systemd make the cgroups.
    pub systemd_cgroup: Option<bool>,
    /// Where CRIU puts images.
    pub criu_image_path: Option<OsString>,
    /// Where CRIU works.
    pub criu_work_path: Option<OsString>,
    /// Address of the task service.
    pub task_api_address: Option<OsString>,
    /// Version of the task service.
    pub task_api_version: Option<u32>,
}

/// Options for a shim about which nothing is known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenericOptions {
    /// Names the type of the configuration, for the shim.
    pub type_url: Option<String>,
    /// A configuration file for the shim to read.
    pub config_path: Option<OsString>,
    /// The configuration itself.
    pub config_body: Option<Vec<u8>>,
}

/// One option's value, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionValue<'a> {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(u32),
    /// Text or a path; may be other bytes than UTF-8.
    Text(&'a OsStr),
    /// Raw bytes.
    Bytes(&'a [u8]),
}

impl ShimOptions {
    /// The options that are given, in a fixed order, with their names in snake case
    /// (`binary_name`, `io_uid`, `type_url`, …).
    pub fn members(&self) -> Vec<(&'static str, OptionValue<'_>)> {
        match self {
            Self::Runc(options) => options.members(),
            Self::Generic(options) => options.members(),
        }
    }

    /// The options for the runc shim, if they are that.
    pub fn as_runc(&self) -> Option<&RuncOptions> {
        match self {
            Self::Runc(options) => Some(options),
            Self::Generic(_) => None,
        }
    }
}

/// Whether both say the same byte by byte, also in the path among them.
pub(crate) fn is_same_options(a: Option<&ShimOptions>, b: Option<&ShimOptions>) -> bool {
    fn root(options: Option<&ShimOptions>) -> Option<&Path> {
        options?.as_runc()?.root.as_deref()
    }
    a == b && is_same_text(root(a), root(b))
}

impl RuncOptions {
    fn members(&self) -> Vec<(&'static str, OptionValue<'_>)> {
        let bool = |value: Option<bool>| value.map(OptionValue::Bool);
        let number = |value: Option<u32>| value.map(OptionValue::Number);
        let all = [
            (
                "binary_name",
                self.binary_name.as_deref().map(OptionValue::Text),
            ),
            (
                "root",
                self.root
                    .as_ref()
                    .map(|root| OptionValue::Text(root.as_os_str())),
            ),
            ("systemd_cgroup", bool(self.systemd_cgroup)),
            ("no_pivot_root", bool(self.no_pivot_root)),
            ("no_new_keyring", bool(self.no_new_keyring)),
            (
                "shim_cgroup",
                self.shim_cgroup.as_deref().map(OptionValue::Text),
            ),
            ("io_uid", number(self.io_uid)),
            ("io_gid", number(self.io_gid)),
            (
                "criu_image_path",
                self.criu_image_path.as_deref().map(OptionValue::Text),
            ),
            (
                "criu_work_path",
                self.criu_work_path.as_deref().map(OptionValue::Text),
            ),
            (
                "task_api_address",
                self.task_api_address.as_deref().map(OptionValue::Text),
            ),
            ("task_api_version", number(self.task_api_version)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// Sets one option. `Ok(false)` means that no option has this name.
    fn set(&mut self, folded: &str, value: &Value) -> Result<bool, &'static str> {
        match folded {
            "nopivotroot" => self.no_pivot_root = Some(flag(value)?),
            "nonewkeyring" => self.no_new_keyring = Some(flag(value)?),
            "shimcgroup" => self.shim_cgroup = Some(text(value)?.into()),
            "iouid" => self.io_uid = Some(number(value)?),
            "iogid" => self.io_gid = Some(number(value)?),
            "binaryname" => self.binary_name = Some(text(value)?.into()),
            "root" => self.root = Some(text(value)?.into()),
            "systemdcgroup" => self.systemd_cgroup = Some(flag(value)?),
            "criuimagepath" => self.criu_image_path = Some(text(value)?.into()),
            "criuworkpath" => self.criu_work_path = Some(text(value)?.into()),
            "taskapiaddress" => self.task_api_address = Some(text(value)?.into()),
            "taskapiversion" => self.task_api_version = Some(number(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl GenericOptions {
    fn members(&self) -> Vec<(&'static str, OptionValue<'_>)> {
        let type_url = self.type_url.as_deref().map(OsStr::new);
        let all = [
            ("type_url", type_url.map(OptionValue::Text)),
            (
                "config_path",
                self.config_path.as_deref().map(OptionValue::Text),
            ),
            (
                "config_body",
                self.config_body.as_deref().map(OptionValue::Bytes),
            ),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    fn set(&mut self, folded: &str, value: &Value) -> Result<bool, &'static str> {
        match folded {
            "typeurl" => self.type_url = Some(text(value)?.to_owned()),
            "configpath" => self.config_path = Some(text(value)?.into()),
            "configbody" => self.config_body = Some(bytes(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// What became of the members of `options`.
#[derive(Debug, Default)]
pub(crate) struct Conversion {
    /// `None` when nothing was given.
    pub(crate) options: Option<ShimOptions>,
    /// One line for each member of a wrong type.
    pub(crate) faults: Vec<String>,
    /// Two spellings of one option.
    pub(crate) repeated: Vec<String>,
    /// Members that the shim's message does not have.
    pub(crate) unknown: Vec<String>,
}

/// Converts the free-form options for a shim.
///
/// Names are matched without regard to case and underscores: `IoUid`, `ioUid`, `io_uid`.
pub(crate) fn convert(shim: &str, members: &BTreeMap<String, Value>) -> Conversion {
    let mut conversion = Conversion::default();
    if members.is_empty() {
        return conversion;
    }
    let mut runc = RuncOptions::default();
    let mut generic = GenericOptions::default();
    let mut seen = Vec::new();
    for (key, value) in members {
        let folded = key.replace('_', "").to_lowercase();
        let known = match (shim == RUNC_SHIM, value) {
            // A null member counts as absent, as in Go.
            (_, Value::Null) => continue,
            (true, _) => runc.set(&folded, value),
            (false, _) => generic.set(&folded, value),
        };
        match known {
            Ok(true) if seen.contains(&folded) => conversion.repeated.push(key.clone()),
            Ok(true) => seen.push(folded),
            Ok(false) => conversion.unknown.push(key.clone()),
            Err(want) => {
                let fault = format!("option {key:?} must be {want}, not {}", describe(value));
                conversion.faults.push(fault);
            }
        }
    }
    conversion.options = Some(match shim {
        RUNC_SHIM => ShimOptions::Runc(runc),
        _ => ShimOptions::Generic(generic),
    });
    conversion
}

fn describe(value: &Value) -> String {
    match value {
        Value::Unsigned(_) | Value::Negative(_) | Value::Float(_) => value.to_json(),
        other => other.type_name().to_owned(),
    }
}

fn flag(value: &Value) -> Result<bool, &'static str> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        _ => Err("true or false"),
    }
}

fn number(value: &Value) -> Result<u32, &'static str> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or("a whole number from 0 to 4294967295")
}

fn text(value: &Value) -> Result<&str, &'static str> {
    match value.as_str() {
        Some(text) if !text.contains('\0') => Ok(text),
        _ => Err("a string without NUL"),
    }
}

/// Takes bytes from a string, or from a list of numbers.
fn bytes(value: &Value) -> Result<Vec<u8>, &'static str> {
    const WANT: &str = "a string or an array of numbers from 0 to 255";
    match value {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        Value::Array(items) => {
            let byte = |item: &Value| item.as_u64().and_then(|n| u8::try_from(n).ok());
            items.iter().map(|item| byte(item).ok_or(WANT)).collect()
        }
        _ => Err(WANT),
    }
}
