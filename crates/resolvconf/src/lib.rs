//! resolvconf.
