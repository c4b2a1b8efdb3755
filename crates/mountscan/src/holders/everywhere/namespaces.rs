//! Reads the tables of all mount namespaces.

use crate::error::Error;
use crate::holders::everywhere::listed::Namespaces;
use crate::holders::options::HoldersOptions;
use crate::holders::survey::Survey;

/// Reads the mount tables of all namespaces that can be seen.
///
/// Two options count: [`proc`](HoldersOptions::proc) and
/// [`unpopulated`](HoldersOptions::unpopulated). All tables are in memory at once. For further
/// questions, use a [`Survey`].
///
/// # Errors
///
/// When procfs cannot be read at all, or does not show the calling process. A process that ends
/// meanwhile is passed over. A process that cannot be read is counted.
///
/// # References
///
/// `mount_namespaces(7)`.
pub fn namespaces(options: &HoldersOptions) -> Result<Namespaces, Error> {
    let mut options = options.clone();
    options.uses = false;
    Survey::read(&options).map(Survey::into_namespaces)
}
