//! Decides which file a container should inherit, and why, from the facts that were found.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::document::{Document, Nameserver};
use crate::select::behind::Behind;
use crate::select::facts::{Content, Facts, FileFacts};
use crate::select::network::NetworkKind;

/// The chosen file and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Selection {
    /// The file to inherit.
    pub path: PathBuf,
    /// Why this file was chosen.
    pub reason: Reason,
    /// How systemd-resolved and `/etc/resolv.conf` are connected.
    pub mode: ResolvedMode,
    /// The kind of network it was chosen for.
    pub network: NetworkKind,
    /// What systemd-resolved does for clients of its stub, and containers go without, because they
    /// ask the servers behind it directly. `None` if the reason is another one.
    pub lost: Option<Behind>,
    /// The file to which the path leads, if it is a symbolic link or goes through one.
    pub link_target: Option<PathBuf>,
}

/// The chosen file, and the content on which the choice was based.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Current {
    /// Which file, and why.
    pub selection: Selection,
    /// Its content. This is [`Document::missing`] if there is no such file.
    pub document: Document,
    /// Why the file could not be read. The document is empty then. `None` if it was read or is
    /// missing.
    pub unreadable: Option<String>,
    /// Why the file with the servers behind the stub could not be read. `None` if it was read, is
    /// missing, or is not needed.
    pub uplink_unreadable: Option<String>,
}

named! {
    /// Why a file was chosen.
    pub enum Reason {
        /// The administrator set it.
        Configured = "configured",
        /// The network reaches the host's own resolver, so the file of the host's programs is
        /// right.
        HostFile = "host-file",
        /// It lists a server of its own.
        OwnServers = "own-servers",
        /// It lists no server in a form that all readers take.
        NoServers = "no-servers",
        /// It does not exist, and counts as empty.
        Missing = "missing",
        /// It cannot be read, so nothing is known about it.
        Unreadable = "unreadable",
        /// `/etc/resolv.conf` lists only systemd-resolved's stubs. This file has the servers behind
        /// them.
        ResolvedUplink = "resolved-uplink",
        /// `/etc/resolv.conf` lists only systemd-resolved's stubs. This is the file for the servers
        /// behind them, but a container can reach none of these.
        UplinkUnusable = "uplink-unusable",
        /// `/etc/resolv.conf` lists only systemd-resolved's stubs. The file with the servers behind
        /// them is missing or cannot be read, and there is no other file.
        StubOnly = "stub-only",
        /// `/etc/resolv.conf` lists only a local cache or stub. NetworkManager's file has the
        /// servers behind it.
        NetworkManager = "network-manager",
        /// `/etc/resolv.conf` lists only servers on loopback, and no file shows the servers behind
        /// them.
        LoopbackOnly = "loopback-only",
    }
}

named! {
    /// The four ways in which systemd-resolved and `/etc/resolv.conf` work together.
    ///
    /// # References
    ///
    /// [systemd-resolved.service(8)](https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html#/etc/resolv.conf)
    pub enum ResolvedMode {
        /// A link to the stub file. The search domains come from the network links, and the server
        /// is the stub.
        Stub = "stub",
        /// A link to the static file. The server is the stub, and there are no search domains.
        Static = "static",
        /// A link to the file with the real servers.
        Uplink = "uplink",
        /// A file of someone else, which systemd-resolved reads. This is also the mode if
        /// systemd-resolved does not run.
        Foreign = "foreign",
    }
}

/// Chooses the file, and returns it with its content.
///
/// Call it again for each container's file, because the host may change at any time.
///
/// # Examples
///
/// ```
/// use resolvconf::{Facts, NetworkKind, Reason, select};
///
/// let mut facts = Facts::default();
/// facts.etc.content = resolvconf::parse(b"nameserver 127.0.0.53\n").into();
/// facts.uplink.content = resolvconf::parse(b"nameserver 192.0.2.1\n").into();
/// let current = select(&facts);
/// assert_eq!(current.selection.path, facts.uplink.path);
/// assert_eq!(current.selection.reason, Reason::ResolvedUplink);
///
/// facts.network = NetworkKind::UserDefined;
/// assert_eq!(select(&facts).selection.path, facts.etc.path);
/// ```
pub fn select(facts: &Facts) -> Current {
    let (file, reason) = match (facts.network, &facts.configured) {
        (NetworkKind::UserDefined | NetworkKind::Host, _) => (&facts.etc, Reason::HostFile),
        (_, Some(file)) => (file, Reason::Configured),
        (_, None) => choose(facts),
    };
    let reason = match (&file.content, reason) {
        (Content::Missing, Reason::HostFile) => Reason::Missing,
        (Content::Unreadable { .. }, Reason::HostFile) => Reason::Unreadable,
        _ => reason,
    };
    let (document, unreadable) = match &file.content {
        Content::Document(document) => (document.clone(), None),
        Content::Missing => (Document::missing(), None),
        Content::Unreadable { message, .. } => (Document::default(), Some(message.clone())),
    };
    let selection = Selection {
        path: file.path.clone(),
        reason,
        mode: mode(facts),
        network: facts.network,
        lost: (reason == Reason::ResolvedUplink).then_some(facts.behind),
        link_target: file.link_target.clone(),
    };
    Current {
        selection,
        document,
        unreadable,
        uplink_unreadable: match &facts.uplink.content {
            Content::Unreadable { message, .. } if reason == Reason::StubOnly => {
                Some(message.clone())
            }
            _ => None,
        },
    }
}

impl Selection {
    /// The reason in words, with what containers lose by it.
    pub fn explanation(&self) -> String {
        match self.lost.map(|lost| lost.to_string()).as_deref() {
            None | Some("") => self.reason.to_string(),
            Some(lost) => format!("{}; {lost}", self.reason),
        }
    }
}

fn choose(facts: &Facts) -> (&FileFacts, Reason) {
    let etc = &facts.etc;
    let document = match &etc.content {
        Content::Document(document) => document,
        Content::Missing => return (etc, Reason::Missing),
        Content::Unreadable { .. } => return (etc, Reason::Unreadable),
    };
    let servers: Vec<Nameserver> = document.nameservers().map(|found| found.value).collect();
    let every = |test: fn(&Nameserver) -> bool| !servers.is_empty() && servers.iter().all(test);
    let stubs_only = every(Nameserver::is_stub);
    if stubs_only && facts.uplink.has_usable_server() {
        return (&facts.uplink, Reason::ResolvedUplink);
    }
    let local = |server: &Nameserver| server.is_stub() || server.is_local_cache();
    if every(local) && facts.network_manager.has_usable_server() {
        return (&facts.network_manager, Reason::NetworkManager);
    }
    if stubs_only && facts.uplink.is_readable() {
        return (&facts.uplink, Reason::UplinkUnusable);
    }
    let reason = if stubs_only {
        Reason::StubOnly
    } else if every(Nameserver::is_loopback) {
        Reason::LoopbackOnly
    } else if servers.is_empty() {
        Reason::NoServers
    } else {
        Reason::OwnServers
    };
    (etc, reason)
}

fn mode(facts: &Facts) -> ResolvedMode {
    let target = facts.etc.link_target.as_deref();
    let leads_to = |path: &Path, resolved: Option<&Path>| {
        target.is_some() && (target == Some(path) || target == resolved)
    };
    if leads_to(&facts.stub_path, None) {
        ResolvedMode::Stub
    } else if leads_to(&facts.static_path, None) {
        ResolvedMode::Static
    } else if leads_to(&facts.uplink.path, facts.uplink.link_target.as_deref()) {
        ResolvedMode::Uplink
    } else {
        ResolvedMode::Foreign
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configured => "the administrator set it",
            Self::HostFile => "the network reaches the host's own resolver",
            Self::OwnServers => "it lists servers of its own",
            Self::NoServers => "it lists no server that all readers take, and no other file is known to have one",
            Self::Missing => "it does not exist and reads as empty",
            Self::Unreadable => "it cannot be read, so nothing is known about another",
            Self::ResolvedUplink => {
                "/etc/resolv.conf lists only systemd-resolved's stub; this file has the servers behind it"
            }
            Self::UplinkUnusable => {
                "/etc/resolv.conf lists only systemd-resolved's stub; this is the file for the servers behind it, but it lists none that a container can reach"
            }
            Self::StubOnly => {
                "it lists only systemd-resolved's stub, but no file with the servers behind it can be read"
            }
            Self::NetworkManager => {
                "/etc/resolv.conf lists only a local cache; NetworkManager has the servers behind it. \
                 Containers ask them directly: without the split DNS (a server of its own for some \
                 domains) that the cache may do"
            }
            Self::LoopbackOnly => {
                "it lists only loopback servers, and no file lists usable servers behind them"
            }
        })
    }
}
