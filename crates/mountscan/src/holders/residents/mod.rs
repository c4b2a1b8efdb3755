//! Finds which processes live on which file systems, in one pass over procfs. `options` and
//! `answer` are values; `find`, `census` and `homes` read procfs.

mod answer;
mod census;
mod find;
mod homes;
mod options;

pub use answer::{Resident, ResidentUse, Residents};
pub use find::residents;
pub use options::ResidentsOptions;
