//! Kernel modules: loaded when asked for, with what they need before them.
//!
//! `/vm/modules` has one module a line: name, path, the modules it needs,
//! its exact aliases; fields after tabs, lists joined by blanks. The host made it
//! from the modules' own `.modinfo`, as Debian's packages carry no index.

use anyhow::{Context, Result};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use std::collections::HashMap;
use std::path::Path;

/// Where the list lies in the image.
pub(crate) const LIST: &str = "/vm/modules";

/// The modules of the image.
#[derive(Default)]
pub(crate) struct Modules {
    by_name: HashMap<String, Module>,
    name_of_alias: HashMap<String, String>,
}

struct Module {
    path: String,
    needs: Vec<String>,
}

impl Modules {
    /// Reads the list.
    pub(crate) fn load(list: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(list).with_context(|| list.display().to_string())?;
        let mut modules = Self::default();
        for line in text.lines() {
            modules
                .add(line)
                .with_context(|| format!("no module: {line:?}"))?;
        }
        Ok(modules)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split('\t');
        let name = fields.next()?.to_owned();
        let path = fields.next()?.to_owned();
        let needs = fields
            .next()?
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect();
        for alias in fields.next()?.split_ascii_whitespace() {
            self.name_of_alias.insert(alias.to_owned(), name.clone());
        }
        self.by_name.insert(name, Module { path, needs });
        Some(())
    }

    /// Loads a module by name or alias; false if the image has none such.
    ///
    /// What is built into the kernel is not in the image either, so the
    /// caller learns by using the feature.
    pub(crate) fn insert(&self, wanted: &str) -> Result<bool> {
        let plain = wanted.replace('-', "_");
        let name = self.name_of_alias.get(wanted).unwrap_or(&plain);
        let Some(module) = self.by_name.get(name) else {
            return Ok(false);
        };
        for need in &module.needs {
            self.insert(need)?;
        }
        let file = std::fs::File::open(&module.path).with_context(|| module.path.clone())?;
        // Without numdummies=0 the dummy driver would make a link nobody asked for.
        let parameters = if name == "dummy" {
            c"numdummies=0"
        } else {
            c""
        };
        match rustix::system::finit_module(file, parameters, 0) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(true),
            Err(errno) => Err(errno).with_context(|| format!("finit_module({:?})", module.path)),
        }
    }

    /// Makes the nodes by which drivers are loaded on first open, as
    /// `/dev/net/tun` and `/dev/loop-control`.
    pub(crate) fn make_device_nodes(&self) -> Result<()> {
        for (alias, module) in &self.name_of_alias {
            let Some(device) = alias.strip_prefix("devname:") else {
                continue;
            };
            let numbers = self
                .name_of_alias
                .iter()
                .filter(|(_, owner)| *owner == module)
                .find_map(|(alias, _)| char_device(alias));
            let Some((major, minor)) = numbers else {
                continue;
            };
            let path = Path::new("/dev").join(device);
            std::fs::create_dir_all(path.parent().expect("below /dev"))?;
            let mode = Mode::from_raw_mode(0o666);
            match mknodat(
                CWD,
                &path,
                FileType::CharacterDevice,
                mode,
                makedev(major, minor),
            ) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(errno) => {
                    return Err(errno).with_context(|| format!("mknod {}", path.display()));
                }
            }
        }
        Ok(())
    }
}

fn char_device(alias: &str) -> Option<(u32, u32)> {
    let (major, minor) = alias.strip_prefix("char-major-")?.split_once('-')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
