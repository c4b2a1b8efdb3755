//! Unix socket paths that fit into `sun_path`.
//!
//! `sockaddr_un` holds 108 bytes with the final NUL, so a socket's path has at most 107 bytes
//! ([unix(7)]). A longer path fails late, with only `EINVAL`. [`socket_path`] says it early,
//! with the number of bytes over. Two short forms help when a path does not fit: [`SocketDir`]
//! names the socket through an open directory, and [`hashed_socket_dir`] derives a short
//! directory from the long one.
//!
//! [unix(7)]: https://man7.org/linux/man-pages/man7/unix.7.html

use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind};

/// Bytes that a socket's path may have: 108 less the final NUL.
pub const SUN_PATH_MAX: usize = 107;

/// The directory under which moby puts plugin sockets, whatever its exec root is.
///
/// With a 64-digit plugin id it leaves 22 bytes for the socket's own name.
pub const PLUGIN_EXEC_ROOT: &str = "/run/docker/plugins";

/// A socket path that was checked to fit into `sun_path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SocketPath {
    path: PathBuf,
}

impl SocketPath {
    /// The whole path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many more bytes the path could have.
    pub fn bytes_left(&self) -> usize {
        SUN_PATH_MAX - self.path.as_os_str().len()
    }

    /// The path itself.
    pub fn into_path(self) -> PathBuf {
        self.path
    }
}

impl AsRef<Path> for SocketPath {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// Joins `dir` and `name` and checks that a socket can have that path.
///
/// Nothing is created and nothing is looked up.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] when `name` is not one plain file name, when the path holds a
/// NUL byte, or when it is longer than [`SUN_PATH_MAX`] bytes. The text says how many bytes are
/// over.
///
/// # Examples
///
/// ```
/// use std::path::Path;
///
/// let id = "a".repeat(64);
/// let dir = Path::new(daemon_host::PLUGIN_EXEC_ROOT).join(id);
/// let socket = daemon_host::socket_path(&dir, "plugin.sock")?;
/// assert_eq!(socket.bytes_left(), 11);
///
/// let error = daemon_host::socket_path(Path::new(&"/long".repeat(30)), "a.sock").unwrap_err();
/// assert!(error.to_string().contains("50 bytes over"));
/// # Ok::<(), daemon_host::Error>(())
/// ```
///
/// # References
///
/// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html)
pub fn socket_path(dir: &Path, name: impl AsRef<Path>) -> Result<SocketPath, Error> {
    let name = name.as_ref();
    check_name(name)?;
    let path = dir.join(name);
    let bytes = path.as_os_str().as_bytes();
    // For the kernel the path ends at the first NUL byte. The socket would be somewhere else.
    if bytes.contains(&0) {
        let what = format!("socket path {path:?} holds a NUL byte");
        return Err(Error::new(ErrorKind::InvalidInput, what));
    }
    if bytes.len() > SUN_PATH_MAX {
        let what = format!(
            "socket path {path:?} is {} bytes over the {SUN_PATH_MAX} that sun_path holds",
            bytes.len() - SUN_PATH_MAX
        );
        return Err(Error::new(ErrorKind::InvalidInput, what));
    }
    Ok(SocketPath { path })
}

/// An open directory that names sockets in it by a short path.
///
/// The path goes through `/proc/self/fd`. So `bind` and `connect` can use it in this process,
/// and only while this value lives. The socket itself is made in the real directory. Other
/// processes reach it there by any path that fits.
#[derive(Debug)]
pub struct SocketDir {
    dir: OwnedFd,
}

impl SocketDir {
    /// Opens a directory (by `O_PATH`: search permission is enough).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when the directory cannot be opened.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        // Only a name to start from is needed, so the right to read the directory is not.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(dir, flags, Mode::empty())
            .map_err(|errno| Error::io(format!("open({dir:?}, O_PATH)"), io::Error::from(errno)))?;
        Ok(Self { dir })
    }

    /// The short path of the socket `name` in this directory.
    ///
    /// # Errors
    ///
    /// As [`socket_path`]; with a name of up to 80 bytes it always fits.
    pub fn socket_path(&self, name: impl AsRef<Path>) -> Result<SocketPath, Error> {
        // This link leads to the open directory itself, even if it was renamed meanwhile.
        let dir = format!("/proc/self/fd/{}", self.dir.as_raw_fd());
        socket_path(Path::new(&dir), name)
    }
}

impl AsFd for SocketDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

/// A short directory for the sockets of a long one: `<base>/<32 hex digits>`.
///
/// The digits are the first half of the SHA-256 of the long path. So the same long path gives
/// the same directory in every process, and two long paths give two directories. The caller
/// creates the directory.
pub fn hashed_socket_dir(base: &Path, long: &Path) -> PathBuf {
    let digest = Sha256::digest(long.as_os_str().as_bytes());
    let mut name = String::with_capacity(32);
    // Half of the digest: 128 bits are enough, and each byte more makes the path longer.
    for byte in digest.iter().take(16) {
        write!(name, "{byte:02x}").expect("writing to a String cannot fail");
    }
    base.join(name)
}

fn check_name(name: &Path) -> Result<(), Error> {
    let mut parts = name.components();
    // `..` or a slash would lead out of the directory. `a/` has one component too, so the text is
    // compared as well.
    let plain = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(part)), None) if part == name.as_os_str()
    );
    if plain {
        return Ok(());
    }
    let what = format!("socket name {name:?} is not one plain file name");
    Err(Error::new(ErrorKind::InvalidInput, what))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn the_limit_is_exact() {
        let dir = Path::new("/d");
        let fits = "x".repeat(SUN_PATH_MAX - 3);
        assert_eq!(socket_path(dir, &fits).unwrap().bytes_left(), 0);
        let over = "x".repeat(SUN_PATH_MAX - 2);
        let error = socket_path(dir, over).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("1 bytes over"), "{error}");
    }

    #[test]
    fn a_name_is_one_component() {
        for bad in ["", ".", "..", "a/b", "/a", "a/", "./a"] {
            assert!(socket_path(Path::new("/d"), bad).is_err(), "{bad:?}");
        }
        assert!(socket_path(Path::new("/d"), "a\0b").is_err());
    }

    #[test]
    fn moby_leaves_twenty_two_bytes() {
        let dir = Path::new(PLUGIN_EXEC_ROOT).join("0".repeat(64));
        assert_eq!(socket_path(&dir, "x".repeat(22)).unwrap().bytes_left(), 0);
        assert!(socket_path(&dir, "x".repeat(23)).is_err());
    }

    #[test]
    fn the_short_form_connects_below_a_long_directory() {
        let temp = tempfile::tempdir().unwrap();
        let long = temp.path().join("d".repeat(200));
        std::fs::create_dir(&long).unwrap();
        assert!(socket_path(&long, "s.sock").is_err());

        let dir = SocketDir::open(&long).unwrap();
        let short = dir.socket_path("s.sock").unwrap();
        let listener = UnixListener::bind(short.path()).unwrap();
        let mut client = UnixStream::connect(short.path()).unwrap();
        client.write_all(b"ping").unwrap();
        drop(client);
        let mut text = String::new();
        listener
            .accept()
            .unwrap()
            .0
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "ping");
        assert!(long.join("s.sock").exists());
    }

    #[test]
    fn the_hashed_form_is_stable_and_told_apart() {
        let base = Path::new("/run/d/s");
        let one = hashed_socket_dir(base, Path::new("/a"));
        assert_eq!(one, hashed_socket_dir(base, Path::new("/a")));
        assert_ne!(one, hashed_socket_dir(base, Path::new("/b")));
        assert_eq!(one.as_os_str().len(), base.as_os_str().len() + 33);
    }
}
