use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use serde_json::json;

use super::super::ask;
use super::super::hall::MOST_CLIENTS;
use super::*;
use crate::error::ErrorKind;

const LONG: Duration = Duration::from_secs(30);

fn listen(path: &Path) -> Result<ControlSocket, Error> {
    ControlSocket::listen(path, |pending| {
        let said = json!({ "asked": pending.request().as_str() });
        pending.answer(said);
    })
}

/// A directory whose path is longer than a socket address.
fn deep(temp: &tempfile::TempDir) -> PathBuf {
    let dir = temp.path().join("d".repeat(200));
    fs::create_dir(&dir).unwrap();
    dir
}

#[test]
fn a_request_is_answered_and_nonsense_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let path = deep(&temp).join("c.sock");
    let control = listen(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    let answer = ask(&path, Request::Reload, LONG).unwrap();
    assert_eq!(answer, json!({ "asked": "reload" }));

    for nonsense in [&[b'x'; 1000][..], b"\xff\xfe\n", b"\n"] {
        let mut stream = super::super::socket::connect(&path, None).unwrap();
        let _ = stream.write_all(nonsense);
        let mut text = String::new();
        // One line, for the rest of what was sent makes the end of the answer a reset.
        BufReader::new(stream).read_line(&mut text).unwrap();
        assert!(text.contains("unknown-request"), "{text}");
    }

    drop(control);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    let gone = ask(&path, Request::Status, LONG).unwrap_err();
    assert_eq!(gone.raw_os_error(), Some(2), "{gone}");
}

#[test]
fn a_live_daemon_keeps_its_socket_and_a_dead_one_does_not() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("c.sock");
    let first = listen(&path).unwrap();
    let error = listen(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyRunning, "{error}");
    ask(&path, Request::Status, LONG).unwrap();
    drop(first);

    drop(UnixListener::bind(&path).unwrap());
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    let second = listen(&path).unwrap();
    ask(&path, Request::Status, LONG).unwrap();

    // What another put there meanwhile stays.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another's").unwrap();
    drop(second);
    assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
}

#[test]
fn what_is_not_a_socket_stays() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("precious");
    fs::write(&path, "precious").unwrap();
    let error = listen(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    let link = temp.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(listen(&link).unwrap_err().kind(), ErrorKind::InvalidInput);
    let long = temp.path().join("n".repeat(100));
    assert_eq!(listen(&long).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2);
}

#[test]
fn of_many_daemons_at_once_one_listens() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("c.sock");
    drop(UnixListener::bind(&path).unwrap());
    let got: Vec<ControlSocket> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| listen(&path).ok())).collect();
        starts
            .into_iter()
            .filter_map(|start| start.join().unwrap())
            .collect()
    });
    assert_eq!(got.len(), 1);
    ask(&path, Request::Status, LONG).unwrap();
}

#[test]
fn silent_clients_are_few_and_do_not_last() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("c.sock");
    let _control = listen(&path).unwrap();
    let silent: Vec<_> = (0..40)
        .map(|_| UnixStream::connect(&path).unwrap())
        .collect();
    let answers = |streams: &[UnixStream]| {
        let mut busy = 0;
        for mut stream in streams {
            stream
                .set_read_timeout(Some(Duration::from_millis(50)))
                .unwrap();
            let mut text = String::new();
            let _ = stream.read_to_string(&mut text);
            busy += usize::from(text.contains("busy"));
        }
        busy
    };
    assert_eq!(answers(&silent), 40 - MOST_CLIENTS);
    // One of them sends a byte now and then; its time is up all the same.
    let begin = Instant::now();
    while begin.elapsed() < CLIENT_LIMIT + Duration::from_secs(1) {
        let _ = (&silent[0]).write_all(b"r");
        thread::sleep(Duration::from_millis(200));
    }
    let answer = ask(&path, Request::Status, LONG).unwrap();
    assert_eq!(answer, json!({ "asked": "status" }));
}

#[test]
fn a_daemon_that_does_not_answer_is_not_waited_for() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("c.sock");
    let held: Arc<std::sync::Mutex<Vec<Pending>>> = Arc::default();
    let keep = Arc::clone(&held);
    let _control = ControlSocket::listen(&path, move |pending| {
        keep.lock().unwrap().push(pending);
    })
    .unwrap();
    let error = ask(&path, Request::Status, Duration::from_millis(100)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");

    let endless = temp.path().join("endless.sock");
    let listener = UnixListener::bind(&endless).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while stream.write_all(&[b' '; 65536]).is_ok() {}
    });
    let error = ask(&endless, Request::Status, LONG).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}
