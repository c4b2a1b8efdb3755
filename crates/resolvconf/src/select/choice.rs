//! Which file a container should inherit, and why. A pure rule over what was found.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::error::ErrorKind;

/// What was found about the files that may be chosen; made by [`find`](crate::find()), or by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The path the administrator set, if any. It is taken as it is.
    pub configured: Option<PathBuf>,
    /// The file every program on the host reads: `/etc/resolv.conf`.
    pub etc: FileFacts,
    /// systemd-resolved's list of real servers: `/run/systemd/resolve/resolv.conf`.
    pub uplink: FileFacts,
    /// The stub file of systemd-resolved: `/run/systemd/resolve/stub-resolv.conf`.
    pub stub_path: PathBuf,
    /// The static stub file that systemd ships: `/usr/lib/systemd/resolv.conf`.
    pub static_path: PathBuf,
    /// NetworkManager's list of real servers: `/run/NetworkManager/no-stub-resolv.conf`.
    pub network_manager: FileFacts,
}

/// What is known about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileFacts {
    /// Its path.
    pub path: PathBuf,
    /// The file it is in the end, when the path is or goes through a symbolic link.
    pub link_target: Option<PathBuf>,
    /// Its content, or why there is none.
    pub content: Content,
}

/// The content of a file, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// It was read.
    Document(Document),
    /// There is no such file, or the link leads nowhere.
    Missing,
    /// It could not be read: the class of the error and its text.
    Unreadable {
        /// The class of the error.
        kind: ErrorKind,
        /// The error in words.
        message: String,
    },
}

/// The chosen file and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Selection {
    /// The file to inherit.
    pub path: PathBuf,
    /// Why this one.
    pub reason: Reason,
    /// How systemd-resolved is wired to `/etc/resolv.conf`.
    pub mode: ResolvedMode,
}

named! {
    /// Why a file was chosen.
    pub enum Reason {
        /// The administrator set it.
        Configured = "configured",
        /// It lists a server of its own.
        OwnServers = "own-servers",
        /// It lists no server at all.
        NoServers = "no-servers",
        /// It does not exist; it reads as empty.
        Missing = "missing",
        /// It cannot be read, so nothing is known about it.
        Unreadable = "unreadable",
        /// `/etc/resolv.conf` lists only systemd-resolved's stubs; this file has the servers behind
        /// them.
        ResolvedUplink = "resolved-uplink",
        /// `/etc/resolv.conf` lists only systemd-resolved's stubs, but the file with the servers
        /// behind them is missing or cannot be read, and there is no other.
        StubOnly = "stub-only",
        /// `/etc/resolv.conf` lists only a local cache or stub; NetworkManager has the servers behind
        /// it.
        NetworkManager = "network-manager",
        /// `/etc/resolv.conf` lists only servers on loopback, and nobody says what is behind them.
        LoopbackOnly = "loopback-only",
    }
}

named! {
    /// The four ways in which systemd-resolved and `/etc/resolv.conf` go together.
    ///
    /// # References
    ///
    /// [systemd-resolved.service(8)](https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html#/etc/resolv.conf)
    pub enum ResolvedMode {
        /// A link to the stub file: search domains follow the links, the server is the stub.
        Stub = "stub",
        /// A link to the static file: the server is the stub, no search domains.
        Static = "static",
        /// A link to the file with the real servers.
        Uplink = "uplink",
        /// A file of someone else, which systemd-resolved reads; also when it is not running.
        Foreign = "foreign",
    }
}

/// Chooses the file. Pure; evaluate it whenever a file is needed, for the host may change.
///
/// # Examples
///
/// ```
/// use resolvconf::{Facts, Reason, select};
///
/// let mut facts = Facts::default();
/// facts.etc.content = resolvconf::parse(b"nameserver 127.0.0.53\n").into();
/// facts.uplink.content = resolvconf::parse(b"nameserver 192.0.2.1\n").into();
/// let selection = select(&facts);
/// assert_eq!(selection.path, facts.uplink.path);
/// assert_eq!(selection.reason, Reason::ResolvedUplink);
/// ```
pub fn select(facts: &Facts) -> Selection {
    let (path, reason) = match &facts.configured {
        Some(path) => (path, Reason::Configured),
        None => choose(facts),
    };
    Selection {
        path: path.clone(),
        reason,
        mode: facts.mode(),
    }
}

fn choose(facts: &Facts) -> (&PathBuf, Reason) {
    let etc = &facts.etc.path;
    let document = match &facts.etc.content {
        Content::Document(document) => document,
        Content::Missing => return (etc, Reason::Missing),
        Content::Unreadable { .. } => return (etc, Reason::Unreadable),
    };
    let every = |test: fn(&crate::Nameserver) -> bool| {
        let mut servers = document.nameservers().peekable();
        servers.peek().is_some() && servers.all(|found| test(&found.value))
    };
    let stubs_only = every(crate::Nameserver::is_stub);
    if stubs_only && facts.uplink.is_readable() {
        return (&facts.uplink.path, Reason::ResolvedUplink);
    }
    if every(|s| s.is_stub() || s.is_local_cache()) && facts.network_manager.is_readable() {
        return (&facts.network_manager.path, Reason::NetworkManager);
    }
    let reason = if stubs_only {
        Reason::StubOnly
    } else if every(crate::Nameserver::is_loopback) {
        Reason::LoopbackOnly
    } else if document.nameservers().next().is_none() {
        Reason::NoServers
    } else {
        Reason::OwnServers
    };
    (etc, reason)
}

impl Facts {
    fn mode(&self) -> ResolvedMode {
        let target = self.etc.link_target.as_deref();
        let leads_to = |path: &Path, resolved: Option<&Path>| {
            target.is_some() && (target == Some(path) || target == resolved)
        };
        if leads_to(&self.stub_path, None) {
            ResolvedMode::Stub
        } else if leads_to(&self.static_path, None) {
            ResolvedMode::Static
        } else if leads_to(&self.uplink.path, self.uplink.link_target.as_deref()) {
            ResolvedMode::Uplink
        } else {
            ResolvedMode::Foreign
        }
    }
}

impl Default for Facts {
    /// The usual paths, nothing there.
    fn default() -> Self {
        Self {
            configured: None,
            etc: FileFacts::missing(ETC_PATH),
            uplink: FileFacts::missing(UPSTREAM_PATH),
            stub_path: STUB_PATH.into(),
            static_path: STATIC_PATH.into(),
            network_manager: FileFacts::missing(NETWORK_MANAGER_PATH),
        }
    }
}

impl FileFacts {
    /// Facts about a file that is not there.
    pub fn missing(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            link_target: None,
            content: Content::Missing,
        }
    }

    /// Facts about a file with that content.
    pub fn with_document(path: impl Into<PathBuf>, document: Document) -> Self {
        Self {
            path: path.into(),
            link_target: None,
            content: document.into(),
        }
    }

    fn is_readable(&self) -> bool {
        matches!(self.content, Content::Document(_))
    }
}

impl From<Document> for Content {
    fn from(document: Document) -> Self {
        if document.is_missing() {
            Self::Missing
        } else {
            Self::Document(document)
        }
    }
}

/// What every program on the host reads.
pub const ETC_PATH: &str = "/etc/resolv.conf";
/// systemd-resolved's list of the servers it asks.
pub const UPSTREAM_PATH: &str = "/run/systemd/resolve/resolv.conf";
/// systemd-resolved's stub file.
pub const STUB_PATH: &str = "/run/systemd/resolve/stub-resolv.conf";
/// The stub file that systemd ships.
pub const STATIC_PATH: &str = "/usr/lib/systemd/resolv.conf";
/// NetworkManager's list of the servers behind its cache.
pub const NETWORK_MANAGER_PATH: &str = "/run/NetworkManager/no-stub-resolv.conf";

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configured => "the administrator set it",
            Self::OwnServers => "it lists servers of its own",
            Self::NoServers => "it lists no server, and no other file is known to have one",
            Self::Missing => "it does not exist and reads as empty",
            Self::Unreadable => "it cannot be read, so nothing is known about another",
            Self::ResolvedUplink => {
                "/etc/resolv.conf lists only systemd-resolved's stub; this file has the servers behind it"
            }
            Self::StubOnly => {
                "it lists only systemd-resolved's stub, but no file with the servers behind it can be read"
            }
            Self::NetworkManager => {
                "/etc/resolv.conf lists only a local cache; NetworkManager has the servers behind it"
            }
            Self::LoopbackOnly => {
                "it lists only loopback servers, and no file says what is behind them"
            }
        })
    }
}
