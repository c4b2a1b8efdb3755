//! ifaddrs through its public API.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a panic is the report; a skip is said aloud

#[cfg(feature = "tokio")]
mod asynchronous; // the tokio twin
mod churn; // listings while addresses come and go
mod iproute; // fact by fact against `ip -j addr`
mod kinds; // kinds of addresses
mod list; // names, numbers, errors
mod moby; // moby's cases as data
mod net; // links and addresses made by hand
mod netns; // other network namespaces
mod oracle; // the typed messages of the rtnetlink family
mod properties; // any bytes
mod watch; // events
mod whole; // large lists, the flat list
