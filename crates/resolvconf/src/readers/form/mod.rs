//! The form of a profile: how one reader understands resolv.conf, as data. This room is pure.

mod lines;
mod lookups;
mod options;
mod reader;
mod search;
mod servers;

pub use lines::{Blanks, Comments, LineEnds, Lines, Nul, TooLong};
pub use lookups::{Addresses, Lookups, Names, Order, Waiting};
pub use options::{Below, Matching, Number, Numbers, Options, Repeated};
pub use reader::Reader;
pub use search::{OnInvalidDomain, OnTooLong, Root, Search, SearchRule};
pub use servers::{AddressForm, OnInvalid, ServerWords, Servers};
