//! Who lives where, while processes come and go.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mountscan::{Device, ResidentUse, Residents, ResidentsOptions, residents};
use rustix::fs::stat;
use support::skip;

use crate::namespace::{isolated, tmpfs};

/// Set in the process that a test starts from its own binary.
const INSIDE: &str = "MOUNTSCAN_INSIDE";
/// How long the storms last.
const STORM: Duration = Duration::from_secs(2);

/// Runs a test in a pid namespace of its own, as root of a user namespace of its own. All processes
/// that it sees are its own.
pub(crate) fn among_own_processes(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let own = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--mount-proc",
    ];
    if !skip::unless_runs("unshare", &[&own[..], &["true"]].concat()) {
        return;
    }
    let mut command = Command::new("unshare");
    command
        .args(own)
        .arg(std::env::current_exe().expect("a path"));
    command.args(["--exact", test, "--nocapture"]);
    let output = command.env(INSIDE, "1").output().expect("it has started");
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{said}"
    );
}

fn look() -> Residents {
    residents(&ResidentsOptions::new()).expect("procfs")
}

fn true_() -> Child {
    Command::new("true").spawn().expect("it is there")
}

fn state(pid: u32) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_whitespace().next().map(str::to_owned)
}

fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !what() {
        assert!(Instant::now() < end, "it takes too long");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn processes_that_have_ended_are_no_gap() {
    among_own_processes("residents::processes_that_have_ended_are_no_gap", || {
        let mut zombies: Vec<Child> = (0..20).map(|_| true_()).collect();
        until(|| {
            zombies
                .iter()
                .all(|z| state(z.id()).as_deref() == Some("Z"))
        });
        let found = look();
        assert_eq!(found.view.unreadable, 0, "{:?}", found.view);
        let ids: Vec<u32> = zombies.iter().map(Child::id).collect();
        assert!(found.residents.iter().all(|r| !ids.contains(&r.pid)));
        zombies.iter_mut().for_each(|zombie| drop(zombie.wait()));
    });
}

#[test]
fn a_storm_of_short_lives_leaves_no_gap() {
    among_own_processes("residents::a_storm_of_short_lives_leaves_no_gap", || {
        let (over, lives) = (AtomicBool::new(false), AtomicUsize::new(0));
        let storm = || {
            while !over.load(Ordering::Relaxed) {
                assert!(true_().wait().expect("it ends").success());
                lives.fetch_add(1, Ordering::Relaxed);
            }
        };
        let mut looks = 0;
        std::thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(storm)));
            let end = Instant::now() + STORM;
            let mut gaps = Vec::new();
            while Instant::now() < end {
                looks += 1;
                gaps.extend(Some(look().view).filter(|view| view.unreadable > 0));
            }
            over.store(true, Ordering::Relaxed);
            assert_eq!(gaps, [], "of {looks} looks");
        });
        assert!(looks > 20 && lives.into_inner() > 20, "{looks} looks");
    });
}

/// A process whose first thread has ended looks like a zombie. Its other threads go on.
#[test]
fn a_process_without_its_first_thread_is_seen() {
    if !skip::unless_runs("perl", &["-Mthreads", "-e", "1"]) {
        return;
    }
    isolated(|base| {
        let point = base.join("m");
        tmpfs(&point);
        // The second thread waits until the test closes the pipe.
        let second = "sub { sysread STDIN, my $byte, 1; kill KILL => $$ }";
        let exit = native_exit();
        let first = format!("threads->create({second})->detach; syscall {exit}, 0");
        let mut command = Command::new("perl");
        command
            .args(["-Mthreads", "-e", &first])
            .current_dir(&point);
        command.stdin(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        until(|| state(child.id()).as_deref() == Some("Z"));
        let of_child = || -> Vec<ResidentUse> {
            let mut options = ResidentsOptions::new();
            options.devices = Some(vec![device(&point)]);
            let found = residents(&options).expect("procfs").residents;
            let of_it = found.iter().filter(|r| r.pid == child.id());
            of_it.map(|r| r.how).collect()
        };
        assert_eq!(of_child(), [ResidentUse::WorkingDirectory]);
        drop(child.stdin.take());
        child.wait().expect("it ends");
    });
}

/// The number of exit(2) for programs of this machine. The test itself may be of another processor,
/// such as one of 32 bits.
fn native_exit() -> libc::c_long {
    match rustix::system::uname().machine().to_bytes() {
        b"x86_64" => 60,
        b"aarch64" | b"riscv64" => 93,
        _ => libc::SYS_exit,
    }
}

fn device(at: &Path) -> Device {
    let device = stat(at).expect("there").st_dev;
    Device {
        major: rustix::fs::major(device),
        minor: rustix::fs::minor(device),
    }
}
