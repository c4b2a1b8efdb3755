//! Makes the two roots if they are missing, and refuses them if they cannot be trusted.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use runtimes::answers_within;

use crate::config::HostConfig;
use crate::error::{Error, ErrorKind};
use crate::within::{ANSWER_LIMIT, no_answer};

/// Only the owner may do anything there.
const PRIVATE: u32 = 0o700;

/// Others may write there.
const WRITABLE_BY_OTHERS: u32 = 0o002;

/// Makes both roots and refuses those on which a daemon cannot rely.
pub(super) fn make_roots(config: &HostConfig) -> Result<(), Error> {
    for root in [&config.data_root, &config.exec_root] {
        if !answers_within(ANSWER_LIMIT, root) {
            return Err(no_answer(root));
        }
        make(root)?;
    }
    check_distinct(&config.data_root, &config.exec_root)?;
    check_exec_root(&config.exec_root)
}

/// Makes a directory and those above it with mode 0700, whatever the umask is.
fn make(path: &Path) -> Result<(), Error> {
    let failed = |error| Error::io(format!("mkdir({path:?})"), error);
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(failed(io::ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    if let Some(above) = path.parent() {
        make(above)?;
    }
    match DirBuilder::new().mode(PRIVATE).create(path) {
        // The umask may have taken some of the owner's permissions.
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(PRIVATE)).map_err(failed),
        // Another daemon was sooner; the locks decide between the two.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Refuses one directory for both roots. It would be locked twice, and the mount on it would
/// hide the state.
fn check_distinct(data_root: &Path, exec_root: &Path) -> Result<(), Error> {
    let look = |path: &Path| {
        fs::metadata(path).map_err(|error| Error::io(format!("stat({path:?})"), error))
    };
    let (data, exec) = (look(data_root)?, look(exec_root)?);
    // By device and inode: two paths can lead to one directory, by a link or a bind mount.
    if (data.dev(), data.ino()) != (exec.dev(), exec.ino()) {
        return Ok(());
    }
    let what = format!("data-root {data_root:?} and exec-root {exec_root:?} are one directory");
    Err(Error::new(ErrorKind::InvalidInput, what))
}

/// Refuses an exec root that others may write to. They could give the daemon another record and
/// another state.
fn check_exec_root(path: &Path) -> Result<(), Error> {
    let found = fs::metadata(path).map_err(|error| Error::io(format!("stat({path:?})"), error))?;
    let own = rustix::process::geteuid().as_raw();
    let fault = if found.uid() != own && found.uid() != 0 {
        format!("belongs to user {}", found.uid())
    } else if found.mode() & WRITABLE_BY_OTHERS != 0 {
        format!(
            "may be written by every user (mode {:04o})",
            found.mode() & 0o7777
        )
    } else {
        return Ok(());
    };
    let what = format!("exec-root {path:?} {fault}; it must be the daemon's own");
    Err(Error::new(ErrorKind::InvalidInput, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(data: &Path, exec: &Path) -> HostConfig {
        HostConfig {
            data_root: data.to_owned(),
            exec_root: exec.to_owned(),
            ..HostConfig::default()
        }
    }

    #[test]
    fn roots_are_made_private_and_one_directory_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let (data, exec) = (temp.path().join("a/data"), temp.path().join("a/exec"));
        make_roots(&config(&data, &exec)).unwrap();
        for dir in [&data, &exec, &temp.path().join("a")] {
            assert_eq!(fs::metadata(dir).unwrap().mode() & 0o777, PRIVATE);
        }
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&data, &link).unwrap();
        let error = make_roots(&config(&data, &link)).unwrap_err();
        assert!(error.to_string().contains("one directory"), "{error}");
        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(
            make_roots(&config(&file, &exec)).unwrap_err().kind(),
            ErrorKind::Io
        );
    }

    #[test]
    fn an_exec_root_that_others_may_write_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let (data, exec) = (temp.path().join("data"), temp.path().join("exec"));
        make_roots(&config(&data, &exec)).unwrap();
        for mode in [0o777, 0o1777, 0o702] {
            fs::set_permissions(&exec, Permissions::from_mode(mode)).unwrap();
            let error = make_roots(&config(&data, &exec)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains("every user"), "{error}");
        }
    }
}
