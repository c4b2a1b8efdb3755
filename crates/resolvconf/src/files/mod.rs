//! Reads files, and puts whole files in place. A FIFO or a device never makes it wait.

mod load;
mod open;
mod place;
mod publish;

pub(crate) use load::read;
pub use load::{DEFAULT_SIZE_LIMIT, load, load_within};
pub(crate) use open::{check_type, read_all};
pub(crate) use place::Place;
pub(crate) use publish::{lock_directory_of, replace, tidy, write_all_at};
