//! What was found about the files that may be chosen.

use std::path::{Path, PathBuf};

use crate::document::{Document, Nameserver};
use crate::error::ErrorKind;
use crate::select::behind::Behind;
use crate::select::network::NetworkKind;

/// What was found about the files that may be chosen. [`find`](crate::find()) gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The kind of network the file is for.
    pub network: NetworkKind,
    /// The file that the administrator set, if any. It is used without any check.
    pub configured: Option<FileFacts>,
    /// The file that every program on the host reads: `/etc/resolv.conf`.
    pub etc: FileFacts,
    /// systemd-resolved's list of real servers: `/run/systemd/resolve/resolv.conf`.
    pub uplink: FileFacts,
    /// The stub file of systemd-resolved: `/run/systemd/resolve/stub-resolv.conf`.
    pub stub_path: PathBuf,
    /// The static stub file that systemd ships: `/usr/lib/systemd/resolv.conf`.
    pub static_path: PathBuf,
    /// NetworkManager's list of real servers: `/run/NetworkManager/no-stub-resolv.conf`.
    pub network_manager: FileFacts,
    /// What systemd-resolved does behind its stub. Unknown if `/etc/resolv.conf` lists other
    /// servers, because nobody looks then.
    pub behind: Behind,
}

/// What is known about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileFacts {
    /// Its path.
    pub path: PathBuf,
    /// The file that the path leads to, if a symbolic link is on the way.
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

impl Facts {
    /// Why one of the files could not be read. `None` if it was read or does not exist.
    pub fn error_kind_of(&self, path: &Path) -> Option<ErrorKind> {
        let files = [&self.etc, &self.uplink, &self.network_manager];
        let mut files = files.into_iter().chain(&self.configured);
        match files.find(|file| file.path == path)?.content {
            Content::Unreadable { kind, .. } => Some(kind),
            _ => None,
        }
    }
}

impl Default for Facts {
    /// The usual paths, with no file at any of them.
    fn default() -> Self {
        Self {
            network: NetworkKind::default(),
            configured: None,
            etc: FileFacts::missing(ETC_PATH),
            uplink: FileFacts::missing(UPSTREAM_PATH),
            stub_path: STUB_PATH.into(),
            static_path: STATIC_PATH.into(),
            network_manager: FileFacts::missing(NETWORK_MANAGER_PATH),
            behind: Behind::default(),
        }
    }
}

impl FileFacts {
    /// Facts about a file that does not exist.
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

    /// Whether it lists servers, and each is a stub of systemd-resolved.
    pub(crate) fn lists_only_stubs(&self) -> bool {
        let Content::Document(document) = &self.content else {
            return false;
        };
        let mut servers = document.nameservers().peekable();
        servers.peek().is_some() && servers.all(|found| found.value.is_stub())
    }

    /// Whether the file was read.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self.content, Content::Document(_))
    }

    /// Whether it lists a server that may be reached from inside a container.
    pub(crate) fn has_usable_server(&self) -> bool {
        let Content::Document(document) = &self.content else {
            return false;
        };
        // A zone names a link of the host, which no container has.
        let of_host = |s: &Nameserver| s.is_ipv6_link_local() && s.zone().is_some();
        let elsewhere = |server: &Nameserver| {
            !server.is_loopback() && !server.is_unspecified() && !of_host(server)
        };
        document.nameservers().any(|found| elsewhere(&found.value))
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

/// The file that every program on the host reads.
pub const ETC_PATH: &str = "/etc/resolv.conf";
/// systemd-resolved's list of the servers it asks.
pub const UPSTREAM_PATH: &str = "/run/systemd/resolve/resolv.conf";
/// systemd-resolved's stub file.
pub const STUB_PATH: &str = "/run/systemd/resolve/stub-resolv.conf";
/// The stub file that systemd ships.
pub const STATIC_PATH: &str = "/usr/lib/systemd/resolv.conf";
/// NetworkManager's list of the servers behind its cache.
pub const NETWORK_MANAGER_PATH: &str = "/run/NetworkManager/no-stub-resolv.conf";
