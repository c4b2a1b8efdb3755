//! Tells whether recursive read-only mounts work here, and makes them.
//!
//! For container daemons and tools that use `rro` where it works. Where it does not work, they get
//! the reason.
//!
//! ```
//! use rroprobe::{KernelSupport, MountRequest, Verdict, decide, runtime_support};
//!
//! // What `runc features` printed as `mountOptions`.
//! let listed = ["bind", "ro", "rro"];
//! let verdict = Verdict::new(KernelSupport::probe(), runtime_support(Some(&listed)));
//! println!("{verdict}");
//! match decide(MountRequest::read_only(), &verdict)? {
//!     Some(option) => println!("mount with {option}"),
//!     None => println!("mount writable"),
//! }
//! # Ok::<(), rroprobe::Error>(())
//! ```
//!
//! # Overview
//!
//! * [`KernelSupport::probe`] asks the kernel by two calls that must fail;
//!   [`KernelSupport::cached`] keeps the answer where it lasts; [`prove`] shows the effect on
//!   a mount that nobody can see.
//! * [`runtime_support`] reads the other half from the mount options that an OCI runtime lists:
//!   [`RuntimeAnswer`]. It runs no program. The `runtimes` crate runs it, under limits, and knows
//!   versions.
//! * [`Verdict`] is both halves, in words an operator can act on; [`decide`] turns it and a
//!   [`MountRequest`] into `ro`, `rro`, nothing, or an error.
//! * [`make_recursively_read_only`] and [`make_recursively_read_only_fd`] do it to a tree of
//!   mounts.
//!
//! # When not to use this
//!
//! A read-only mount without sub-mounts needs none of this: `ro` does. To know whether a path is
//! read-only *now*, ask `statvfs(3)` or the mount table.
//!
//! # Privileges and kernels
//!
//! | call | capability | since kernel | without |
//! |---|---|---|---|
//! | [`KernelSupport::probe`] | none | any | – |
//! | [`prove`] | `CAP_SYS_ADMIN` over the mount namespace | 5.12 | says what is missing |
//! | [`make_recursively_read_only`] | `CAP_SYS_ADMIN` over the mount namespace | 5.12 | error, nothing changed |
//!
//! "Over the mount namespace" means in the user namespace that owns it. So everything works in an
//! ordinary user's own user and mount namespace. The version of the kernel never decides the
//! answer, only its words: vendors port the call back, and sandboxes take it away.
//!
//! # Errors and empty answers
//!
//! "Recursive read-only does not work" is an answer and not an error, so the probes never fail. An
//! [`Error`] means that a request contradicts itself, that a forced wish cannot be met, or that a
//! tree could not be changed.
//!
//! # Limitations
//!
//! * An answer holds for the calling thread. Privileges and seccomp filters differ between threads.
//! * [`prove`] shows the effect on one mount, not on a mount below it.
//! * A sub-mount that appears later, by hand or by propagation, is writable. Make the tree private.
//! * When a tree is busy the error does not name the writers: mountscan's `holders` does.
//! * A features document tells what the runtime was built with, not what it did.
//!
//! # Logging
//!
//! With the feature `tracing`, target `rroprobe::…`, level debug: each probe's verdict, each
//! tree made read-only.
//!
//! # Compared with moby
//!
//! The decision table is moby's. The probe differs on purpose: moby mounts a tmpfs on a new
//! temporary directory that is never removed, keeps a passing fault for the life of the process,
//! and calls every failure an old kernel. The list of differences is `PARITY.md`.
//!
//! # Crate features
//!
//! * `tracing`: events, see above.
//! * `serde`: `Serialize` for the verdicts, as `{"verdict", "detail"}` and `{"verdict", "reason"}`.
//!
//! # MSRV
//!
//! Rust 1.85. Linux only.

#![deny(unsafe_code)]

mod apply;
mod decision;
mod error;
mod kernel;
mod log;
mod prove;
mod runtime;
#[cfg(feature = "serde")]
mod serde;
mod sys;
mod verdict;

pub use crate::apply::{make_recursively_read_only, make_recursively_read_only_fd};
pub use crate::decision::{MountOption, MountRequest, decide};
pub use crate::error::{Error, ErrorKind};
pub use crate::kernel::{Absence, Denial, KernelSupport};
pub use crate::prove::prove;
pub use crate::runtime::{PlainRo, RuntimeAnswer, RuntimeSupport, runtime_support};
pub use crate::verdict::Verdict;
