//! Looks at the files that [`select`](crate::select()) chooses from.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::files::load;
use crate::select::behind::{Behind, BehindPaths, behind};
use crate::select::facts::{
    Content, ETC_PATH, Facts, FileFacts, NETWORK_MANAGER_PATH, STATIC_PATH, STUB_PATH,
    UPSTREAM_PATH,
};
use crate::select::network::NetworkKind;

/// Where to look, with the usual paths as defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelectOptions {
    /// The kind of network the file is for.
    pub network: NetworkKind,
    /// The path that the administrator set, if any.
    pub configured: Option<PathBuf>,
    /// The path to use instead of `/etc/resolv.conf`.
    pub etc: PathBuf,
    /// The path to use instead of `/run/systemd/resolve/resolv.conf`.
    pub uplink: PathBuf,
    /// The path to use instead of `/run/systemd/resolve/stub-resolv.conf`.
    pub stub: PathBuf,
    /// The path to use instead of `/usr/lib/systemd/resolv.conf`.
    pub static_file: PathBuf,
    /// The path to use instead of `/run/NetworkManager/no-stub-resolv.conf`.
    pub network_manager: PathBuf,
    /// Where systemd-resolved keeps its settings and the state of the links. `None`: nobody looks,
    /// and what the stub does is unknown. That is right for files of another host.
    pub behind: Option<BehindPaths>,
}

impl SelectOptions {
    /// The usual paths, for the default bridge.
    pub fn new() -> Self {
        Self::default()
    }

    /// The usual paths, for a kind of network.
    pub fn for_network(network: NetworkKind) -> Self {
        Self {
            network,
            ..Self::default()
        }
    }
}

impl Default for SelectOptions {
    fn default() -> Self {
        Self {
            network: NetworkKind::default(),
            configured: None,
            etc: ETC_PATH.into(),
            uplink: UPSTREAM_PATH.into(),
            stub: STUB_PATH.into(),
            static_file: STATIC_PATH.into(),
            network_manager: NETWORK_MANAGER_PATH.into(),
            behind: Some(BehindPaths::default()),
        }
    }
}

/// Looks at the files. This cannot fail: a file that cannot be read is a fact, not an error.
///
/// [`current`](crate::current()) does this, and then chooses.
///
/// # Examples
///
/// ```
/// use resolvconf::{SelectOptions, find, select};
///
/// let selection = select(&find(&SelectOptions::new())).selection;
/// println!("{}: {}", selection.path.display(), selection.reason);
/// ```
pub fn find(options: &SelectOptions) -> Facts {
    let etc = look_at(&options.etc);
    let paths = options.behind.as_ref().filter(|_| etc.lists_only_stubs());
    Facts {
        network: options.network,
        configured: options.configured.as_deref().map(look_at),
        behind: paths.map_or_else(Behind::default, behind),
        etc,
        uplink: look_at(&options.uplink),
        stub_path: options.stub.clone(),
        static_path: options.static_file.clone(),
        network_manager: look_at(&options.network_manager),
    }
}

fn look_at(path: &Path) -> FileFacts {
    FileFacts {
        path: path.to_owned(),
        link_target: link_target(path),
        content: content(path),
    }
}

/// Where a link leads. If its target does not exist, this is the path in the text of the link.
fn link_target(path: &Path) -> Option<PathBuf> {
    match fs::canonicalize(path) {
        Ok(target) => (target != path).then_some(target),
        Err(_) => {
            // realpath(3) fails if the target does not exist. The text of the link still shows
            // which service the file belongs to.
            let target = fs::read_link(path).ok()?;
            Some(without_dots(&path.parent()?.join(target)))
        }
    }
}

/// Removes each `..` with the name before it. For a path that does not exist there is no better
/// way.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The content of a file, or why there is none.
fn content(path: &Path) -> Content {
    match load(path) {
        Ok(document) => document.into(),
        Err(error) => {
            // An `io::Error` can be neither cloned nor compared, so its text is kept.
            let cause = std::error::Error::source(&error);
            Content::Unreadable {
                kind: error.kind(),
                message: match cause {
                    Some(cause) => format!("{error}: {cause}"),
                    None => error.to_string(),
                },
            }
        }
    }
}
