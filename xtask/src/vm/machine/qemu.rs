//! One virtual machine: started, watched, and never left behind.

use super::accel::Accel;
use crate::vm::image::bundle::Bundle;
use crate::vm::say::console;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};
use std::io::{BufRead, BufReader};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use support::protocol::Record;

pub(crate) const PROGRAM: &str = "qemu-system-x86_64";

/// What the guest's kernel is told. `no_timer_check`: two machines that
/// start together on few processors miscalibrate the timer otherwise.
const COMMAND_LINE: &str = "console=ttyS0,115200 panic=-1 oops=panic no_timer_check nokaslr mitigations=off \
    random.trust_cpu=on cryptomgr.notests";

/// What to boot.
pub(crate) struct Spec<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) initramfs: &'a Path,
    pub(crate) accel: Accel,
}

/// A running machine; dropping it kills it.
pub(crate) struct Machine {
    child: Child,
    console: PathBuf,
    records: Receiver<Record>,
    _place: tempfile::TempDir,
}

/// What came of waiting for a record.
pub(crate) enum Heard {
    Record(Record),
    Nothing,
    /// qemu is gone, and all it had sent is heard.
    Gone(Option<ExitStatus>),
}

impl Machine {
    /// Starts it.
    pub(crate) fn start(spec: &Spec<'_>) -> Result<Self> {
        // A socket's path has room for 107 bytes, so not below the target directory.
        let place = tempfile::Builder::new()
            .prefix("vm-")
            .tempdir()
            .context("making a place for the machine")?;
        let console = place.path().join("console.log");
        let socket = place.path().join("result");
        let listener = UnixListener::bind(&socket).with_context(|| socket.display().to_string())?;
        let mut command = supervised();
        command
            .args(spec.accel.arguments())
            .args(["-display", "none"]);
        command
            .arg("-chardev")
            .arg(format!("file,id=console,path={}", console.display()));
        command.args(["-serial", "chardev:console"]);
        command.arg("-chardev").arg(format!(
            "socket,id=result,server=off,path={}",
            socket.display()
        ));
        command.args(["-device", "virtio-serial-pci", "-device"]);
        command.arg("virtserialport,chardev=result,name=vm.result");
        boot_arguments(&mut command, spec, "")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let child = child.with_context(|| format!("starting {PROGRAM}"))?;
        let (sender, records) = mpsc::channel();
        let mut machine = Self {
            child,
            console,
            records,
            _place: place,
        };
        let stream = machine.accept(&listener)?;
        std::thread::spawn(move || receive(stream, &sender));
        Ok(machine)
    }

    /// qemu connects before the guest runs; if it does not, it said why.
    fn accept(&mut self, listener: &UnixListener) -> Result<UnixStream> {
        listener.set_nonblocking(true).context("listening")?;
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(false).context("listening")?;
                return Ok(stream);
            }
            if let Some(status) = self.child.try_wait().context("waiting for qemu")? {
                bail!("{PROGRAM} ended at once, {status}: {}", self.complaint());
            }
            if Instant::now() > end {
                bail!("{PROGRAM} did not connect to its result port in 30 s");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(stderr) = self.child.stderr.as_mut() {
            let _ = std::io::Read::read_to_string(stderr, &mut text);
        }
        text.trim().to_owned()
    }

    /// Waits a short while for the next record.
    pub(crate) fn hear(&mut self, wait: Duration) -> Heard {
        match self.records.recv_timeout(wait) {
            Ok(record) => Heard::Record(record),
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            // The port closed: powered off, panicked or killed.
            Err(RecvTimeoutError::Disconnected) => Heard::Gone(self.end()),
        }
    }

    /// qemu flushes and goes some time after its port closed.
    fn end(&mut self) -> Option<ExitStatus> {
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// All that the guest wrote to its console.
    pub(crate) fn console(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.console).unwrap_or_default()).into_owned()
    }

    /// How much the console has by now.
    pub(crate) fn console_length(&self) -> usize {
        let length = std::fs::metadata(&self.console).map_or(0, |file| file.len());
        usize::try_from(length).unwrap_or(usize::MAX)
    }

    /// The worst that the console tells after that many bytes.
    pub(crate) fn finding(&self, after: usize) -> Option<console::Finding> {
        let bytes = std::fs::read(&self.console).unwrap_or_default();
        console::finding(&String::from_utf8_lossy(bytes.get(after..)?))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Fails if it is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A look inside: the console on this terminal.
pub(crate) fn shell(spec: &Spec<'_>) -> Result<()> {
    let mut command = supervised();
    command.args(spec.accel.arguments());
    command.args([
        "-display",
        "none",
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console",
    ]);
    boot_arguments(&mut command, spec, " daemon_host.shell=1 quiet")?;
    let status = command
        .status()
        .with_context(|| format!("starting {PROGRAM}"))?;
    if !status.success() {
        bail!("{PROGRAM}: {status}");
    }
    Ok(())
}

fn boot_arguments(command: &mut Command, spec: &Spec<'_>, more: &str) -> Result<()> {
    let size = spec
        .initramfs
        .metadata()
        .with_context(|| spec.initramfs.display().to_string())?
        .len()
        >> 20;
    command.args(["-M", "q35", "-nodefaults", "-no-user-config", "-no-reboot"]);
    // The archive and its unpacked copy lie in memory together, and half of it may be files.
    command
        .arg("-m")
        .arg(format!("{}", (size * 3 + 256).max(512)));
    command
        .arg("-kernel")
        .arg(spec.bundle.kernel())
        .arg("-initrd")
        .arg(spec.initramfs);
    command
        .arg("-append")
        .arg(format!("{COMMAND_LINE} {}{more}", support::guest::MARKER));
    Ok(())
}

/// qemu by way of ourselves, so that the kernel kills it if we die.
fn supervised() -> Command {
    // Not by its path: a build may replace the file while the lane runs.
    let mut command = Command::new("/proc/self/exe");
    command.args(["vm", "supervise", &std::process::id().to_string(), PROGRAM]);
    command
}

/// `xtask vm supervise PARENT PROGRAM ARGUMENT…`: becomes the program, to be
/// killed with the thread that started it. The flag outlives exec.
pub(crate) fn supervise(parent: u32, program: &[std::ffi::OsString]) -> Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("prctl(PR_SET_PDEATHSIG)")?;
    let now = rustix::process::getppid().map(Pid::as_raw_nonzero);
    if now.is_none_or(|now| u32::try_from(now.get()) != Ok(parent)) {
        bail!("the process that asked for it is gone");
    }
    let (program, arguments) = program.split_first().context("no program")?;
    Err(Command::new(program).args(arguments).exec())
        .with_context(|| program.to_string_lossy().into_owned())
}

fn receive(stream: UnixStream, sender: &mpsc::Sender<Record>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
        let whole = line.strip_suffix(b"\n");
        if let Some(record) = whole.and_then(Record::parse) {
            if sender.send(record).is_err() {
                return;
            }
        }
        line.clear();
    }
}
