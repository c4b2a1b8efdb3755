//! Peers in other languages: a few lines of Go and C that call them, built when the tools are
//! there.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

/// A running peer. Started after a mount namespace was entered, it sees that namespace.
pub(crate) struct Peer {
    name: &'static str,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Starts those that could be built.
pub(crate) fn start() -> Vec<Peer> {
    static BUILT: OnceLock<Vec<(&str, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let peers = [
            ("moby/sys/mountinfo (Go)", build_go()),
            ("libmount of util-linux (C)", build_c()),
        ];
        let built = peers.into_iter().filter_map(|(name, built)| match built {
            Ok(program) => Some((name, program)),
            Err(reason) => {
                eprintln!("peer skipped: {name}: {reason}");
                None
            }
        });
        built.collect()
    });
    built
        .iter()
        .map(|(name, program)| Peer::start(name, program))
        .collect()
}

impl Peer {
    fn start(name: &'static str, program: &Path) -> Peer {
        let mut command = Command::new(program);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("just built");
        let pipes = (child.stdin.take(), child.stdout.take());
        let (Some(requests), Some(answers)) = pipes else {
            unreachable!("both were asked for");
        };
        let answers = BufReader::new(answers);
        Peer {
            name,
            child,
            requests,
            answers,
        }
    }

    /// Adds the peer's row to a group, if it has an answer to this work.
    pub(crate) fn bench(
        &mut self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        size: u32,
        work: &str,
        argument: &Path,
    ) {
        if self.time(work, 1, argument).is_none() {
            return;
        }
        let id = criterion::BenchmarkId::new(self.name, size);
        group.bench_function(id, |b| {
            b.iter_custom(|rounds| {
                self.time(work, rounds, argument)
                    .expect("it answered before")
            });
        });
    }

    fn time(&mut self, work: &str, rounds: u64, argument: &Path) -> Option<Duration> {
        let argument = argument.display();
        writeln!(self.requests, "{work} {rounds} {argument}").expect("it reads on");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("text");
        match answer.trim() {
            "none" => None,
            "" => panic!("{} ended on {work} {argument}", self.name),
            nanoseconds => Some(Duration::from_nanos(nanoseconds.parse().expect("a number"))),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(name)
}

fn target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// From the module in GOPATH, as Debian's golang-github-moby-sys-dev has it, so that nothing is
/// fetched.
fn build_go() -> Result<PathBuf, String> {
    let program = target("peer-moby");
    let path = std::env::var_os("GOPATH").unwrap_or_else(|| "/usr/share/gocode".into());
    let mut go = Command::new("go");
    go.env("GO111MODULE", "off").env("GOPATH", path);
    go.args(["build", "-o"])
        .arg(&program)
        .arg(source("moby.go"));
    run(go, "go").map(|()| program)
}

fn build_c() -> Result<PathBuf, String> {
    let program = target("peer-libmount");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-o"])
        .arg(&program)
        .arg(source("libmount.c"));
    cc.args(["-I/usr/include/libmount", "-lmount"]);
    run(cc, "cc").map(|()| program)
}

fn run(mut command: Command, tool: &str) -> Result<(), String> {
    let output = match command.output() {
        Err(_) => return Err(format!("{tool} is not installed")),
        Ok(output) => output,
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said
        .lines()
        .find(|line| !line.starts_with('#'))
        .unwrap_or("no reason given");
    Err(format!("does not build: {first}"))
}
