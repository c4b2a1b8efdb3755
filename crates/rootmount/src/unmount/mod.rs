//! The engine: it unmounts a list of mounts, one at a time, and checks each before and
//! after. It knows neither plans nor data roots.

pub(crate) mod call;
pub(crate) mod crew;
pub(crate) mod execution;
pub(crate) mod gate;
pub(crate) mod holders;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod peers;
pub(crate) mod step;
pub(crate) mod target;
pub(crate) mod witness;
