//! The form of a profile: how one reader understands resolv.conf, as data.

use crate::readers::form::lines::Lines;
use crate::readers::form::lookups::Lookups;
use crate::readers::form::options::Options;
use crate::readers::form::search::Search;
use crate::readers::form::servers::Servers;

/// One program or library that reads resolv.conf, in a range of versions.
///
/// The fields are facts. Each was seen in the real reader. [`ALL`](crate::readers::ALL) lists the
/// profiles. [`Document::effective`](crate::Document::effective) applies one to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reader {
    /// Its name for machines, such as `glibc`.
    pub name: &'static str,
    /// The versions with which the profile was compared.
    pub versions: &'static str,
    /// Which lines it sees.
    pub lines: Lines,
    /// Which servers it takes.
    pub servers: Servers,
    /// Which search domains it takes.
    pub search: Search,
    /// Which options it knows.
    pub options: Options,
    /// How it looks up a name.
    pub lookups: Lookups,
}
