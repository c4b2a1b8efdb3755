use std::fs;
use std::process::{Command, Stdio};

use super::*;

fn refused(path: &Path) -> (ErrorKind, String) {
    let error = Pidfile::write(path).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn it_comes_and_goes() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    let pidfile = Pidfile::write(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("{}\n", std::process::id()));
    drop(pidfile);
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_names_another_process_stays() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    let own = std::process::id();
    // Another daemon that writes in place, that puts its own file there, and one that cuts ours.
    for other in ["4242\n".to_owned(), format!("{own}1\n"), String::new()] {
        let pidfile = Pidfile::write(&path).unwrap();
        fs::write(&path, &other).unwrap();
        drop(pidfile);
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
        fs::remove_file(&path).unwrap();
    }
    let pidfile = Pidfile::write(&path).unwrap();
    fs::write(temp.path().join("new"), format!("{own}\n")).unwrap();
    fs::rename(temp.path().join("new"), &path).unwrap();
    drop(pidfile);
    assert!(path.exists());
}

#[test]
fn a_live_owner_is_respected_and_keeps_its_file() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    let first = Pidfile::write(&path).unwrap();
    let (kind, text) = refused(&path);
    assert_eq!(kind, ErrorKind::AlreadyRunning, "{text}");
    drop(first);

    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    // A child has its parent's name for a moment.
    while fs::read_to_string(format!("/proc/{}/comm", other.id())).unwrap() != "sleep\n" {
        thread::sleep(PAUSE);
    }
    fs::write(&path, other.id().to_string()).unwrap();
    let (kind, text) = refused(&path);
    assert_eq!(kind, ErrorKind::AlreadyRunning);
    assert!(text.contains("(sleep), which runs"), "{text}");
    other.kill().unwrap();
    other.wait().unwrap();
    drop(Pidfile::write(&path).unwrap());
}

#[test]
fn a_number_that_was_used_again_is_no_owner() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    fs::write(&path, other.id().to_string()).unwrap();
    let old = SystemTime::now() - Duration::from_secs(3600);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(old)
        .unwrap();
    drop(Pidfile::write(&path).unwrap());
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn what_is_not_a_pidfile_stays() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("precious");
    for text in [
        "precious",
        "12 34",
        "1\u{e9}",
        "99999999999999999999999999999999999999",
    ] {
        fs::write(&path, text).unwrap();
        assert_eq!(refused(&path).0, ErrorKind::InvalidInput, "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("canary", &path).unwrap();
    assert_eq!(refused(&path).0, ErrorKind::InvalidInput);
    fs::remove_file(&path).unwrap();
    let made = Command::new("mkfifo")
        .arg(&path)
        .stdin(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    assert_eq!(refused(&path).0, ErrorKind::InvalidInput);
}

#[test]
fn of_many_that_start_at_once_one_gets_it() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("pid");
    // What a daemon that is dead has left.
    fs::write(&path, "4194305\n").unwrap();
    let got: Vec<Pidfile> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Pidfile::write(&path).ok()))
            .collect();
        starts
            .into_iter()
            .filter_map(|start| start.join().unwrap())
            .collect()
    });
    assert_eq!(got.len(), 1);
    drop(got);
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn an_owner_that_cannot_be_looked_at_is_respected() {
    use rustix::mount::{UnmountFlags, mount_bind, unmount};
    use support::namespace::own_with_tmpfs;
    use support::space::Space;

    own_with_tmpfs(Space::MOUNTS, |base| {
        let path = base.join("pid");
        let mut other = Command::new("sleep").arg("60").spawn().unwrap();
        fs::write(&path, other.id().to_string()).unwrap();
        let empty = base.join("empty");
        fs::create_dir(&empty).unwrap();
        for point in ["/proc".to_owned(), format!("/proc/{}", other.id())] {
            mount_bind(&empty, &point).unwrap();
            let (kind, text) = refused(&path);
            unmount(&point, UnmountFlags::DETACH).unwrap();
            assert_eq!(kind, ErrorKind::AlreadyRunning, "{text}");
            assert!(text.contains("which may run"), "{text}");
        }
        other.kill().unwrap();
        other.wait().unwrap();
        drop(Pidfile::write(&path).unwrap());
    });
}
