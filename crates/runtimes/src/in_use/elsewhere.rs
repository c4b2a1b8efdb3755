//! Finds the bundles of engines that no configuration here names: by shims and engines that
//! run, and by mounts.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use mountscan::{ErrorKind, ProcRoot};

use super::bundles::TASKS;
use super::in_root::in_root;
use super::references::References;
use crate::procfs::{is_gone, words};

/// The arguments of engines and shims whose value is their run-time directory, or a file in it.
/// A data root is not among them: it may lie on a server that hangs.
const FLAGS: [&[u8]; 6] = [
    b"exec-root",
    b"state",
    b"config",
    b"c",
    b"address",
    b"containerd",
];

/// Where bundles lie below a directory that such an argument leads to.
const BELOW: [&str; 3] = ["", "daemon", "containerd/daemon"];

/// How far above the value of an argument its run-time directory may be, the value included.
const ABOVE: usize = 3;

/// The directories with bundles that were found, each as it can be opened from here.
#[derive(Debug)]
pub(super) struct Elsewhere<'p> {
    proc: &'p ProcRoot,
    found: BTreeSet<PathBuf>,
}

impl<'p> Elsewhere<'p> {
    pub(super) fn new(proc: &'p ProcRoot) -> Self {
        let found = BTreeSet::new();
        Self { proc, found }
    }

    /// Notes the directories that a process leads to: a shim works in its bundle, and engines
    /// and shims are told the run-time directory.
    pub(super) fn add_process(
        &mut self,
        references: &mut References,
        pid: u32,
        comm: &[u8],
        line: &[u8],
    ) {
        // The kernel keeps 15 bytes of a program's name, and that is how long this one is.
        let is_shim = comm.starts_with(b"containerd-shim");
        let cwd = format!("{pid}/cwd");
        match self.proc.link(&cwd) {
            Ok(cwd) => {
                if let Some(tasks) = tasks_in(&cwd) {
                    let tasks = self.place_here(references, pid, &tasks);
                    self.found.extend(tasks);
                }
            }
            Err(error) if is_gone(&error) => {}
            // Of other processes it is not known whether they have a bundle at all.
            Err(error) if is_shim || error.kind() == ErrorKind::Untrusted => {
                references.unseen(&self.proc.shown(cwd), words(&error));
            }
            Err(_) => {}
        }
        if is_shim || comm.starts_with(b"containerd") || comm.starts_with(b"dockerd") {
            for value in values(line) {
                for above in value.ancestors().take(ABOVE) {
                    if let Some(above) = self.place_here(references, pid, above) {
                        self.add_below(references, &above);
                    }
                }
            }
        }
    }

    /// Notes the directories that the mount table of this process leads to: a root file system
    /// in its bundle, and the network namespaces below an exec root. They stay when all
    /// processes of the engine are killed.
    pub(super) fn add_mounts(&mut self, references: &mut References) {
        let name = "self/mountinfo";
        let text = match self.proc.read(name) {
            Ok(text) => text,
            // A file that is not there is no answer either.
            Err(error) => return references.unseen(&self.proc.shown(name), words(&error)),
        };
        for line in text.split(|byte| *byte == b'\n') {
            let mut fields = line.split(|byte| *byte == b' ');
            // The mount point is field 5. Optional fields follow, their number varies, and a `-`
            // ends them; the type comes next (proc_pid_mountinfo(5)).
            let Some(point) = fields.nth(4) else {
                continue;
            };
            let kind = fields.skip_while(|field| *field != b"-").nth(1);
            let point = PathBuf::from(unescaped(point));
            if let Some(tasks) = tasks_in(&point) {
                self.found.insert(tasks);
            }
            let is_namespace = kind == Some(b"nsfs");
            let parent = point
                .parent()
                .filter(|dir| is_namespace && dir.ends_with("netns"));
            if let Some(root) = parent.and_then(Path::parent) {
                self.add_below(references, root);
            }
        }
    }

    fn add_below(&mut self, references: &mut References, dir: &Path) {
        for below in BELOW {
            let tasks = dir.join(below).join(TASKS);
            match tasks.symlink_metadata() {
                Ok(_) => drop(self.found.insert(tasks)),
                // The argument named a file, such as a socket. Nothing can be below it.
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
                Err(error) => references.missed(&tasks, &error),
            }
        }
    }

    /// A path of a process, as this process can open it. In another mount namespace the same
    /// path may lead elsewhere. `None` if the process has ended, or if its namespace cannot be
    /// seen, which is noted: what lies at that path here may belong to somebody else.
    fn place_here(&self, references: &mut References, pid: u32, path: &Path) -> Option<PathBuf> {
        let place = self.proc.shown(pid.to_string());
        let found = match self.other_root(pid) {
            Ok(None) => return Some(path.to_owned()),
            Ok(Some(root)) => in_root(&root, path).map_err(|error| error.to_string()),
            Err(error) if is_gone(&error) => return None,
            Err(error) => Err(words(&error)),
        };
        found.map_err(|why| references.unseen(&place, why)).ok()
    }

    /// The root directory of a process of another mount namespace; `None` for one of this.
    fn other_root(&self, pid: u32) -> Result<Option<PathBuf>, mountscan::Error> {
        let namespace = |of: &str| self.proc.link(format!("{of}/ns/mnt"));
        let its = namespace(&pid.to_string())?;
        match namespace("self") {
            Ok(own) if own == its => Ok(None),
            // The link `root` leads into the mount namespace of the process, also where nothing
            // tells whether that is the own one.
            _ => self.proc.path_through(format!("{pid}/root")).map(Some),
        }
    }

    /// Adds what all these bundles refer to.
    pub(super) fn scan(self, references: &mut References) {
        for dir in self.found {
            references.scan_bundles(&dir);
        }
    }
}

/// The directory of all bundles that a path lies in.
fn tasks_in(path: &Path) -> Option<PathBuf> {
    let is_tasks = |part: &Component<'_>| part.as_os_str() == TASKS;
    let count = path.components().position(|part| is_tasks(&part))?;
    Some(path.components().take(count + 1).collect())
}

/// The absolute paths that a command line gives for [`FLAGS`]: `--flag=PATH` or `--flag PATH`.
fn values(line: &[u8]) -> Vec<PathBuf> {
    let mut values = Vec::new();
    let mut words = line.split(|byte| *byte == 0);
    while let Some(word) = words.next() {
        let flag = word.strip_prefix(b"-").unwrap_or(b"");
        let flag = flag.strip_prefix(b"-").unwrap_or(flag);
        let equals = flag.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (&flag[..at], Some(&flag[at + 1..])),
            None => (flag, None),
        };
        if FLAGS.contains(&name) {
            let value = value.or_else(|| words.next()).unwrap_or_default();
            let value = value.strip_prefix(b"unix://").unwrap_or(value);
            values.push(PathBuf::from(OsStr::from_bytes(value)));
        }
    }
    values.retain(|value| value.is_absolute());
    values
}

/// A field of a mount table, which has octal numbers for what would end it.
fn unescaped(field: &[u8]) -> OsString {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *byte == b'\\');
        let number = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match number.and_then(|number| u8::from_str_radix(number, 8).ok()) {
            Some(number) => {
                bytes.push(number);
                rest = &after[3..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes)
}
