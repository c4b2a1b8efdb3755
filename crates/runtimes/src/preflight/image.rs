//! Whether the kernel would know how to run a file.

use std::ffi::OsStr;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::elf::{self, Elf};
use super::fault::PreflightFault;
use super::formats::is_registered;
use super::header::{self, Header};
use super::locate::{executable, locate};
use super::script::{HEAD, Script};

/// How many interpreters of interpreters the kernel follows.
const LEVELS: u32 = 5;

/// Checks that the kernel would run a file. A file that may be executed and not read passes.
///
/// `search_path` is where `env` looks for the program of a script. If it is empty, that program
/// is not looked for.
pub(super) fn check(path: &Path, search_path: &OsStr) -> Result<(), PreflightFault> {
    check_below(path, search_path, LEVELS)
}

fn check_below(path: &Path, search_path: &OsStr, levels: u32) -> Result<(), PreflightFault> {
    let Some((file, head)) = open(path) else {
        return Ok(());
    };
    if head.is_empty() {
        return Err(PreflightFault::Empty);
    }
    let result = match header::parse(&head) {
        Header::Script(script) => return script_runs(&script, search_path, levels),
        Header::Elf(elf) => program_runs(&file, &elf, false),
        Header::Cut => Err(PreflightFault::Damaged),
        Header::Unknown => Err(PreflightFault::NotAProgram),
    };
    match result {
        Err(_) if is_registered(path, &head) => Ok(()),
        result => result,
    }
}

/// The file and its first bytes; `None` if it cannot be read.
fn open(path: &Path) -> Option<(File, Vec<u8>)> {
    // The path may have become a FIFO or a terminal since it was checked.
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let file = File::options()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .ok()?;
    let head = read(&file, 0..HEAD as u64)?;
    Some((file, head))
}

/// These bytes of a file, or fewer if it ends before; `None` if it cannot be read.
fn read(file: &File, range: Range<u64>) -> Option<Vec<u8>> {
    let length = usize::try_from(range.end - range.start).ok()?;
    let mut bytes = vec![0; length];
    let mut have = 0;
    while have < length {
        match file.read_at(&mut bytes[have..], range.start + have as u64) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    bytes.truncate(have);
    Some(bytes)
}

/// The same, whole; a file that ends before is damaged.
fn read_whole(file: &File, range: Range<u64>) -> Result<Vec<u8>, PreflightFault> {
    let length = range.end - range.start;
    let bytes = read(file, range).filter(|bytes| bytes.len() as u64 == length);
    bytes.ok_or(PreflightFault::Damaged)
}

fn program_runs(file: &File, elf: &Elf, is_loader: bool) -> Result<(), PreflightFault> {
    if !elf.is_native() {
        let machine = elf.machine_name();
        return Err(PreflightFault::OtherMachine { machine });
    }
    if !elf.is_program() {
        return Err(PreflightFault::NotAProgram);
    }
    let segments = elf.segments().ok_or(PreflightFault::Damaged)?;
    let segments = read_whole(file, segments)?;
    let path = match elf.loader(&segments) {
        // The kernel does not look for the loader of a loader.
        Ok(range) => range.filter(|_| !is_loader),
        Err(()) => return Err(PreflightFault::Damaged),
    };
    let Some(path) = path else { return Ok(()) };
    let path = elf::path(&read_whole(file, path)?).ok_or(PreflightFault::Damaged)?;
    may_interpret(&path)?;
    loader_runs(&path).map_err(|why| of_interpreter(&path, why))
}

/// A loader is a program of this machine, and nothing else.
fn loader_runs(path: &Path) -> Result<(), PreflightFault> {
    let Some((file, head)) = open(path) else {
        return Ok(());
    };
    match header::parse(&head) {
        Header::Elf(elf) => program_runs(&file, &elf, true),
        Header::Cut => Err(PreflightFault::Damaged),
        Header::Script(_) | Header::Unknown => Err(PreflightFault::NotAProgram),
    }
}

fn script_runs(script: &Script, search_path: &OsStr, levels: u32) -> Result<(), PreflightFault> {
    // The kernel takes the carriage return as a part of the interpreter's name, and execve(2)
    // then gives ENOENT about a script that is there.
    if script.ends_in_return() {
        return Err(PreflightFault::CarriageReturn);
    }
    let interpreter = &script.interpreter;
    may_interpret(interpreter)?;
    let Some(levels) = levels.checked_sub(1) else {
        let loops = PreflightFault::Unreachable(nix::libc::ELOOP);
        return Err(of_interpreter(interpreter, loops));
    };
    check_below(interpreter, search_path, levels)
        .map_err(|why| of_interpreter(interpreter, why))?;
    match script.program_of_env() {
        Some(program) if !search_path.is_empty() => env_runs(program, search_path, levels),
        _ => Ok(()),
    }
}

/// Whether `env` finds a program, and the kernel runs it.
fn env_runs(program: &Path, search_path: &OsStr, levels: u32) -> Result<(), PreflightFault> {
    // `env` takes a relative path from the directory of whoever starts the script.
    let found = match locate(program, search_path) {
        Err(PreflightFault::Relative) => return Ok(()),
        found => found,
    };
    found
        .and_then(|path| check_below(&path, search_path, levels))
        .map_err(|why| of_interpreter(program, why))
}

/// A relative interpreter is looked for in the directory of whoever starts the script.
fn may_interpret(interpreter: &Path) -> Result<(), PreflightFault> {
    if interpreter.is_absolute() && executable(interpreter).is_ok() {
        return Ok(());
    }
    Err(PreflightFault::Interpreter {
        path: interpreter.to_owned(),
    })
}

/// The fault of an interpreter, of the one at the end if interpreters follow one another.
fn of_interpreter(path: &Path, why: PreflightFault) -> PreflightFault {
    match why {
        PreflightFault::Interpreter { .. } | PreflightFault::BadInterpreter { .. } => why,
        why => PreflightFault::BadInterpreter {
            path: path.to_owned(),
            why: Box::new(why),
        },
    }
}
