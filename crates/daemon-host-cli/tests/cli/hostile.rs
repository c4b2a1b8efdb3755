//! The reference daemon among dead readers, planted files and impatient wrappers.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::socket::{Backlog, listen};
use support::namespace::prepare;

use crate::command::{Ran, SPACE, command, run};
use crate::place::{Place, end, signal};

/// The daemon shut down in order: nothing is left that is its own.
#[track_caller]
fn ended_in_order(ran: &Ran) {
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("host shut down"), "{said}");
    assert!(!said.contains("something is left"), "{said}");
}

#[test]
fn a_log_that_nobody_can_write_decides_nothing() {
    let dead = || {
        let (reader, writer) = UnixStream::pair().unwrap();
        drop(reader);
        Stdio::from(std::os::fd::OwnedFd::from(writer))
    };
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for stderr in [dead(), full()] {
        let Some(place) = Place::new() else { return };
        let child = place.start_with(|daemon| daemon.arg("-vv").stderr(stderr));
        place.configure(r#"{"bad": {}}"#);
        place.reload().expect(1);
        place.configure("{}");
        place.reload().expect(0);
        signal(&child, "TERM");
        let ran = end(child).expect(0);
        assert!(
            ran.stdout.contains("the root is released"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn a_reader_that_reads_nothing_holds_nobody_up() {
    let Some(place) = Place::new() else { return };
    // Both are full from the start, and never read.
    let stalled = || {
        let (reader, writer) = UnixStream::pair().unwrap();
        writer.set_nonblocking(true).unwrap();
        while std::io::Write::write(&mut &writer, &[b'x'; 4096]).is_ok() {}
        writer.set_nonblocking(false).unwrap();
        (reader, Stdio::from(std::os::fd::OwnedFd::from(writer)))
    };
    let ((_out, stdout), (_err, stderr)) = (stalled(), stalled());
    let child = place.start_with(|daemon| daemon.arg("-vv").stdout(stdout).stderr(stderr));
    place.configure(r#"{"bad": {}}"#);
    place.reload().expect(1);
    signal(&child, "TERM");
    end(child).expect(0);
    assert!(!place.path("pid").exists());
}

#[test]
fn a_reader_of_its_output_that_left_does_not_end_it() {
    let (reader, writer) = UnixStream::pair().unwrap();
    drop(reader);
    let gone = Stdio::from(std::os::fd::OwnedFd::from(writer));
    let full = Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for stdout in [gone, full] {
        let Some(place) = Place::new() else { return };
        let child = place.start_with(|daemon| daemon.arg("-v").stdout(stdout));
        place.reload().expect(0);
        signal(&child, "TERM");
        ended_in_order(&end(child).expect(0));
    }
}

#[test]
fn an_answer_keeps_its_code_when_its_reader_left() {
    let (reader, writer) = UnixStream::pair().unwrap();
    drop(reader);
    let gone = Stdio::from(std::os::fd::OwnedFd::from(writer));
    let mut command = command(&["addrs", "no-such-link"]);
    let output = command.stdout(gone).output().unwrap();
    Ran::new(&output).expect(1);
}

#[test]
fn two_signals_at_once_are_one() {
    let Some(place) = Place::new() else { return };
    for _ in 0..8 {
        let child = place.start_with(|daemon| daemon.arg("-v"));
        signal(&child, "TERM");
        signal(&child, "TERM");
        signal(&child, "INT");
        ended_in_order(&end(child).expect(0));
    }
}

#[test]
fn a_configuration_that_never_ends_is_refused_and_the_signal_obeyed() {
    let Some(place) = Place::new() else { return };
    let child = place.start_with(|daemon| daemon.arg("-v"));
    let config = place.path("daemon.json");
    fs::remove_file(&config).unwrap();
    let made = Command::new("mkfifo").arg(&config).status();
    assert!(made.unwrap().success());
    let answer = place.reload().expect(1);
    assert!(answer.stdout.contains("FIFO"), "{}", answer.stdout);
    signal(&child, "HUP");
    signal(&child, "TERM");
    ended_in_order(&end(child).expect(0));
}

#[test]
fn clients_that_took_all_descriptors_do_not_keep_it_from_shutting_down() {
    let Some(place) = Place::new() else { return };
    for limit in [20, 24, 32, 64] {
        let limited = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
        let child = place.start_by_shell(&limited);
        let socket = place.path("exec/daemon-host.sock");
        // Fewer than wait in the socket's queue when nobody accepts.
        let clients: Vec<_> = (0..15)
            .map(|_| UnixStream::connect(&socket).unwrap())
            .collect();
        thread::sleep(Duration::from_millis(200));
        signal(&child, "TERM");
        ended_in_order(&end(child).expect(0));
        drop(clients);
    }
}

#[test]
fn a_mask_that_takes_every_permission_takes_none_of_ours() {
    let Some(place) = Place::new() else { return };
    fs::remove_dir(place.path("data")).unwrap();
    let child = place.start_by_shell("umask 0777; exec \"$0\" \"$@\"");
    for dir in ["data", "exec"] {
        let mode = fs::metadata(place.path(dir)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700, "{dir}");
    }
    signal(&child, "TERM");
    ended_in_order(&end(child).expect(0));
}

#[test]
fn what_is_not_its_own_stays_where_it_is() {
    let Some(place) = Place::new() else { return };
    let precious = place.path("precious");
    fs::write(&precious, "precious").unwrap();
    for flag in ["--socket", "--pidfile"] {
        let config = place.path("daemon.json");
        let mut daemon = command(&["run", "-v", flag]);
        daemon.arg(&precious).arg("--config").arg(&config);
        let output = support::namespace::output(SPACE, &mut daemon);
        let ran = Ran::new(&output.unwrap()).expect(2);
        assert!(ran.stderr.contains("not replaced"), "{}", ran.stderr);
        ended_in_order(&ran);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    }
}

#[test]
fn a_live_daemon_keeps_its_socket() {
    let (Some(one), Some(other)) = (Place::new(), Place::new()) else {
        return;
    };
    let child = one.start();
    let socket = one.path("exec/daemon-host.sock");
    let mut second = command(&["run", "--socket"]);
    second
        .arg(&socket)
        .arg("--config")
        .arg(other.path("daemon.json"));
    let output = support::namespace::output(SPACE, &mut second);
    let ran = Ran::new(&output.unwrap()).expect(2);
    assert!(ran.stderr.contains("a daemon listens at"), "{}", ran.stderr);
    one.reload().expect(0);
    signal(&child, "TERM");
    end(child).expect(0);
    let args = ["reload", "--socket", socket.to_str().unwrap()];
    let gone = run(&args).expect(2);
    assert!(gone.stderr.contains("no answer from"), "{}", gone.stderr);
}

/// Somebody listens and accepts nobody, and its queue is full: a connect(2) would wait for ever.
#[test]
fn a_full_queue_holds_nobody_up() {
    let Some(place) = Place::new() else { return };
    let socket = place.path("full.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    listen(&listener, Backlog::new(0).unwrap()).unwrap();
    let client = UnixStream::connect(&socket).unwrap();
    let path = socket.to_str().unwrap();
    let begin = Instant::now();
    let ran = run(&["reload", "--socket", path, "--seconds", "1"]).expect(2);
    assert!(ran.stderr.contains("full.sock"), "{}", ran.stderr);
    let mut daemon = command(&["run", "--socket", path, "--config"]);
    let daemon = prepare(SPACE, &mut daemon).arg(place.path("daemon.json"));
    let ran = Ran::new(&daemon.output().unwrap()).expect(2);
    assert!(ran.stderr.contains("a daemon listens"), "{}", ran.stderr);
    assert!(begin.elapsed() < Duration::from_secs(10));
    drop(client);
}

/// Whatever else listens there, its answer is no reload that was done.
#[test]
fn an_answer_without_a_generation_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("other.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    for answer in ["[]", "{}", "1", "{\"generation\": null}"] {
        let ran = thread::scope(|scope| {
            scope.spawn(|| {
                let (mut client, _) = listener.accept().unwrap();
                let mut word = [0; 7];
                client.read_exact(&mut word).unwrap();
                client.write_all(answer.as_bytes()).unwrap();
            });
            run(&["reload", "--socket", socket.to_str().unwrap()])
        });
        let ran = ran.expect(2);
        assert!(ran.stderr.contains("generation"), "{}", ran.stderr);
    }
}
