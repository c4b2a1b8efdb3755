//! Decides which file a container inherits. `choice` is pure; the other files here look at the
//! host.

mod behind;
mod choice;
mod current;
mod ears;
mod facts;
mod find;
mod links;
mod network;
mod watch;

pub use behind::{Behind, BehindPaths, InUse};
pub use choice::{Current, Reason, ResolvedMode, Selection, select};
pub use current::current;
pub use facts::{
    Content, ETC_PATH, Facts, FileFacts, NETWORK_MANAGER_PATH, STATIC_PATH, STUB_PATH,
    UPSTREAM_PATH,
};
pub use find::{SelectOptions, find};
pub use network::NetworkKind;
pub use watch::{WatchOptions, Watcher};
