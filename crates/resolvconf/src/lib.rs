//! Chooses, parses losslessly, transforms and renders resolv.conf for containers.
//! For authors of container daemons, and for anyone who must explain a host's DNS to a person.
//!
//! ```
//! use resolvconf::{Network, TransformOptions, parse, transform};
//!
//! // On a host: `load(&select(&find(&SelectOptions::new())).path)`.
//! let host = parse(b"search corp.example\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n");
//! let options = TransformOptions::new(Network::Legacy { ipv6: false });
//! let container = transform(&host, &options);
//! assert_eq!(container.render(false), b"nameserver 192.0.2.1\nsearch corp.example\n");
//! for finding in host.diagnostics() {
//!     println!("line {}: {finding}", finding.line());
//! }
//! ```
//!
//! # Overview
//!
//! * [`find()`] looks at the host's files. [`select()`] chooses one of them and says why.
//! * [`load()`] or [`parse()`] make a [`Document`], which keeps every byte and numbers every line.
//!   Its [`diagnostics`](Document::diagnostics) list the lines that glibc, musl, Go or other
//!   readers understand in an unexpected way. [`explain`](Document::explain) tells a person what
//!   each line does. [`readers`] describes what each reader takes from a file.
//! * [`transform()`] turns a document into a [`Resolved`], which is what a container gets: first
//!   the overrides, then what the kind of [`Network`] needs. [`Resolved::render`] gives the text of
//!   the file.
//! * [`write()`] puts that text into the file that is bind-mounted into the container. It keeps the
//!   inode, and it does not touch a file that a user has changed. [`status()`] shows whether one
//!   has.
//! * [`Watcher`] follows the selected file, and gives a new document when it really changes.
//! * [`coming_from`] shows the calls of other crates, and what to call here instead.
//!
//! Parsing, choosing and transforming are pure. [`load()`], [`find()`], [`status()`] and
//! [`write()`] touch files.
//!
//! # When not to use this
//!
//! To look up names, use a resolver. To read the host's settings into a resolver, use `resolv-conf`
//! or `hickory-resolver`, which do that with less.
//!
//! # Privileges and kernels
//!
//! | call | needs | without |
//! | --- | --- | --- |
//! | reading | read access | an error, or for [`find()`] a fact |
//! | [`write()`] | write access to the file and its directory | an error, nothing changed |
//! | its lease, `fcntl(F_SETLEASE)` | the file's owner or `CAP_LEASE`, a file system with leases, nobody who keeps the file open | see Limitations |
//!
//! Any Linux kernel this family supports (5.10 and later).
//!
//! # Errors and empty answers
//!
//! Content is never an error. A missing file is an empty document that says so. A file that cannot
//! be read is an error: no permission, a directory, a FIFO, more bytes than the limit.
//!
//! # Limitations
//!
//! The choice is a snapshot. Ask again each time a file is needed. systemd's manual says that
//! programs should reach its uplink file only through the link `/etc/resolv.conf`. Like moby, this
//! crate opens that file directly, because there is no other way to the servers behind the stub.
//!
//! If somebody keeps the file open, or the file system has no leases, a rewrite has no lease
//! ([`Written::Rewritten`] with `exclusive: false`). It is then three calls, and each leaves the
//! file whole. But on ext4, tmpfs and overlayfs, Linux does not make one `write` atomic for a
//! concurrent `read`. While the kernel copies the bytes, a reader may see bytes of both texts. A
//! reader that reads in small pieces may get one piece before the rewrite and one after it. The
//! example `rewrite_under_readers` measured this on Linux 6.18 with 100 000 rewrites from 55 to
//! 1100 bytes each. No text was ever empty or cut:
//!
//! | file system | looks by opening readers | not whole | looks by one that keeps it open | mixed or stale end |
//! | --- | --- | --- | --- | --- |
//! | ext4 | 9.1 million | 0 | 5.0 million | 728 |
//! | tmpfs | 7.7 million | 0 | 3.7 million | 1037 |
//! | overlayfs on tmpfs | 5.1 million | 0 | 3.8 million | 348 |
//!
//! For a reader that keeps the file open, no other order of calls did better. A single `write` and
//! a truncation gave cut texts, too. Whole pages were no better. A shared mapping gave ten times as
//! many mixed texts. `O_DIRECT` gave cut texts. From Linux 5.4 to 6.0 a lease may be granted while
//! an open is half done. On these kernels the lease is held for ten milliseconds and requested
//! again before anything is written.
//!
//! # Compared with moby
//!
//! Plain output is the same, byte for byte, except for the cases in the repository's `PARITY.md`: a
//! byte order mark, unspecified and zoned link-local servers, IPv4-mapped loopback, very long
//! lines.
//!
//! # Crate features
//!
//! * `moby`: moby's hash file is checked for files that have no record yet (adds `sha2`). Without
//!   this feature a file with such a hash is an error.
//! * `serde`: `Serialize` for results and diagnostics.
//! * `tracing`: log lines at target `resolvconf`.
//!
//! MSRV 1.85.

#![deny(unsafe_code)]

#[macro_use]
mod log;
#[macro_use]
mod names;

pub mod coming_from;
mod container;
mod document;
mod error;
mod files;
mod lint;
pub mod readers;
mod select;
mod sys;
mod write;

pub use container::{
    DEFAULT_IPV4, DEFAULT_IPV6, DropReason, Dropped, Fallback, Limits, NdotsOrigin, Network,
    Overridden, Resolved, TransformOptions, Upstream, Warning, transform,
};
pub use document::{Document, Found, Line, LineKind, Nameserver, Text, glibc_ipv4, parse};
pub use error::{Error, ErrorKind};
pub use files::{DEFAULT_SIZE_LIMIT, load, load_within};
pub use lint::{Diagnostic, DiagnosticKind, Explanation, Severity};
pub use select::{
    Behind, BehindPaths, Content, Current, ETC_PATH, Facts, FileFacts, InUse, NETWORK_MANAGER_PATH,
    NetworkKind, Reason, ResolvedMode, STATIC_PATH, STUB_PATH, SelectOptions, Selection,
    UPSTREAM_PATH, WatchOptions, Watcher, current, find, select,
};
pub use write::{FileStatus, WriteOptions, Written, status, status_at, write, write_at};
