//! Knows the container engines of a host: where they mount what, which containers and layers
//! they keep, and how people call them. For programs that clean up after engines and must
//! not touch what lives.
//!
//! # Overview
//!
//! An [`Engine`] is data: its roots, the rules for what it mounts below them, and its
//! [`Place`]s, with their sockets and state directories. [`Engine::built_in`] has those that
//! nodes run today. [`detect()`] finds those of a machine, with what it could not see. A
//! [`Catalogue`] of engines tells for a mount point which engine mounts there, what it is,
//! and what may become of it ([`Fate`]).
//!
//! [`Containers`] is what an engine's store on disk lists: each [`Container`] with its id,
//! its names and its layers. [`Containers::of_docker`] reads Docker's data root,
//! [`Containers::of_storage`] the graph root that podman, buildah and CRI-O share.
//! [`Containers::layers`] goes from a container to the ids under which its file system is
//! mounted; [`Containers::resolve`] goes from what a person typed to a full id.
//!
//! A store that cannot be read is an answer of its own: [`Containers::unread`] names each
//! file and the reason. Who plans a clean-up must keep what belongs to such a store.
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
//! A program that can ask the engine itself, by its socket, gets a newer answer. This crate
//! is for the time when the engine does not run, hangs, or was removed.
//!
//! # Privileges and kernels
//!
//! Reads files that only root may read. No kernel feature is needed.
//!
//! # Errors and empty answers
//!
//! No call here fails as a whole. A root that does not exist has no containers. What exists
//! and cannot be read or understood is in [`Containers::unread`].
//!
//! # Limitations
//!
//! - Engines write their stores without a lock that others may take for reading. A file
//!   is read in one piece, so that it is the old or the new one.
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
mod resolve;
mod store;
mod tree;
mod unread;

pub use catalogue::{Catalogue, Found};
pub use container::Container;
pub use containers::Containers;
pub use detect::{Daemon, DetectOptions, Detection, FoundEngine, FoundRoot, detect};
pub use engine::{BadShape, Engine, Fate, Place, Root, RootAt, Rule, Shape, Store};
pub use form::BadEngines;
pub use netns::{NetworkUsers, network_users};
pub use resolve::Resolved;
pub use unread::Unread;
