//! daemon-host.
