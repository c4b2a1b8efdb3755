//! A file system that does not answer: nothing hangs, and the rest goes on.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use rootmount::{Detach, ErrorKind, PlanOptions, Rules, execute, plan};
use rustix::fs::OFlags;
use support::skip;

use crate::mounts::*;

/// A FUSE file system with directories that hold each other for ever, served by a thread
/// that stops answering when it is told to. Its device stays open until the test ends.
struct Server {
    silent: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// `None` where this machine has no FUSE.
    fn start(point: &Path) -> Option<Self> {
        std::fs::create_dir_all(point).unwrap();
        let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
        let mut how = File::options();
        how.read(true).write(true).custom_flags(nonblock);
        let Ok(device) = how.open("/dev/fuse") else {
            skip::skip("no /dev/fuse");
            return None;
        };
        let fd = device.as_raw_fd();
        let options = format!("fd={fd},rootmode=40000,user_id=0,group_id=0");
        let flags = MsFlags::empty();
        if let Err(errno) = mount(Some("test"), point, Some("fuse"), flags, Some(&*options)) {
            skip::skip(&format!("mount fuse: {errno}"));
            return None;
        }
        let silent = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&silent);
        let thread = std::thread::spawn(move || {
            serve(&device, &stop);
            // An end of the connection would be an answer.
            std::mem::forget(device);
        });
        Some(Self {
            silent,
            thread: Some(thread),
        })
    }

    /// From now on requests are not even read, as those of a stopped process.
    fn stop_answering(mut self) {
        self.silent.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Answers INIT, LOOKUP, GETATTR and little else. See linux/fuse.h.
fn serve(mut device: &File, silent: &AtomicBool) {
    let mut request = vec![0; 1 << 17];
    while !silent.load(Ordering::SeqCst) {
        let length = match device.read(&mut request) {
            Ok(length) => length,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            Err(e) => panic!("read /dev/fuse: {e}"),
        };
        assert!(length >= 40);
        let word = |at: usize| u32::from_ne_bytes(request[at..at + 4].try_into().unwrap());
        let (opcode, unique) = (word(4), &request[8..16]);
        let body = match opcode {
            1 => entry(&request[16..length]),  // LOOKUP
            3 => attributes(&request[16..24]), // GETATTR
            26 => init(),                      // INIT
            27 => vec![0; 16],                 // OPENDIR
            2 | 36 | 42 => continue,           // FORGET, INTERRUPT, BATCH_FORGET want no answer
            _ => Vec::new(),
        };
        let error: i32 = if body.is_empty() { -38 } else { 0 };
        let mut answer = Vec::from(u32::try_from(16 + body.len()).unwrap().to_ne_bytes());
        answer.extend_from_slice(&error.to_ne_bytes());
        answer.extend_from_slice(unique);
        answer.extend_from_slice(&body);
        // A request that was interrupted meanwhile wants no answer any more.
        let _ = device.write_all(&answer);
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_ne_bytes()).collect()
}

/// `struct fuse_init_out`: protocol 7.19.
fn init() -> Vec<u8> {
    let mut out = words(&[7, 19, 0, 0, 0, 1 << 16]);
    out.resize(24, 0);
    out
}

/// `struct fuse_attr` of a directory.
fn attr(node: &[u8]) -> Vec<u8> {
    let mut out = node.to_vec();
    out.resize(48, 0);
    out.extend(words(&[0, 0, 0, 0o040_755, 2, 0, 0, 0, 4096, 0]));
    out
}

/// `struct fuse_entry_out`: valid for no time at all, so that each look-up asks again. The
/// node follows from the parent's, which stands first, and the name, which stands last.
fn entry(parent_and_name: &[u8]) -> Vec<u8> {
    let parent = u64::from_ne_bytes(parent_and_name[..8].try_into().unwrap());
    let name = parent_and_name[24..].iter().map(|&b| u64::from(b));
    let node = (parent * 4096 + name.sum::<u64>()).to_ne_bytes();
    let mut out = node.to_vec();
    out.resize(40, 0);
    out.extend(attr(&node));
    out
}

fn attributes(node: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 16];
    out.extend(attr(node));
    out
}

fn mount_inside(point: &Path) {
    let point = CString::new(point.as_os_str().as_encoded_bytes()).unwrap();
    let none = None::<&std::ffi::CStr>;
    mount(
        Some(c"tmpfs"),
        point.as_c_str(),
        Some(c"tmpfs"),
        MsFlags::empty(),
        none,
    )
    .unwrap();
}

#[test]
fn mounts_inside_a_server_that_is_stopped_go_from_above() {
    isolated_as_root(|base| {
        let root = data_root(base);
        let point = root.join("fuse-overlayfs").join(id(1)).join("merged");
        let Some(server) = Server::start(&point) else {
            return;
        };
        mount_inside(&point.join("etc"));
        std::fs::create_dir(point.join("etc/sub")).unwrap();
        mount_inside(&point.join("etc/sub"));
        shm(&root, 2);
        server.stop_answering();
        let began = Instant::now();
        let report = execute(&sweep(&root), &options()).unwrap();
        assert!(began.elapsed() < Duration::from_secs(2), "{report}");
        assert!(report.is_clean(), "{report}");
        let outcomes: Vec<_> = report.steps().iter().map(|s| s.outcome.as_str()).collect();
        assert_eq!(
            outcomes,
            ["unmounted", "detached", "detached", "detached"],
            "{report}"
        );
        // They were not looked at, so nobody knows whether they have ended.
        let lives: Vec<_> = report.steps().iter().map(|step| step.life()).collect();
        let unknown = Some(rootmount::MountLife::Unknown);
        assert_eq!(lives, [None, unknown, unknown, unknown], "{report}");
        assert!(points(&root).is_empty());
    });
}

/// What hangs though its type does not tell: here a bind of a stopped server's directory
/// that a table calls something else.
#[test]
fn a_step_that_hangs_is_given_up_and_its_parent_takes_it_along() {
    isolated_as_root(|base| {
        let root = data_root(base);
        let point = root.join("fuse-overlayfs").join(id(1)).join("merged");
        let Some(server) = Server::start(&point) else {
            return;
        };
        mount_inside(&point.join("etc"));
        let others: Vec<PathBuf> = (2..6).map(|n| shm(&root, n)).collect();
        let rows = table().to_bytes();
        let rows = String::from_utf8(rows)
            .unwrap()
            .replace(" - fuse ", " - ext4 ");
        let table = rootmount::MountTable::from_bytes(rows);
        let plan = plan(&table, &Rules::sweep(), &PlanOptions::new(&root)).unwrap();
        assert_eq!(plan.steps().len(), 2 + others.len(), "{plan}");
        server.stop_answering();
        let mut options = options();
        options.step_limit = Duration::from_millis(300);
        let report = execute(&plan, &options).unwrap();
        assert!(report.is_clean(), "{report}");
        assert!(points(&root).is_empty());
    });
}

#[test]
fn what_cannot_go_from_above_is_said_not_to_answer_and_the_rest_goes_on() {
    isolated_as_root(|base| {
        let root = data_root(base);
        let volume = root.join("volumes/remote");
        let Some(server) = Server::start(&volume) else {
            return;
        };
        mount_inside(&volume.join("etc"));
        let inside = Rules::sweep().with_custom(["volumes/remote/etc"]).unwrap();
        shm(&root, 2);
        let plan = plan(&table(), &inside, &PlanOptions::new(&root)).unwrap();
        assert_eq!(plan.steps().len(), 2, "{plan}");
        server.stop_answering();
        let mut options = options();
        options.step_limit = Duration::from_millis(300);
        options.detach = Detach::Never;
        let began = Instant::now();
        let report = execute(&plan, &options).unwrap();
        assert!(began.elapsed() < Duration::from_secs(3), "{report}");
        let mut outcomes: Vec<_> = report.steps().iter().map(|s| s.outcome.as_str()).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes, ["no-answer", "unmounted"], "{report}");
        assert!(
            report.to_string().contains("did not answer in 0.3 s"),
            "{report}"
        );
    });
}

#[test]
fn a_data_root_inside_a_server_that_is_stopped_ends_with_an_error() {
    isolated_as_root(|base| {
        let point = base.join("remote");
        let Some(server) = Server::start(&point) else {
            return;
        };
        let options = rootmount::DataRootOptions::new(point.join("docker"), base.join("exec"));
        server.stop_answering();
        let began = Instant::now();
        let error = rootmount::status(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoAnswer, "{error}");
        assert!(began.elapsed() < Duration::from_secs(8));
    });
}
