//! Whether an engine runs whose exec root this is.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::path_text::shown;

/// Says which engine runs with this exec root, if one does: a pid file there whose process
/// lives, or a socket there that somebody listens on. `proc` is where procfs is mounted.
///
/// An engine that runs starts containers at any moment, so what is dead at one look may
/// be a container that is just being made.
pub fn running_engine(exec_root: &Path, proc: &Path) -> Option<String> {
    by_pid_file(exec_root, proc).or_else(|| by_socket(exec_root, proc))
}

/// Pid files lie in the exec root, or beside it: `/run/docker` and `/run/docker.pid`.
fn by_pid_file(exec_root: &Path, proc: &Path) -> Option<String> {
    let mut beside = exec_root.as_os_str().to_os_string();
    beside.push(".pid");
    let inside = fs::read_dir(exec_root).into_iter().flatten().flatten();
    let inside = inside.map(|entry| entry.path());
    let is_pid_file = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "pid");
    let mut files = inside.filter(is_pid_file).chain([beside.into()]);
    files.find_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        let pid: u32 = text.trim().parse().ok()?;
        let comm = fs::read_to_string(proc.join(pid.to_string()).join("comm")).ok()?;
        Some(format!("pid {pid} {} ({})", comm.trim(), shown(&path)))
    })
}

/// A listening socket has the flag `__SO_ACCEPTCON` in `/proc/net/unix`.
fn by_socket(exec_root: &Path, proc: &Path) -> Option<String> {
    let text = fs::read(proc.join("net/unix")).ok()?;
    let mut beside = exec_root.as_os_str().as_bytes().to_vec();
    beside.extend_from_slice(b".sock");
    let listened = text.split(|&b| b == b'\n').filter_map(|line| {
        let mut fields = line.split(|&b| b == b' ').filter(|f| !f.is_empty());
        let flags = fields.nth(3)?;
        (flags == b"00010000").then_some(())?;
        fields.nth(3)
    });
    let is_its = |path: &&[u8]| {
        let path_of = Path::new(std::ffi::OsStr::from_bytes(path));
        *path == beside || path_of.starts_with(exec_root)
    };
    // The sockets of shims live as long as their containers, with or without an engine.
    let is_shims =
        |path: &&[u8]| path.windows(3).any(|w| w == b"/s/") || path.ends_with(b"shim.sock");
    let mut found = listened.filter(is_its).filter(|path| !is_shims(path));
    let path = found.next()?;
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    Some(format!("{} is listened on", shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn proc_with(unix: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let proc = dir.path().join("proc");
        fs::create_dir_all(proc.join("net")).unwrap();
        fs::create_dir_all(proc.join("812")).unwrap();
        fs::write(proc.join("812/comm"), "dockerd\n").unwrap();
        fs::write(proc.join("net/unix"), unix).unwrap();
        (dir, proc)
    }

    #[test]
    fn a_pid_file_counts_only_with_its_process() {
        let (dir, proc) = proc_with("");
        let exec_root = dir.path().join("docker");
        fs::create_dir_all(&exec_root).unwrap();
        assert_eq!(running_engine(&exec_root, &proc), None);
        fs::write(dir.path().join("docker.pid"), "813").unwrap();
        assert_eq!(running_engine(&exec_root, &proc), None);
        fs::write(dir.path().join("docker.pid"), "812\n").unwrap();
        let found = running_engine(&exec_root, &proc).unwrap();
        assert!(found.starts_with("pid 812 dockerd ("), "{found}");
    }

    #[test]
    fn a_socket_counts_only_if_somebody_listens() {
        let head = "Num       RefCount Protocol Flags    Type St Inode Path\n";
        let line = |flags: &str, path: &str| {
            format!("{head}0000000000000000: 00000002 00000000 {flags} 0001 01 23456 {path}\n")
        };
        let asked = |text: &str| {
            let (_dir, proc) = proc_with(text);
            running_engine(Path::new("/run/nosuchengine"), &proc)
        };
        assert!(asked(&line("00010000", "/run/nosuchengine.sock")).is_some());
        assert!(asked(&line("00010000", "/run/nosuchengine/libnetwork/a.sock")).is_some());
        assert_eq!(asked(&line("00000000", "/run/nosuchengine.sock")), None);
        assert_eq!(asked(&line("00010000", "/run/nosuchengine2.sock")), None);
        assert_eq!(asked(&line("00010000", "/run/nosuchengine/s/0a1b")), None);
    }
}
