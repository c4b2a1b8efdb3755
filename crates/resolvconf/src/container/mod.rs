//! What a container's file holds. This room is pure.

mod cut;
mod inherit;
mod limits;
mod network;
mod render;
mod resolved;
mod transform;

pub use limits::Limits;
pub use network::{DEFAULT_IPV4, DEFAULT_IPV6, Fallback, Network};
pub use resolved::{DropReason, Dropped, NdotsOrigin, Overridden, Resolved, Upstream, Warning};
pub use transform::{TransformOptions, transform};
