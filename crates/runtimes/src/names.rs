//! Which names a runtime can have. Pure.

/// The names of the built-in runtimes. Both run `runc` from `PATH` through its shim.
pub const STOCK: [&str; 2] = ["io.containerd.runc.v2", "runc"];

/// The runtime used when neither the container nor the configuration names one.
pub const DEFAULT: &str = "runc";

/// Whether containerd could find a shim by this name. Such a name may be used without an entry.
///
/// moby's rule: not absolute, no slash, at least one dot, and something before the first.
pub fn is_permissible(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    !name.contains('/') && name.contains('.') && !first.is_empty()
}
