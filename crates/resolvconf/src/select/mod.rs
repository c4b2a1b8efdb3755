//! Which file a container inherits. `choice` is pure; the others look at files.

mod choice;
mod current;
mod find;
mod links;
mod watch;

pub use choice::{
    Content, ETC_PATH, Facts, FileFacts, NETWORK_MANAGER_PATH, Reason, ResolvedMode, STATIC_PATH,
    STUB_PATH, Selection, UPSTREAM_PATH, select,
};
pub use current::{Current, current};
pub use find::{SelectOptions, find};
pub use watch::{WatchOptions, Watcher};
