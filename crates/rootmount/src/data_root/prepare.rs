//! Makes a data root ready for the daemon.

use crate::data_root::bind::{bind, own_peer_group, set_propagation};
use crate::data_root::options::DataRootOptions;
use crate::data_root::ownership::Ownership;
use crate::data_root::record::RecordFile;
use crate::data_root::record_file::RecordStore;
use crate::data_root::status::{Need, Status, decide};
use crate::data_root::view::View;
use crate::error::{Error, ErrorKind};
use crate::log::{debug, warning};
use crate::path::open_answering;
use crate::path_text::shown;
use crate::sys::Spread;

/// What [`prepare`] found or did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prepared {
    /// What was done.
    pub action: PrepareAction,
    /// Whose the mount at the root was before.
    pub found: Ownership,
    /// The state of the root before.
    pub before: Status,
}

/// What [`prepare`] did to the mount at the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrepareAction {
    /// Nothing: the mount that holds the root is shared or a slave.
    Nothing,
    /// Nothing: the mount of an earlier start is still there, and is ours.
    KeptOurs,
    /// The mount at the root, which is not ours, was made shared.
    MadeShared,
    /// The root was bound onto itself; the mount is ours.
    Bound,
}

/// Prepares a data root so that mounts below it spread to other mount namespaces.
///
/// If the mount that holds the root is shared or a slave, nothing is done. If the root is
/// itself a mount point, that mount is made shared. Otherwise the root is bound onto itself,
/// with everything that is mounted below it. The bind gets a peer group of its own. The
/// ownership record is on disk before the mount is attached.
///
/// Sweep leftovers first: the bind would hide them. Call [`release`](crate::release()) when a
/// later step of the start fails. [`prepare_guarded`](crate::prepare_guarded) does that for
/// you.
///
/// # Errors
///
/// As [`status`](crate::status); [`ErrorKind::RecordInUse`] if the exec root has
/// the record of another data root that is still mounted;
/// [`ErrorKind::Denied`] without `CAP_SYS_ADMIN`; [`ErrorKind::Io`]
/// otherwise. After an error nothing is mounted that was not before.
///
/// # References
///
/// open_tree(2), mount_setattr(2), move_mount(2) (Linux 5.12); mount(2) before.
pub fn prepare(options: &DataRootOptions) -> Result<Prepared, Error> {
    let view = View::read(options)?;
    let store = RecordStore {
        exec_root: &options.exec_root,
        data_root: &view.status.root,
    };
    store.tidy();
    let action = match decide(&view.status) {
        Need::Nothing => {
            drop_unneeded(&view, &store);
            PrepareAction::Nothing
        }
        Need::KeepOurs => {
            move_record(&view, &store)?;
            PrepareAction::KeptOurs
        }
        // An earlier start may have been killed after the bind and before the mount was shared.
        Need::FinishOurs => {
            own_peer_group(&open_answering(&view.status.root)?, &view.status.root)?;
            move_record(&view, &store)?;
            PrepareAction::KeptOurs
        }
        Need::MakeShared => {
            let root = &view.status.root;
            set_propagation(&open_answering(root)?, root, Spread::Shared)?;
            drop_unneeded(&view, &store);
            PrepareAction::MadeShared
        }
        Need::Bind => {
            // Before the bind: a record that must not be overwritten refuses it.
            make_way(&view, &store)?;
            bind(&view, &store)?;
            PrepareAction::Bound
        }
    };
    debug!(root = %shown(&view.status.root), ?action, "data root prepared");
    Ok(Prepared {
        action,
        found: view.status.ownership.clone(),
        before: view.status,
    })
}

/// Removes moby's marker when it has no meaning any more, as moby does. Also removes the record
/// of a mount of this root and boot that is gone.
fn drop_unneeded(view: &View, store: &RecordStore<'_>) {
    let result = match view.original {
        RecordFile::Moby => store.remove_original(),
        _ => view.forget_dead(store),
    };
    if let Err(_error) = result {
        warning!(error = %_error, "ownership record stays");
    }
}

/// Writes the record into the new exec root, if the exec root was changed.
fn move_record(view: &View, store: &RecordStore<'_>) -> Result<(), Error> {
    match (view.by_copy, &view.original) {
        (true, RecordFile::Absent) => store.write_original(&view.record_of_holder()?),
        _ => Ok(()),
    }
}

/// Makes sure that writing our record destroys no other record that is still needed.
fn make_way(view: &View, store: &RecordStore<'_>) -> Result<(), Error> {
    match &view.original {
        // Kept under another name: it may show an administrator what went wrong.
        RecordFile::Corrupt(_) => store.set_aside(),
        RecordFile::Unreadable => {
            let text = format!(
                "the ownership record in {:?} cannot be read",
                shown(store.exec_root)
            );
            Err(Error::new(ErrorKind::Denied, text).at(store.exec_root))
        }
        RecordFile::Written(other) if view.is_of_this_boot(other) && view.is_mounted(other) => {
            let text = format!(
                "the exec root {:?} has the record of {:?}, which is still mounted",
                shown(store.exec_root),
                shown(&other.path)
            );
            Err(Error::new(ErrorKind::RecordInUse, text).at(store.exec_root))
        }
        _ => Ok(()),
    }
}
