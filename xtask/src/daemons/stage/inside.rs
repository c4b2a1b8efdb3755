//! Inside the namespaces: PID 1, the tree, what is mounted, who is killed.

use crate::vm::libraries;
use anyhow::{Context, Result, bail};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
    mount_change, unmount,
};
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process, kill_process_group, pivot_root, wait,
};
use std::ffi::{CString, OsStr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A writable view of a tree, with the file systems a daemon expects, as the
/// root of this namespace; the tree in the cache stays as it is.
///
/// The root itself and not a chroot: the kernel refuses user namespaces to chrooted processes.
pub(crate) struct Stage {
    loader: Option<PathBuf>,
}

/// Where the command under test and its libraries lie in the tree.
const TOOL: &str = "/.tool";

impl Stage {
    /// Sets it up below `scratch`, of a tree or of several with colons between, with the command
    /// under test in it.
    pub(crate) fn set(tree: &OsStr, scratch: &Path, tool: &Path) -> Result<Self> {
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private).context("making / private")?;
        on("tmpfs", scratch, "mode=755")?;
        let root = scratch.join("root");
        for name in ["upper", "work", "root"] {
            std::fs::create_dir_all(scratch.join(name)).context(name)?;
        }
        let (lower, s) = (tree.to_string_lossy(), scratch.display());
        let layers = format!("lowerdir={lower},upperdir={s}/upper,workdir={s}/work");
        on("overlay", &root, &layers)?;
        on("proc", &root.join("proc"), "")?;
        for name in ["sys", "dev"] {
            mount_bind_recursive(Path::new("/").join(name), root.join(name))
                .with_context(|| format!("binding /{name}"))?;
        }
        // podman keeps its locks there, which are no other machine's.
        on("tmpfs", &root.join("dev/shm"), "mode=1777")?;
        hide_controllers(&root.join("sys/fs/cgroup"), scratch)?;
        on("tmpfs", &root.join("run"), "mode=755")?;
        on("tmpfs", &root.join("tmp"), "mode=1777")?;
        let loader = install(tool, &root.join(TOOL.trim_start_matches('/')))?;
        std::env::set_current_dir(&root).context("entering the tree")?;
        pivot_root(".", ".").context("making the tree the root")?;
        unmount(".", UnmountFlags::DETACH).context("letting the old root go")?;
        std::env::set_current_dir("/").context("entering the tree")?;
        Ok(Self { loader })
    }

    /// The command under test, which may need another libc than the tree has.
    pub(crate) fn tool(&self) -> Command {
        let program = Path::new(TOOL).join("program");
        match &self.loader {
            Some(loader) => {
                let mut command = Command::new(loader);
                command.arg("--library-path").arg(TOOL).arg(program);
                command
            }
            None => Command::new(program),
        }
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) -> Result<()> {
        if let Some(parent) = Path::new(path).parent() {
            std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        std::fs::write(path, text).with_context(|| path.to_owned())
    }

    /// A program of the tree.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).env_clear();
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root");
        command
    }

    /// Starts a daemon whose words go to a log.
    pub(crate) fn start(&self, program: &str, arguments: &[&str]) -> Result<Started> {
        let name = program.rsplit('/').next().unwrap_or(program);
        let mut command = self.command(program);
        command.args(arguments);
        Started::new(&mut command, PathBuf::from(format!("/tmp/{name}.log")))
    }
}

/// A process that goes on by itself, and what it says.
pub(crate) struct Started {
    child: Child,
    pub(crate) log: PathBuf,
}

impl Started {
    /// Starts it.
    pub(crate) fn new(command: &mut Command, log: PathBuf) -> Result<Self> {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log);
        let file = file.context("opening a log")?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        Ok(Self { child, log })
    }

    /// All it has said.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to end, as a service manager does, and waits for it.
    pub(crate) fn end(&mut self) -> Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("asking it to end")?;
        let mut status = None;
        until("a daemon to end", Duration::from_secs(60), || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        })
        .with_context(|| format!("it said: {}", tail(&self.said())))?;
        status.context("it ended")
    }

    /// Ends it.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill().context("killing")?;
        self.child
            .wait()
            .map(drop)
            .context("waiting for what was killed")
    }
}

/// crun refuses a machine that has both kinds of control groups while the newer one has
/// controllers; nothing here needs them, so it is shown none.
fn hide_controllers(groups: &Path, scratch: &Path) -> Result<()> {
    let controllers = groups.join("unified/cgroup.controllers");
    if controllers.exists() {
        let none = scratch.join("no-controllers");
        std::fs::write(&none, "").context("no-controllers")?;
        mount_bind(&none, &controllers).context("hiding the controllers")?;
    }
    Ok(())
}

/// Copies a program, its loader and libraries; gives the loader's new place.
fn install(program: &Path, directory: &Path) -> Result<Option<PathBuf>> {
    std::fs::create_dir_all(directory).context("making a place for the command")?;
    let copy = |from: &Path, name: &OsStr| {
        std::fs::copy(from, directory.join(name)).with_context(|| from.display().to_string())
    };
    copy(program, "program".as_ref())?;
    let files = libraries(program)?;
    for file in &files {
        copy(file, file.file_name().context("a library has a name")?)?;
    }
    let loader = files.first().and_then(|loader| loader.file_name());
    Ok(loader.map(|name| Path::new(TOOL).join(name)))
}

/// Mounts.
pub(crate) fn on(kind: &str, point: &Path, options: &str) -> Result<()> {
    std::fs::create_dir_all(point).with_context(|| point.display().to_string())?;
    let options = CString::new(options).context("mount options")?;
    mount(kind, point, kind, MountFlags::empty(), options.as_c_str())
        .with_context(|| format!("mounting {kind} on {}", point.display()))
}

/// Kills everything in the namespace but PID 1 and this process, and waits until it is gone.
pub(crate) fn kill_all() -> Result<()> {
    // The group of PID 1 is kill(2)'s -1.
    let _ = kill_process_group(Pid::INIT, Signal::KILL);
    until(
        "the killed processes to go",
        Duration::from_secs(20),
        || {
            // Those that this process started are its own to reap.
            while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
            others().is_empty()
        },
    )
}

/// Processes besides PID 1 and this one, from the namespace's own view.
fn others() -> Vec<u32> {
    let own = std::process::id();
    let entries = Path::new("/proc")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != 1 && *pid != own)
        .collect()
}

/// Waits for something.
pub(crate) fn until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let end = Instant::now() + limit;
    while !is_so() {
        if Instant::now() > end {
            bail!("waited {} s for {what}", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Standard output of a command that has to succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!(
            "{command:?}: {}: {}",
            output.status,
            String::from_utf8_lossy(&said).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Makes a mount shared, as systemd has all of them.
pub(crate) fn share(point: &Path) -> Result<()> {
    mount_change(point, MountPropagationFlags::SHARED)
        .with_context(|| format!("sharing {}", point.display()))
}

/// Makes a mount private.
pub(crate) fn make_private(point: &Path) -> Result<()> {
    mount_change(point, MountPropagationFlags::PRIVATE)
        .with_context(|| format!("making {} private", point.display()))
}

/// The end of a log, in one line.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}
