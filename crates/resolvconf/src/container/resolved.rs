//! What a container gets: the content of its file, and the reasons for it.

use std::fmt;
use std::path::PathBuf;

use crate::container::network::Network;
use crate::document::{Nameserver, Text, split_option};
use crate::readers::{ALL, Below, one_option};

/// The content of a container's file, and the reasons for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// A server to which the internal resolver forwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Upstream {
    /// Its address.
    pub address: Nameserver,
    /// Whether it must be asked from the host's network namespace, because it came from the host's
    /// file. Servers from an override are asked from the container's namespace.
    pub host_namespace: bool,
}

/// A nameserver in the host's file that the container does not get.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Dropped {
    /// The server.
    pub address: Nameserver,
    /// Why it would not work in the container.
    pub reason: DropReason,
}

named! {
    /// Why a nameserver would not work in a container.
    pub enum DropReason {
        /// Loopback is the container itself.
        Loopback = "loopback",
        /// `0.0.0.0` and `::` mean the local host.
        Unspecified = "unspecified",
        /// The network has no IPv6.
        NoIpv6 = "no-ipv6",
        /// The network has no IPv4.
        NoIpv4 = "no-ipv4",
        /// A link-local address whose zone names a link of the host.
        HostZone = "host-zone",
    }
}

/// A fact about the result that the operator should know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// No usable server was left. Public servers are listed instead.
    DefaultNameservers,
    /// No usable server was left. The configured fallback servers are listed instead.
    FallbackNameservers,
    /// No usable server was left, and the fallback has none: no name will resolve.
    NoNameservers,
    /// The internal resolver has no server to forward to. Only names that it knows will resolve.
    NoUpstreams,
    /// An option was left out, because with its value some reader asks no server, or because
    /// readers do not take the same value from it.
    DroppedOption(Text),
    /// A search domain was left out, because no name can end in it, and readers do not agree about
    /// what follows it.
    DroppedDomain(Text),
    /// A search domain was written without the dot before it. With the dot glibc uses it, and other
    /// readers skip it or fail on it.
    PlainDomain(Text),
    /// A `sortlist` was left out, because glibc would loop for ever at one of its bytes.
    DroppedSortlist(Text),
    /// An option was left out, because a later line gives it again. c-ares up to 1.18 would have
    /// taken this one.
    MergedOption(Text),
    /// The option is `ndots:0`, and with it musl never uses the search list.
    SearchUnused,
    /// There were more options than fit on a line that a reader takes. The rest was cut, as
    /// requested.
    CutOptions {
        /// How many are left.
        kept: usize,
        /// Whose limit it is.
        reader: &'static str,
    },
    /// A link-local server was dropped because its zone is a link of the host.
    HostZone(Nameserver),
    /// There were more nameservers than a reader uses. The rest was cut, as requested.
    CutNameservers {
        /// How many are left.
        kept: usize,
        /// Whose limit it is.
        reader: &'static str,
    },
    /// The search list was longer than a reader uses. The rest was cut, as requested.
    CutSearch {
        /// How many domains are left.
        kept: usize,
        /// Whose limit it is.
        reader: &'static str,
    },
    /// An option was above the limit of a reader. It was lowered, as requested.
    LoweredOption {
        /// The option with its new value.
        lowered: Text,
        /// Whose limit it is.
        reader: &'static str,
    },
}

named! {
    /// Who set `ndots`.
    pub enum NdotsOrigin {
        /// The host's file.
        Host = "host",
        /// An override.
        Override = "override",
        /// The internal resolver, or an added option.
        Internal = "internal",
    }
}

named! {
    /// A kind of entry that an override replaced.
    pub enum Overridden {
        /// The nameservers.
        Nameservers = "nameservers",
        /// The search list.
        Search = "search",
        /// The options.
        Options = "options",
    }
}

impl Resolved {
    /// The nameservers of the container's file.
    pub fn nameservers(&self) -> &[Nameserver] {
        &self.nameservers
    }

    /// The search list of the file.
    pub fn search(&self) -> &[Text] {
        &self.search
    }

    /// The options of the file.
    pub fn options(&self) -> &[Text] {
        &self.options
    }

    /// The lines that are passed on without a change.
    pub fn other(&self) -> &[Text] {
        &self.other
    }

    /// The servers to which the internal resolver forwards, in order. Empty for other networks.
    pub fn upstreams(&self) -> &[Upstream] {
        &self.upstreams
    }

    /// The host's servers that a legacy network does not get, each with the reason.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// The words of the host's `nameserver` lines that are not addresses.
    pub fn invalid_nameservers(&self) -> &[Text] {
        &self.invalid_nameservers
    }

    /// What the operator should know.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Who set `ndots`; `None` if it is not set.
    pub fn ndots_origin(&self) -> Option<NdotsOrigin> {
        self.ndots_origin
    }

    /// The kinds of entries that overrides replaced.
    pub fn overridden(&self) -> &[Overridden] {
        &self.overridden
    }

    /// The value of the last option with that name; empty if the option has no value.
    pub fn option(&self, name: &str) -> Option<&[u8]> {
        let split = self
            .options
            .iter()
            .rev()
            .map(|o| split_option(o.as_bytes()));
        let mut named = split.filter(|(key, _)| *key == name.as_bytes());
        named.next().map(|(_, value)| value)
    }
}

impl Warning {
    /// A stable name for machines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::DefaultNameservers => "default-nameservers",
            Self::FallbackNameservers => "fallback-nameservers",
            Self::NoNameservers => "no-nameservers",
            Self::NoUpstreams => "no-upstreams",
            Self::DroppedOption(_) => "dropped-option",
            Self::DroppedDomain(_) => "dropped-domain",
            Self::PlainDomain(_) => "plain-domain",
            Self::DroppedSortlist(_) => "dropped-sortlist",
            Self::MergedOption(_) => "merged-option",
            Self::SearchUnused => "search-unused",
            Self::CutOptions { .. } => "cut-options",
            Self::HostZone(_) => "host-zone",
            Self::CutNameservers { .. } => "cut-nameservers",
            Self::CutSearch { .. } => "cut-search",
            Self::LoweredOption { .. } => "lowered-option",
        }
    }
}

impl Warning {
    /// What was done to a word of the file.
    fn about_word(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DroppedOption(option) => write!(
                f,
                "option {} was left out: {}",
                shown(option),
                why_dropped(option.as_bytes())
            ),
            Self::DroppedDomain(domain) => write!(
                f,
                "the search domain {} was left out: no name can end in it, and readers do not agree \
                 about what follows it",
                shown(domain)
            ),
            Self::PlainDomain(domain) => write!(
                f,
                "the search domain {} was written without its first dot: with it only glibc uses \
                 the domain",
                shown(domain)
            ),
            Self::DroppedSortlist(line) => write!(
                f,
                "the line {} was left out: it makes programs of glibc hang",
                shown(line)
            ),
            Self::MergedOption(option) => write!(
                f,
                "option {} was left out, as a later line gives it again (c-ares 1.18 took this one)",
                shown(option)
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FallbackNameservers => f.write_str(
                "no usable nameserver was left, so the configured fallback servers are listed",
            ),
            Self::DefaultNameservers => {
                f.write_str("no usable nameserver was left, so public default servers are listed")
            }
            Self::NoNameservers => f.write_str(
                "no usable nameserver was left, and there is no fallback: no name will resolve",
            ),
            Self::NoUpstreams => f.write_str(
                "there is no nameserver to forward to, so outside names will not resolve",
            ),
            Self::DroppedOption(_)
            | Self::DroppedDomain(_)
            | Self::PlainDomain(_)
            | Self::DroppedSortlist(_)
            | Self::MergedOption(_) => self.about_word(f),
            Self::SearchUnused => {
                f.write_str("ndots is 0: programs of musl never use the search list")
            }
            Self::CutOptions { kept, reader } => write!(
                f,
                "cut to {kept} options, all that fit on a line of {reader}"
            ),
            Self::HostZone(server) => write!(
                f,
                "nameserver {} was dropped: its zone is a link of the host",
                shown(server)
            ),
            Self::CutNameservers { kept, reader } => {
                write!(f, "cut to {kept} nameservers, all that {reader} uses")
            }
            Self::CutSearch { kept, reader } => write!(
                f,
                "search list cut to {kept} domains, all that {reader} uses"
            ),
            Self::LoweredOption { lowered, reader } => write!(
                f,
                "option lowered to {lowered}, the most that {reader} takes"
            ),
        }
    }
}

/// A word of the file, shown so that it does nothing to a terminal.
fn shown(word: &dyn fmt::Display) -> String {
    word.to_string().escape_debug().to_string()
}

/// The reason why an option is not written, from what the readers do with it.
fn why_dropped(option: &[u8]) -> &'static str {
    let harms = ALL.iter().flat_map(|reader| {
        let taken = one_option(option, reader);
        [taken.ndots.harm, taken.timeout.harm, taken.attempts.harm]
    });
    let harms: Vec<Below> = harms.flatten().collect();
    if harms.contains(&Below::AsksNobody) {
        "with it some resolvers ask nobody"
    } else if harms.contains(&Below::WaitsForNone) {
        "with it some resolvers wait for no answer"
    } else if harms.contains(&Below::EndsProgram) {
        "with it some programs end"
    } else {
        "readers do not take the same value from it"
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Warning {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
