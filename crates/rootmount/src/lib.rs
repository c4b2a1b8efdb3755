//! Finds the mounts that dead containers left below a daemon's data root, and unmounts exactly
//! these. It also prepares and releases the data root itself. It is for container daemons, and
//! for programs that clean up after one.
//!
//! ```
//! use rootmount::{MountTable, PlanOptions, Rules};
//!
//! // A live daemon takes `rootmount::live_table()`.
//! let id = "0123456789abcdef".repeat(4);
//! let table = MountTable::from_bytes(format!(
//!     "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
//!      2 1 0:40 / /var/lib/docker/overlay2/{id}/merged rw - overlay overlay rw\n\
//!      3 1 8:2 / /var/lib/docker/volumes rw - ext4 /dev/sdb1 rw\n"
//! ));
//! let plan = rootmount::plan(&table, &Rules::sweep(), &PlanOptions::new("/var/lib/docker"))?;
//! println!("{plan}");
//! assert_eq!(plan.steps()[0].mount.mount_id.0, 2);
//! // let report = rootmount::execute(&plan, &rootmount::ExecuteOptions::new())?;
//! # Ok::<(), rootmount::Error>(())
//! ```
//!
//! # Overview
//!
//! - [`Rules`] say which mount points below the root belong to containers.
//! - [`plan()`] makes a [`CleanupPlan`] from a table, the rules and the ids that live. It is
//!   pure. A plan can be printed, serialised and compared ([`CleanupPlan::diff`]).
//! - [`execute()`] carries a plan out and returns a [`CleanupReport`] with one
//!   [`Outcome`] for every step.
//! - [`prepare()`] makes the data root shared. If necessary it binds the root onto itself.
//!   [`release()`] undoes that, and only that. [`status()`] tells the state.
//!
//! With Docker's layer store, the root filesystem of a container is mounted under the id of a
//! layer, not under the container's id. [`live_ids`] gives all ids to keep.
//!
//! A daemon's start is: [`resolve_root`], plan and execute, then [`prepare()`] (the
//! bind would hide leftovers). Its stop is: plan with the [`Ownership`] from
//! [`status()`], and execute with [`ExecuteOptions::data_root`]: the root goes last.
//!
//! # What lives is never harmed
//!
//! A mount is a leftover only if it is proved that nobody lives on it. The proof is
//! [`Evidence`]: the processes of the machine, [`Witness`]es who know containers, and what the
//! caller [claims](Claim). A process that lives on the mount wins over everything else. A mount
//! whose state is not known is kept ([`KeepReason::Unknown`]), and
//! [`CleanupPlan::contradictions`] says what is missing. Where processes of another pid or user
//! namespace may be on the mounts unseen, nothing is planned. With [`ExecuteOptions::look`],
//! evidence is gathered again right before mounts are unmounted. A plan without evidence uses
//! rules and ids alone; that is meant for a captured table.
//!
//! # What a step does
//!
//! First, the directory that holds the mount point is opened below the root. No symlink is
//! followed (`openat2`, or one component at a time). Then the mount at the name in it is
//! compared with the planned mount: by its unique id (Linux 6.8), or by its id, device, root
//! and mount point. `umount2` is called with that directory and that name, so renames and links
//! made meanwhile do not matter. Then the place is looked at again.
//!
//! A busy mount is tried for a short while. Then it is detached lazily, if [`Detach`] allows it
//! and nothing else is mounted below it. A step that takes longer than
//! [`ExecuteOptions::step_limit`] is given up. If a FUSE or network filesystem is unmounted,
//! the mounts inside it are not looked up: they are detached together with it. The report says
//! which of these happened, and who held the mount. A mount that is the root of this process is
//! refused.
//!
//! A lazily detached mount lives on until its last holder ends, and the kernel tells nobody when
//! that is. So the report keeps a [`MountWitness`] of each: [`StepReport::life`] tells at any
//! later time whether the mount still lives. A witness does not keep the mount alive.
//!
//! # Unmounting and peers
//!
//! An unmount reaches the peers and slaves of the mount that the unmounted one lies on, in
//! every mount namespace. So containers that inherited a leftover lose it too; that is why it
//! is the default. A copy in a private namespace stays, and keeps the filesystem in use.
//!
//! Without [`ExecuteOptions::propagate`] the peers and slaves keep their mounts. The mount
//! below leaves its peer group for the one call and comes back (`MOVE_MOUNT_SET_GROUP`, Linux
//! 5.15). This is rehearsed on detached clones before anything is touched. Slaves and the
//! group's number stay as they were. Where this is not possible, the step fails and the mount
//! stays: on an older kernel, behind a system call filter, or for a mount stacked on a shared
//! one. Know before you use it:
//!
//! - If somebody mounts on the mount below in that moment, the new mount does not spread.
//! - If the process is killed in that moment, the mount below stays private. So block the
//!   signals that end the process. `mount_setattr` or `mount --make-shared` gives the mount a
//!   new group.
//! - Whether the mount below is shared is read when the execution begins.
//!
//! # When not to use this
//!
//! To unmount one mount that you made yourself, call `umount2`. To unmount everything at and
//! below a path, call [`unmount_tree`]. To see who mounts what, `mountscan` is enough. If a
//! service manager gives the daemon its own mount namespace, no sweep is needed.
//!
//! # Privileges and kernels
//!
//! | call | capability | since | without |
//! | --- | --- | --- | --- |
//! | `umount2` | `CAP_SYS_ADMIN` in the mount namespace | always | [`ErrorKind::Denied`] |
//! | `statx` with the mount id | none | 5.8 | [`ErrorKind::Unsupported`], nothing is unmounted |
//! | `statx` with the unique id | none | 6.8 | id, device, root and mount point are compared |
//! | fanotify mark on a mount | `CAP_SYS_ADMIN` in the initial user namespace | always | [`MountLife::Unknown`] |
//! | `statmount` | none | 6.8 | a mount that covers the planned one twice goes unnoticed |
//! | `openat2` | none | 5.6 | one `openat` per component |
//! | `open_tree`, `move_mount` | `CAP_SYS_ADMIN` | 5.2 | `mount` by path |
//! | `mount_setattr` | `CAP_SYS_ADMIN` | 5.12 | `mount`, after the bind is attached |
//! | `MOVE_MOUNT_SET_GROUP` | `CAP_SYS_ADMIN` | 5.15 | a step that must not reach peers fails |
//! | `unshare(CLONE_FS)` | none | always | paths through `/proc/thread-self/fd` |
//!
//! Planning, [`status()`] and reading a table need no privilege. But without privilege, a
//! record that only root may read is [`Ownership::Unreadable`].
//!
//! # Errors and empty answers
//!
//! Bad input is refused before anything is touched: a root that is relative, missing, `/` or a
//! file; a rule that does not compile or would match the root; an ill-formed id. These are not
//! errors: an empty plan (nothing to do), [`Outcome::AlreadyGone`] (the mount is gone) and
//! [`Released::NotOurs`] (the root is not ours).
//!
//! # Limitations
//!
//! - Between the last look and the call, somebody with `CAP_SYS_ADMIN` *in this mount
//!   namespace* can mount over the planned mount. Then the new mount is unmounted. This is
//!   noticed, because ours is still there, and ours is tried again.
//! - Before Linux 6.8 mount ids are reused. If another mount replaced the planned one after the
//!   execution began, with the same id, place, filesystem and root, it is taken for the planned
//!   one.
//! - If somebody mounts below a mount between the look and a lazy detach, that mount is
//!   detached too.
//! - A look-up that waits for a server cannot be interrupted: its thread stays in the kernel
//!   until the server answers or the process ends, while the execution goes on.
//!
//! - Before Linux 6.8 nobody knows whether a root directory that is a mount point is that of its
//!   mount namespace. A `chroot` to one with `unshare --pid`, in the mount namespace of other
//!   processes, is taken for a container: those processes are not seen.
//!
//! - If thousands of mounts are stacked at one point, each unmount makes the kernel walk over the
//!   stack: on Linux 6.18 one call takes 0.4 ms with 10 000 mounts in it. So the time to read and
//!   to clean up such a stack grows with its square, whoever does it.
//!
//! # Logging
//!
//! Target `rootmount`: `debug` for each step and for the preparation; `warn` for a failure that
//! is not returned (a copy of the record that cannot be written, an undo that fails).
//!
//! # Compared with moby
//!
//! moby unmounts while it reads the table, lazily and by path. It chooses by patterns that
//! match anywhere in the text. It does so only at shutdown, and not at all while a container
//! lives. At the next start it no longer knows that a bind is its own. `PARITY.md` lists each
//! difference.
//!
//! # Crate features
//!
//! `serde`: [`CleanupPlan`], [`CleanupReport`], [`PlanDiff`] and [`Status`] serialise
//! as the command's JSON.
//!
//! MSRV: 1.85.

#![deny(unsafe_code)]

mod bounded;
mod cleanup;
mod data_root;
mod error;
mod limit;
mod liveness;
mod log;
mod look;
mod mount;
mod path;
mod path_text;
mod plan;
mod sys;
mod table;
mod text;
mod unmount;

pub use cleanup::execute::{execute, execute_with};
pub use cleanup::options::ExecuteOptions;
pub use cleanup::report::{CleanupReport, Progress, RootOutcome, StepReport};
pub use cleanup::tree::{TreeOptions, unmount_tree};
pub use data_root::guard::{Guard, prepare_guarded};
pub use data_root::options::DataRootOptions;
pub use data_root::ownership::{Ownership, SelfBind};
pub use data_root::prepare::{PrepareAction, Prepared, prepare};
pub use data_root::record::{RECORD_NAME, Record, RecordFile};
pub use data_root::release::{Released, release};
pub use data_root::status::{Holder, Status};
pub use data_root::view::status;
pub use error::{Error, ErrorKind};
pub use liveness::contradiction::Contradiction;
pub use liveness::engine::check::running_engine;
pub use liveness::engine::verdict::RunningEngine;
pub use liveness::evidence::{Claim, Evidence, Processes, Says, Statement, Testimony, Witness};
pub use liveness::layer_map::LayerMap;
pub use liveness::look::Look;
pub use mount::{MountRef, Same};
pub use mountscan::{
    Device, HolderProcess, KernelUse, MountId, MountLife, MountTable, MountUse, MountWitness, Proc,
    ProcRoot, ProcessView, Propagation, Resident, Residents, UniqueMountId,
};
pub use path::resolve_root;
pub use path_text::short_ids;
pub use plan::cleanup_plan::{
    CleanupPlan, KeepReason, Kept, PlanOptions, RootAction, RootDecision, Step,
};
pub use plan::decide::plan;
pub use plan::diff::PlanDiff;
pub use plan::layers::{docker_layers, live_ids};
pub use plan::rules::Rules;
pub use table::{live_table, update_live_table};
pub use unmount::options::Detach;
pub use unmount::outcome::{CopyElsewhere, Failure, HeldBy, Outcome};
