//! What procfs says of one process that can tell of uses of mounts. `process_facts` holds it as
//! values, `reader` reads it.

pub(super) mod process_facts;
pub(super) mod reader;
