//! How to use a table, and how not to.
//!
//! # Take one table per unit of work
//!
//! Two loads can give two tables, if a reload comes between them. Right:
//!
//! ```
//! # use runtimes::{Checked, Registry, ResolveError, TableOptions};
//! # let dir = tempfile::tempdir().unwrap();
//! # let (registry, _) = Registry::open(&Checked::default(), TableOptions::new(dir.path()))?;
//! let table = registry.load();
//! let name = table.default_name();
//! let resolved = table.resolve(name).expect("a table's default is in that table");
//! assert_eq!(resolved.shim, "io.containerd.runc.v2");
//! # Ok::<(), runtimes::Error>(())
//! ```
//!
//! Wrong: the default's name comes from one table and is looked up in another, where it
//! may be gone.
//!
//! ```
//! # use runtimes::{Checked, Registry, ResolveError, TableOptions};
//! # let dir = tempfile::tempdir().unwrap();
//! # let (registry, _) = Registry::open(&Checked::default(), TableOptions::new(dir.path()))?;
//! let name = registry.load().default_name().to_owned();
//! let _maybe = registry.load().resolve(&name).is_ok();
//! # Ok::<(), runtimes::Error>(())
//! ```
//!
//! # Keep what was resolved, not the name
//!
//! A container belongs to the program it was created with. A name can mean another one
//! after a reload; the script's path cannot. Write the resolved script or binary down
//! with the container, and pass it to [`References::add`](crate::References::add) at the
//! next start.
//!
//! # Sweep first, open second
//!
//! ```
//! use runtimes::{Config, References, Registry, Runtimes, TableOptions, sweep};
//!
//! # let state = tempfile::tempdir().unwrap();
//! let options = TableOptions::new(state.path().join("runtimes"));
//! let config = Config::parse(b"{}")?.config;
//!
//! let mut references = References::new();
//! references.add_table(&Runtimes::build(&config, &options));
//! for dir in runtimes::bundle_dirs("/run/docker".as_ref()) {
//!     references.scan_bundles(&dir);
//! }
//! references.scan_processes("/proc");
//! sweep(&options.script_dir, &references)?;
//! let (registry, _) = Registry::open(&config, options)?;
//! # let _ = registry;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In the other order the registry already uses the directory, so the sweep removes nothing.
//!
//! # Probe aside
//!
//! [`Registry::probe`](crate::Registry::probe) may take seconds. Reload, answer whoever
//! asked for the reload, and probe in a thread of its own. Until it is done the features
//! of new runtimes are [`NotProbed`](crate::FeaturesState::NotProbed), and their verdict
//! on `rro` is "unknown", never "no".
//!
//! # Let a transaction end
//!
//! A [`PreparedReload`](crate::PreparedReload) reload holds up all others. Commit or drop it before
//! anything that waits for a person or a network.
