//! For users of other crates: the call there, the call here, and how the answers differ.
//!
//! Each line is compiled and run as a test of this page.
//!
//! # resolv-conf
//!
//! ```
//! # let text = b"search a.test\nnameserver 192.0.2.1\noptions ndots:2 rotate\n";
//! use resolvconf::readers::GLIBC;
//!
//! // There:
//! let there = resolv_conf::Config::parse(text).unwrap();
//! // Here, as glibc reads the file; any other reader of `readers::ALL` will do:
//! let here = resolvconf::parse(text).effective(&GLIBC);
//!
//! assert_eq!(there.nameservers[0].to_string(), here.servers[0].address.to_string());
//! assert_eq!(there.get_search().unwrap()[0], here.search[0].to_string());
//! assert_eq!((there.ndots, there.attempts), (here.ndots, here.attempts));
//! assert_eq!(u64::from(there.timeout), here.timeout.as_secs());
//! assert_eq!(there.rotate, here.flags.contains(&"rotate"));
//! ```
//!
//! * There an unknown directive or option is an error for the whole file. Here content is never an
//!   error; [`diagnostics`](crate::Document::diagnostics) lists what is odd about it.
//! * There `ndots`, `timeout` and `attempts` keep the values of the file. Here the limits of the
//!   reader apply.
//! * `get_nameservers_or_local` is [`Effective::servers`](crate::readers::Effective::servers). If
//!   the file gives no server, this is the reader's own fallback.
//! * `get_last_search_or_domain` is [`Effective::search`](crate::readers::Effective::search).
//! * `get_system_domain` asks the system for the host's name. Here the caller gives it:
//!
//! ```
//! use resolvconf::readers::{Context, GLIBC};
//!
//! let context = Context::new().host_name("web.prod.example");
//! let here = resolvconf::parse(b"nameserver 192.0.2.1\n").effective_on(&GLIBC, &context);
//! assert_eq!(here.search[0], "prod.example");
//! ```
//!
//! * There a `#` right after the address ends it (`192.0.2.1#x` is `192.0.2.1`), and a value ends
//!   at `#` or `;`. Here this depends on the reader. glibc drops such a server, and takes `#` for a
//!   search domain. The profile [`HICKORY`](crate::readers::HICKORY) reads as resolv-conf does.
//! * There a zone is a text. Here [`Server::socket_addr`](crate::readers::Server::socket_addr)
//!   turns it into a number for a socket.
//!
//! # Your own parser
//!
//! ```
//! # let text = "search a.test\nnameserver 192.0.2.1 # main\nnameserver fe80::1%eth0\n";
//! // There:
//! let lines = text.lines().filter_map(|line| line.strip_prefix("nameserver "));
//! let there: Vec<&str> = lines.filter_map(|rest| rest.split_whitespace().next()).collect();
//! // Here, every address whatever a reader uses:
//! let document = resolvconf::parse(text.as_bytes());
//! let here: Vec<String> = document.nameservers().map(|found| found.value.to_string()).collect();
//! assert_eq!(there, here);
//! ```
//!
//! * Here a tab after the directive, CR LF and a byte order mark are understood. Each address has
//!   the number of its line.
//! * A daemon that forwards queries wants all servers. A program that acts like a C library wants
//!   [`effective`](crate::Document::effective), which stops after three.
//!
//! # Following the file with inotify
//!
//! A watch on `/etc/resolv.conf` itself ends with the first rename over it.
//! [`Watcher`](crate::Watcher) watches the names on the way, every link among them, and the mount
//! table:
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("resolv.conf");
//! # std::fs::write(&path, "nameserver 192.0.2.1\n")?;
//! let mut options = resolvconf::WatchOptions::new();
//! # options.select.configured = Some(path.clone());
//! let mut watcher = resolvconf::Watcher::open(&options)?;
//! # std::fs::write(dir.path().join("new"), "nameserver 192.0.2.2\n")?;
//! # std::fs::rename(dir.path().join("new"), &path)?;
//! // Readable descriptor, then `try_next` until it gives nothing:
//! # std::thread::sleep(std::time::Duration::from_millis(500));
//! while let Some(change) = watcher.try_next()? {
//!     println!("{} servers", change.document.nameservers().count());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
