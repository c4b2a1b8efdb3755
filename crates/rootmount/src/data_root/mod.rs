//! The data root itself: its state, the record of who mounted it, its preparation
//! and its release. `status`, `ownership` and `record` are pure; the others act.

pub(crate) mod bind;
pub(crate) mod guard;
pub(crate) mod options;
pub(crate) mod ownership;
pub(crate) mod prepare;
pub(crate) mod record;
pub(crate) mod record_file;
pub(crate) mod release;
pub(crate) mod status;
pub(crate) mod view;
