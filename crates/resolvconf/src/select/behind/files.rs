//! Reads where systemd-resolved keeps its settings and the state of the links.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::files::load;
use crate::select::behind::answer::Behind;
use crate::select::behind::settings::Scope;

/// Where systemd-resolved keeps its settings and the state of the links.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BehindPaths {
    /// The directories with `resolved.conf`, `resolved.conf.d` and `dns-delegate.d`, the strongest
    /// first.
    pub settings: Vec<PathBuf>,
    /// The directories with one file for each link.
    pub links: Vec<PathBuf>,
}

impl Default for BehindPaths {
    fn default() -> Self {
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        Self {
            settings: paths(&[
                "/etc/systemd",
                "/run/systemd",
                "/usr/local/lib/systemd",
                "/usr/lib/systemd",
            ]),
            links: paths(&["/run/systemd/netif/links", "/run/systemd/resolve/netif"]),
        }
    }
}

impl BehindPaths {
    /// The directories in which any file may count.
    pub(crate) fn directories(&self) -> Vec<PathBuf> {
        let drop_ins = ["resolved.conf.d", "dns-delegate.d"];
        let settings = self.settings.iter();
        let settings = settings.flat_map(|path| drop_ins.map(|name| path.join(name)));
        settings.chain(self.links.iter().cloned()).collect()
    }
}

/// Looks at all places. A place that cannot be read makes the answer unknown, not "no".
pub(crate) fn behind(paths: &BehindPaths) -> Behind {
    let mut look = Look { whole: true };
    let mut common = Scope::default();
    for text in look.settings(&paths.settings) {
        common.read_config("[Resolve]", &text);
    }
    if !look.whole {
        // What could not be read may take back what another file sets.
        common = Scope::default();
    }
    let mut links: BTreeMap<OsString, Scope> = BTreeMap::new();
    for directory in &paths.links {
        // Their names are the numbers of the links. A name with a dot is a file that is just being
        // written.
        let is_link = |(name, _): &(OsString, PathBuf)| {
            name.to_str()
                .is_some_and(|name| name.parse::<u32>().is_ok())
        };
        for (name, path) in look.names(directory).into_iter().filter(is_link) {
            if let Some(text) = look.text(&path) {
                links.entry(name).or_default().read_link(&text);
            }
        }
    }
    let mut scopes: Vec<Scope> = links.into_values().collect();
    // Servers for some domains that belong to no link (systemd.dns-delegate(5)).
    for path in look.drop_ins(&paths.settings, "dns-delegate.d", "dns-delegate") {
        if let Some(text) = look.text(&path) {
            let mut scope = Scope::default();
            scope.read_config("[Delegate]", &text);
            scopes.push(scope);
        }
    }
    Behind::of(&common, &scopes, look.whole)
}

struct Look {
    /// Whether everything that is there was read.
    whole: bool,
}

impl Look {
    /// The texts that count, in the order in which they count (systemd.unit(5), drop-ins).
    fn settings(&mut self, directories: &[PathBuf]) -> Vec<String> {
        let main = directories
            .iter()
            .map(|directory| directory.join("resolved.conf"));
        // The first one that is there counts, also if it is switched off or cannot be read.
        let is_there = |path: &PathBuf| match path.symlink_metadata() {
            Ok(_) => true,
            Err(error) => !is_absence(&error),
        };
        let main = main.into_iter().find(is_there);
        let main = main.and_then(|path| self.text(&path));
        let drop_ins = self.drop_ins(directories, "resolved.conf.d", "conf");
        let more = drop_ins.iter().filter_map(|path| self.text(path));
        main.into_iter().chain(more).collect()
    }

    /// The files of a directory that stands in several places. A name counts once, from the
    /// strongest place.
    fn drop_ins(&mut self, directories: &[PathBuf], name: &str, ending: &str) -> Vec<PathBuf> {
        let mut found: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        for directory in directories {
            for (name, path) in self.names(&directory.join(name)) {
                if path.extension() == Some(OsStr::new(ending)) {
                    found.entry(name).or_insert(path);
                }
            }
        }
        found.into_values().collect()
    }

    fn names(&mut self, directory: &Path) -> Vec<(OsString, PathBuf)> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => {
                self.whole &= is_absence(&error);
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => names.push((entry.file_name(), entry.path())),
                Err(_) => self.whole = false,
            }
        }
        names
    }

    fn text(&mut self, path: &Path) -> Option<String> {
        // This is how a file of a weaker place is switched off (systemd.unit(5)).
        if fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null")) {
            return None;
        }
        match load(path) {
            Ok(document) if document.is_missing() => None,
            Ok(document) => Some(String::from_utf8_lossy(document.as_bytes()).into_owned()),
            Err(_) => {
                self.whole = false;
                None
            }
        }
    }
}

/// A name that is not there is an answer; any other error is not.
fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
