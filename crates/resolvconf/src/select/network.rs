//! The kinds of network, as far as the choice of the host's file goes.

named! {
    /// The kind of network a container is on.
    ///
    /// Some networks reach the host's own resolver, and some do not. That decides which file of
    /// the host is inherited.
    #[derive(Default)]
    pub enum NetworkKind {
        /// The default bridge, and every network without a resolver of the daemon: the container
        /// asks the servers itself, so a server on the host's loopback is of no use.
        #[default]
        Default = "default",
        /// A network with the daemon's own resolver, which asks from the host's namespace. It can
        /// use the host's stub, with its split DNS and DNS over TLS.
        UserDefined = "user-defined",
        /// The host's network: the container sees what the host sees.
        Host = "host",
    }
}
