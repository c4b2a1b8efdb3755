//! Makes a container's resolv.conf from the host's file and the configuration, and writes it.

use std::path::Path;

use resolvconf::{
    Current, Error, Nameserver, Network, NetworkKind, Resolved, SelectOptions, Selection, Text,
    TransformOptions, WriteOptions, Written,
};

use crate::snapshot::Snapshot;

impl Snapshot {
    /// Finds which resolv.conf a container on the default bridge should inherit now, and why.
    ///
    /// It is looked up at each call, because the host's name resolution may change at any time.
    pub fn resolv_conf(&self) -> Selection {
        self.host_resolv_conf(NetworkKind::Default).selection
    }

    /// Finds which resolv.conf a container on such a network should inherit now, why, and its
    /// content.
    pub fn host_resolv_conf(&self, network: NetworkKind) -> Current {
        let mut options = SelectOptions::for_network(network);
        options.configured.clone_from(&self.config.resolv_conf);
        resolvconf::current(&options)
    }

    /// The resolv.conf for a container on this network. It is made from the host's file for
    /// such a network. `dns`, `dns-search` and `dns-opts` of the configuration replace the
    /// host's values.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn f(snapshot: &daemon_host::Snapshot) -> Result<(), daemon_host::resolvconf::Error> {
    /// use daemon_host::resolvconf::{Network, WriteOptions};
    ///
    /// let network = Network::Legacy { ipv6: false };
    /// let resolved = snapshot.container_resolv_conf(&network);
    /// for warning in resolved.warnings() {
    ///     eprintln!("{warning}");
    /// }
    /// let path = "/var/lib/mydaemon/containers/1/resolv.conf".as_ref();
    /// snapshot.write_resolv_conf(path, &network, &WriteOptions::new())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn container_resolv_conf(&self, network: &Network) -> Resolved {
        let host = self.host_resolv_conf(network.kind());
        let mut options = TransformOptions::new(network.clone());
        let config = &self.config;
        let texts = |list: &[String]| list.iter().map(|word| Text::from(word.as_str())).collect();
        let servers = config.dns.iter().copied().map(Nameserver::from);
        options.nameservers = (!config.dns.is_empty()).then(|| servers.collect());
        options.search = (!config.dns_search.is_empty()).then(|| texts(&config.dns_search));
        options.options = (!config.dns_options.is_empty()).then(|| texts(&config.dns_options));
        options.source = Some(host.selection.path);
        resolvconf::transform(&host.document, &options)
    }

    /// Writes the result of [`container_resolv_conf`](Self::container_resolv_conf) into a
    /// container's file. The file keeps its inode. A file that a user has changed is left.
    ///
    /// # Errors
    ///
    /// Those of [`resolvconf::write`](fn@resolvconf::write).
    pub fn write_resolv_conf(
        &self,
        path: &Path,
        network: &Network,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        let text = self.container_resolv_conf(network).render(true);
        resolvconf::write(path, &text, options)
    }
}
