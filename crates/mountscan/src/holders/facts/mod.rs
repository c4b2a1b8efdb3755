//! What procfs says of one process that can tell of uses of mounts. `process_facts` holds it as
//! values, `reader` reads it, `unix_diag` asks about a socket.

pub(super) mod process_facts;
pub(super) mod reader;
pub(super) mod unix_diag;
