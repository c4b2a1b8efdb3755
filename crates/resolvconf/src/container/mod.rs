//! What a container's file holds. This room is pure.

mod render;
pub(crate) mod resolved;
pub(crate) mod transform;

pub use resolved::{DropReason, Dropped, NdotsOrigin, Overridden, Resolved, Upstream, Warning};
pub use transform::{DEFAULT_IPV4, DEFAULT_IPV6, Network, TransformOptions, transform};
