//! The mount table of the calling thread.

use std::path::Path;

use mountscan::{MountTable, ReadOptions, Source};

use crate::error::{Error, ErrorKind};
use crate::path_text::shown;

/// The mount table of the calling thread.
pub(crate) const MOUNTINFO: &str = "/proc/thread-self/mountinfo";

/// The table to plan on: the calling thread's, with unique mount ids where the
/// kernel has them (6.8), so that a step of the plan can mean no other mount.
///
/// # Errors
///
/// [`ErrorKind::Table`] if it cannot be read.
pub fn live_table() -> Result<MountTable, Error> {
    let mut options = ReadOptions::new();
    options.unique_ids = true;
    MountTable::read(Source::Thread, &options).map_err(|e| table_error(Path::new(MOUNTINFO), e))
}

/// The table in a file of the kernel's.
pub(crate) fn read_table(mountinfo: &Path) -> Result<MountTable, Error> {
    let mut table = MountTable::from_file(mountinfo).map_err(|e| table_error(mountinfo, e))?;
    table.drop_replaced();
    Ok(table)
}

fn table_error(mountinfo: &Path, cause: mountscan::Error) -> Error {
    Error::new(ErrorKind::Table, format!("read({:?})", shown(mountinfo)))
        .at(mountinfo)
        .caused_by(cause.raw_os_error(), cause)
}
