//! Turns the host's document into what a container gets: first the overrides, then what its kind of
//! network needs.

use std::path::PathBuf;

use crate::container::limits::Limits;
use crate::container::network::{Fallback, Network};
use crate::container::resolved::{
    DropReason, Dropped, NdotsOrigin, Overridden, Resolved, Upstream, Warning,
};
use crate::document::{Document, Nameserver, Text, fields, split_option};

/// What to change on the way from the host's file to the container's.
///
/// The words of overrides and options are split at white space, so no word can add a line.
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The servers of a network without a resolver if the host's file gives no usable server.
    pub fallback: Fallback,
    /// Whether the network has no IPv4. IPv4 servers are then dropped, in networks without a
    /// resolver.
    pub ipv6_only: bool,
    /// The limits of a reader to which the result is cut, with a warning for each cut. By default
    /// nothing is cut.
    pub limits: Option<Limits>,
    /// The file that the document came from, for the comments.
    pub source: Option<PathBuf>,
    /// Text for the top of the file. It is written only with comments. A line that is not a comment
    /// becomes one.
    pub header: Option<String>,
}

impl TransformOptions {
    /// Options for a kind of network, without overrides.
    pub fn new(network: Network) -> Self {
        Self {
            network,
            ..Self::default()
        }
    }
}

/// Works out what a container gets from the host's document. Reads and writes no file.
pub fn transform(document: &Document, options: &TransformOptions) -> Resolved {
    let mut resolved = Resolved {
        network: options.network.clone(),
        source: options.source.clone(),
        header: options.header.clone(),
        ..Resolved::default()
    };
    resolved.inherit(document);
    resolved.apply_overrides(options);
    resolved.make_options_safe();
    resolved.make_search_safe();
    match &options.network {
        Network::None | Network::Host => {}
        Network::Legacy { ipv6 } => {
            let ipv4 = !options.ipv6_only;
            resolved.for_legacy(ipv4, *ipv6, &options.fallback);
        }
        Network::Internal {
            nameserver,
            required_options,
        } => resolved.for_internal(nameserver, required_options),
    }
    if let Some(limits) = &options.limits {
        resolved.cut(limits);
    }
    if resolved.option("ndots") == Some(b"0") && !resolved.search.is_empty() {
        resolved.warnings.push(Warning::SearchUnused);
    }
    resolved
}

impl Resolved {
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

    fn for_legacy(&mut self, ipv4: bool, ipv6: bool, fallback: &Fallback) {
        if self.overridden.contains(&Overridden::Nameservers) {
            return;
        }
        for address in std::mem::take(&mut self.nameservers) {
            let Some(reason) = drop_reason(&address, ipv4, ipv6) else {
                self.nameservers.push(address);
                continue;
            };
            if reason == DropReason::HostZone {
                self.warnings.push(Warning::HostZone(address.clone()));
            }
            self.dropped.push(Dropped { address, reason });
        }
        if self.nameservers.is_empty() {
            self.nameservers = fallback.servers(ipv4, ipv6);
            self.warnings.push(match fallback {
                _ if self.nameservers.is_empty() => Warning::NoNameservers,
                Fallback::Servers(_) => Warning::FallbackNameservers,
                _ => Warning::DefaultNameservers,
            });
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
                // An `ndots` without a number has no effect. Those with a bad number are removed
                // already.
                self.options.retain(|option| option != "ndots");
            }
            let present = |present: &Text| split_option(present.as_bytes()).0 == name;
            if !self.options.iter().any(present) {
                self.add_option(option);
            }
        }
        self.make_options_safe();
        if self.upstreams.is_empty() {
            self.warnings.push(Warning::NoUpstreams);
        }
    }
}

fn drop_reason(server: &Nameserver, ipv4: bool, ipv6: bool) -> Option<DropReason> {
    if server.is_loopback() {
        Some(DropReason::Loopback)
    } else if server.is_unspecified() {
        Some(DropReason::Unspecified)
    } else if server.address().is_ipv6() && !ipv6 {
        Some(DropReason::NoIpv6)
    } else if server.address().is_ipv4() && !ipv4 {
        Some(DropReason::NoIpv4)
    } else if server.is_ipv6_link_local() && server.zone().is_some() {
        Some(DropReason::HostZone)
    } else {
        None
    }
}

fn words(list: &[Text]) -> impl Iterator<Item = Text> {
    let words = list.iter().flat_map(|text| fields(text.as_bytes()));
    words.map(Text::from)
}
