//! The mount table of the calling thread.

use std::path::Path;

use mountscan::{MountTable, ReadOptions, Refresh, Source};

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

/// Brings a table of [`live_table`] up to date: mounts that are gone have no row any more, and new
/// ones have one. If little has changed, this takes a tenth of the time of reading it again (Linux
/// 6.13). It does not see whether a mount that stays was moved or remounted.
///
/// # Errors
///
/// [`ErrorKind::Table`] if it cannot be read. The table is then as it was.
pub fn update_live_table(table: &mut MountTable) -> Result<(), Error> {
    let changes = table.refresh(Refresh::Existence);
    changes.map_err(|e| table_error(Path::new(MOUNTINFO), e))?;
    Ok(())
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
