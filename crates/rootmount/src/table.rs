//! The mount table of the calling thread.

use std::path::Path;

use mountscan::{MountTable, ReadOptions, Source};

use crate::error::{Error, ErrorKind};
use crate::path_text::shown;

/// The mount table of the calling thread.
pub(crate) const MOUNTINFO: &str = "/proc/thread-self/mountinfo";

/// Reads the calling thread's mount table, to make a plan from it. It has unique mount ids if
/// the kernel has them (6.8), so a step of the plan can mean no other mount.
///
/// # Errors
///
/// [`ErrorKind::Table`] if it cannot be read.
pub fn live_table() -> Result<MountTable, Error> {
    let mut options = ReadOptions::new();
    options.unique_ids = true;
    MountTable::read(Source::Thread, &options).map_err(|e| table_error(Path::new(MOUNTINFO), e))
}

/// Reads the table in a mountinfo file.
pub(crate) fn read_table(mountinfo: &Path) -> Result<MountTable, Error> {
    let mut table = MountTable::from_file(mountinfo).map_err(|e| table_error(mountinfo, e))?;
    // The kernel does not hold the table still while it is read: two rows may have one mount
    // id. The later row is the mount that is there.
    table.drop_replaced();
    Ok(table)
}

fn table_error(mountinfo: &Path, cause: mountscan::Error) -> Error {
    Error::new(ErrorKind::Table, format!("read({:?})", shown(mountinfo)))
        .at(mountinfo)
        .caused_by(cause.raw_os_error(), cause)
}
