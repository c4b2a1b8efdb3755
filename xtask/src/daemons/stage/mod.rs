//! Inside the namespaces: PID 1, the tree, what is mounted, who is killed.

mod init;
pub(super) mod inside;
pub(super) mod table;

pub(super) use init::as_init;
pub(super) use inside::{Stage, Started, until};
