//! The kinds of network that decide which file of the host is inherited.

named! {
    /// The kind of network a container is on.
    ///
    /// Some networks reach the host's own resolver, and some do not. That decides which file of
    /// the host is inherited.
    #[derive(Default)]
    pub enum NetworkKind {
        /// The default bridge, and every other network without the daemon's resolver. The container
        /// asks the servers itself, so it cannot use a server on the host's loopback.
        #[default]
        Default = "default",
        /// A network with the daemon's own resolver, which asks from the host's namespace. So it
        /// can use the host's stub, with split DNS and DNS over TLS.
        UserDefined = "user-defined",
        /// The host's network: the container sees what the host sees.
        Host = "host",
    }
}
