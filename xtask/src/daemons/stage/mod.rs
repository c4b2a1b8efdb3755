//! Inside the namespaces: PID 1, the tree, what is mounted, who is killed.

pub(super) mod inside;

pub(super) use inside::{Stage, Started, as_init, until};
