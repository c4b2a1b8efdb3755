//! Knows the container engines of a host: where they mount, which containers and layers they keep,
//! and which names people gave to these. For programs that clean up after engines and must not
//! touch what is in use.
//!
//! # Overview
//!
//! An [`Engine`] is data: its roots, the rules for what it mounts below them, and its [`Place`]s,
//! with their sockets and state directories. [`Engine::built_in`] gives the engines that nodes run
//! today. [`detect()`] finds the engines of a machine, and names what it could not look at. A
//! [`Catalogue`] of engines tells for a mount point which engine mounts there, what is mounted, and
//! what a clean-up may do with it ([`Fate`]).
//!
//! [`Containers`] is what an engine's store on disk lists: each [`Container`] with its id, its
//! names and its layers. [`Containers::of_docker`] reads Docker's data root.
//! [`Containers::of_storage`] reads the graph root that podman, buildah and CRI-O share.
//! [`Containers::layers`] gives the ids under which the file system of a container is mounted.
//! [`Containers::resolve`] finds the full id for what a person typed.
//!
//! A store that cannot be read is an answer, too: [`Containers::unread`] names each file and the
//! reason. A clean-up must keep everything that belongs to such a store.
//!
//! # Examples
//!
//! ```
//! use engines::{Containers, Resolved};
//!
//! let root = tempfile::tempdir()?;
//! std::fs::create_dir(root.path().join("overlay-containers"))?;
//! std::fs::write(
//!     root.path().join("overlay-containers/containers.json"),
//!     r#"[{"id": "6633ab", "names": ["web"], "image": "77", "layer": "485a01"}]"#,
//! )?;
//! let known = Containers::of_storage(root.path(), None);
//! assert_eq!(known.resolve("web"), Resolved::One("6633ab".into()));
//! assert_eq!(known.layers("6633ab"), ["485a01"]);
//! assert!(known.unread.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # When not to use this
//!
//! If you can ask the engine itself through its socket, do that: its answer is newer. This crate is
//! for the time when the engine does not run, hangs, or was removed.
//!
//! # Privileges and kernels
//!
//! Reads files that only root may read. No kernel feature is needed.
//!
//! # Errors and empty answers
//!
//! No call here fails as a whole. A root that does not exist has no containers. What exists but
//! cannot be read or understood is in [`Containers::unread`].
//!
//! # Limitations
//!
//! - Engines write their stores without a lock that others may take for reading. Each file is read
//!   in one piece, so this crate sees either the old or the new file.
//! - podman's own database (bolt or SQLite) is not read; it repeats what the files say.
//! - Docker's layer store is read by `rootmount`, as plain text.
//!
//! MSRV: 1.85.

#![forbid(unsafe_code)]

mod builtin;
mod catalogue;
mod container;
mod containers;
mod detect;
mod engine;
mod form;
mod netns;
mod procfs;
mod resolve;
mod store;
mod tree;
mod unread;

pub use catalogue::{Catalogue, Found};
pub use container::Container;
pub use containers::Containers;
pub use detect::{Daemon, DetectOptions, Detection, FoundEngine, FoundRoot, GivenConfig, detect};
pub use engine::{BadShape, Engine, Fate, Place, Root, RootAt, Rule, Shape, Store};
pub use form::BadEngines;
/// The procfs that is read: the one at `/proc`, another one, or one that is open already.
pub use mountscan::Proc;
pub use netns::{NetworkUsers, network_users};
pub use resolve::Resolved;
pub use unread::Unread;
