//! What a container gets: overrides first, then what its kind of network needs. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use crate::address::Nameserver;
use crate::document::{Document, split_option};
use crate::parse;
use crate::text::Text;

/// The kind of network the file is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Network {
    /// No rewriting: overrides only.
    #[default]
    None,
    /// The container shares the host's network: overrides only.
    Host,
    /// A network without a resolver of its own: what works only on the host is dropped.
    Legacy {
        /// Whether the network has IPv6.
        ipv6: bool,
    },
    /// A network with the daemon's own resolver: it alone is listed, the others become its
    /// upstreams.
    Internal {
        /// The resolver's address inside the container; Docker uses `127.0.0.11`.
        nameserver: Nameserver,
        /// Options the resolver needs, such as `ndots:0`; an option that is there already is kept.
        required_options: Vec<Text>,
    },
}

/// What to change on the way from the host's file to the container's.
///
/// Words of overrides and options are split at white space, so none can smuggle in a line.
///
/// # Examples
///
/// ```
/// use resolvconf::{Network, TransformOptions, parse, transform};
///
/// let mut options = TransformOptions::new(Network::Legacy { ipv6: false });
/// options.search = Some(vec!["corp.example".into()]);
/// let host = parse(b"nameserver 127.0.0.1\nnameserver 192.0.2.1\nsearch home\n");
/// let text = transform(&host, &options).render(false);
/// assert_eq!(text, b"nameserver 192.0.2.1\nsearch corp.example\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransformOptions {
    /// The kind of network.
    pub network: Network,
    /// Replaces the nameservers, also when the list is empty.
    pub nameservers: Option<Vec<Nameserver>>,
    /// Replaces the search list, also when the list is empty; a lone `.` is dropped.
    pub search: Option<Vec<Text>>,
    /// Replaces the options, also when the list is empty.
    pub options: Option<Vec<Text>>,
    /// Options to append after any override.
    pub add_options: Vec<Text>,
    /// The file the document came from, for the comments.
    pub source: Option<PathBuf>,
    /// Text for the top of the file, for the comments; each line becomes a comment if it is none.
    pub header: Option<String>,
}

impl TransformOptions {
    /// Options for a kind of network, without overrides.
    #[must_use]
    pub fn new(network: Network) -> Self {
        Self {
            network,
            ..Self::default()
        }
    }
}

/// The content of a container's file and how it came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Resolved {
    pub(crate) nameservers: Vec<Nameserver>,
    pub(crate) search: Vec<Text>,
    pub(crate) options: Vec<Text>,
    pub(crate) other: Vec<Text>,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) dropped: Vec<Dropped>,
    pub(crate) invalid_nameservers: Vec<Text>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) ndots_origin: Option<NdotsOrigin>,
    pub(crate) overridden: Vec<Overridden>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) network: Network,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) source: Option<PathBuf>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) header: Option<String>,
}

/// A server the internal resolver forwards to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Upstream {
    /// Its address.
    pub address: Nameserver,
    /// Whether it must be asked from the host's network namespace: it came from the host's file.
    /// Servers given as override are asked from the container's.
    pub host_namespace: bool,
}

/// A nameserver of the host that the container does not get.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Dropped {
    /// The server.
    pub address: Nameserver,
    /// Why it would not work in the container.
    pub reason: DropReason,
}

/// Why a nameserver would not work in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum DropReason {
    /// Loopback is the container itself.
    Loopback,
    /// `0.0.0.0` and `::` mean the local host.
    Unspecified,
    /// The network has no IPv6.
    NoIpv6,
    /// A link-local address whose zone names a link of the host.
    HostZone,
}

/// Something the operator should know about the result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// No usable server was left; public ones are listed instead.
    DefaultNameservers,
    /// The internal resolver has no server to forward to: only names it knows will resolve.
    NoUpstreams,
    /// A link-local server was dropped because its zone is a link of the host.
    HostZone(Nameserver),
}

/// Who set `ndots`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum NdotsOrigin {
    /// The host's file.
    Host,
    /// An override.
    Override,
    /// The internal resolver, or an added option.
    Internal,
}

/// A kind of entry that an override replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Overridden {
    /// The nameservers.
    Nameservers,
    /// The search list.
    Search,
    /// The options.
    Options,
}

/// The public servers that a legacy network falls back to.
pub const DEFAULT_IPV4: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4)),
];

/// Those that are added when the network has IPv6.
pub const DEFAULT_IPV6: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844)),
];

/// Works out what a container gets from the host's document. Pure: reads and writes nothing.
#[must_use]
pub fn transform(document: &Document, options: &TransformOptions) -> Resolved {
    let mut resolved = inherit(document, options);
    resolved.apply_overrides(options);
    match &options.network {
        Network::None | Network::Host => {}
        Network::Legacy { ipv6 } => resolved.for_legacy(*ipv6),
        Network::Internal {
            nameserver,
            required_options,
        } => resolved.for_internal(nameserver, required_options),
    }
    resolved
}

fn inherit(document: &Document, options: &TransformOptions) -> Resolved {
    let mut resolved = Resolved {
        nameservers: document.nameservers().map(|found| found.value).collect(),
        search: document.search().map(Text::from).collect(),
        options: document.options().map(|found| found.value.into()).collect(),
        other: document.other().map(|found| found.value.into()).collect(),
        invalid_nameservers: document
            .invalid_nameservers()
            .map(|found| found.value.into())
            .collect(),
        network: options.network.clone(),
        source: options.source.clone(),
        header: options.header.clone(),
        ..Resolved::default()
    };
    resolved.ndots_origin = resolved.option("ndots").map(|_| NdotsOrigin::Host);
    resolved
}

impl Resolved {
    /// The servers of the file.
    #[must_use]
    pub fn nameservers(&self) -> &[Nameserver] {
        &self.nameservers
    }

    /// The search list of the file.
    #[must_use]
    pub fn search(&self) -> &[Text] {
        &self.search
    }

    /// The options of the file.
    #[must_use]
    pub fn options(&self) -> &[Text] {
        &self.options
    }

    /// The lines passed on as they were.
    #[must_use]
    pub fn other(&self) -> &[Text] {
        &self.other
    }

    /// What the internal resolver forwards to, in order; empty for other networks.
    #[must_use]
    pub fn upstreams(&self) -> &[Upstream] {
        &self.upstreams
    }

    /// The host's servers that a legacy network does not get, each with the reason.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Words of the host's `nameserver` lines that are no addresses.
    #[must_use]
    pub fn invalid_nameservers(&self) -> &[Text] {
        &self.invalid_nameservers
    }

    /// What the operator should know.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Who set `ndots`, when it is set.
    #[must_use]
    pub fn ndots_origin(&self) -> Option<NdotsOrigin> {
        self.ndots_origin
    }

    /// What overrides replaced.
    #[must_use]
    pub fn overridden(&self) -> &[Overridden] {
        &self.overridden
    }

    /// The value of the last option of that name; empty when it has none.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&[u8]> {
        let split = self
            .options
            .iter()
            .rev()
            .map(|o| split_option(o.as_bytes()));
        let mut named = split.filter(|(key, _)| *key == name.as_bytes());
        named.next().map(|(_, value)| value)
    }

    fn apply_overrides(&mut self, options: &TransformOptions) {
        if let Some(nameservers) = &options.nameservers {
            self.nameservers.clone_from(nameservers);
            self.overridden.push(Overridden::Nameservers);
        }
        if let Some(search) = &options.search {
            self.search = words(search).filter(|word| *word != ".").collect();
            self.overridden.push(Overridden::Search);
        }
        if let Some(list) = &options.options {
            self.options = words(list).collect();
            self.ndots_origin = self.option("ndots").map(|_| NdotsOrigin::Override);
            self.overridden.push(Overridden::Options);
        }
        for option in words(&options.add_options) {
            self.add_option(option);
        }
    }

    fn add_option(&mut self, option: Text) {
        let (name, value) = split_option(option.as_bytes());
        if name == b"ndots" && !value.is_empty() {
            self.ndots_origin = Some(NdotsOrigin::Internal);
        }
        self.options.push(option);
    }

    fn for_legacy(&mut self, ipv6: bool) {
        if self.overridden.contains(&Overridden::Nameservers) {
            return;
        }
        for address in std::mem::take(&mut self.nameservers) {
            let Some(reason) = drop_reason(&address, ipv6) else {
                self.nameservers.push(address);
                continue;
            };
            if reason == DropReason::HostZone {
                self.warnings.push(Warning::HostZone(address.clone()));
            }
            self.dropped.push(Dropped { address, reason });
        }
        if self.nameservers.is_empty() {
            let v6 = DEFAULT_IPV6.into_iter().filter(|_| ipv6);
            self.nameservers = DEFAULT_IPV4.into_iter().chain(v6).map(Into::into).collect();
            self.warnings.push(Warning::DefaultNameservers);
        }
    }

    fn for_internal(&mut self, nameserver: &Nameserver, required: &[Text]) {
        let host_namespace = !self.overridden.contains(&Overridden::Nameservers);
        let servers = std::mem::replace(&mut self.nameservers, vec![nameserver.clone()]);
        let upstream = |address| Upstream {
            address,
            host_namespace,
        };
        self.upstreams = servers.into_iter().map(upstream).collect();
        for option in words(required) {
            let (name, _) = split_option(option.as_bytes());
            if name == b"ndots" {
                self.options.retain(|option| !is_malformed_ndots(option));
            }
            let present = |present: &Text| split_option(present.as_bytes()).0 == name;
            if !self.options.iter().any(present) {
                self.add_option(option);
            }
        }
        if self.upstreams.is_empty() {
            self.warnings.push(Warning::NoUpstreams);
        }
    }
}

fn drop_reason(server: &Nameserver, ipv6: bool) -> Option<DropReason> {
    if server.is_loopback() {
        Some(DropReason::Loopback)
    } else if server.is_unspecified() {
        Some(DropReason::Unspecified)
    } else if server.address().is_ipv6() && !ipv6 {
        Some(DropReason::NoIpv6)
    } else if server.is_ipv6_link_local() && server.zone().is_some() {
        Some(DropReason::HostZone)
    } else {
        None
    }
}

/// Whether an `ndots` option has no value that is a number from 0 up; a plus sign is fine.
fn is_malformed_ndots(option: &Text) -> bool {
    let (name, value) = split_option(option.as_bytes());
    let number = std::str::from_utf8(value).ok().map(str::parse::<i64>);
    name == b"ndots" && !matches!(number, Some(Ok(0..)))
}

fn words(list: &[Text]) -> impl Iterator<Item = Text> {
    let fields = list.iter().flat_map(|text| parse::fields(text.as_bytes()));
    fields.map(Text::from)
}

impl Warning {
    /// A stable name for machines.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::DefaultNameservers => "default-nameservers",
            Self::NoUpstreams => "no-upstreams",
            Self::HostZone(_) => "host-zone",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefaultNameservers => {
                f.write_str("no usable nameserver was left, so public default servers are listed")
            }
            Self::NoUpstreams => f.write_str(
                "there is no nameserver to forward to, so outside names will not resolve",
            ),
            Self::HostZone(server) => write!(
                f,
                "nameserver {} was dropped: its zone is a link of the host",
                server.to_string().escape_debug()
            ),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Warning {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl DropReason {
    /// The reason in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::NoIpv6 => "no-ipv6",
            Self::HostZone => "host-zone",
        }
    }
}

impl NdotsOrigin {
    /// `host`, `override` or `internal`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Override => "override",
            Self::Internal => "internal",
        }
    }
}

impl Overridden {
    /// `nameservers`, `search` or `options`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nameservers => "nameservers",
            Self::Search => "search",
            Self::Options => "options",
        }
    }
}
