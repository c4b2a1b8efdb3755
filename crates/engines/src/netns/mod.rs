//! Who uses network namespaces. This room reads procfs, and changes nothing.

mod users;

pub use users::{NetworkUsers, network_users};
