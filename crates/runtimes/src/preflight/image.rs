//! Whether the kernel would know how to run a file.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::elf::{self, Elf};
use super::fault::PreflightFault;
use super::formats::is_registered;
use super::header::{self, Header};
use super::locate::{Search, locate_in};
use super::script::{HEAD, Script};

/// How many interpreters of interpreters the kernel follows.
const LEVELS: u32 = 5;

/// Checks that the kernel would run a file. A file that may be executed and not read passes.
///
/// In the search path, `env` looks for the program of a script. If it is empty, that program is
/// not looked for.
pub(super) fn check(path: &Path, search: Search<'_>) -> Result<(), PreflightFault> {
    check_below(path, search, LEVELS)
}

fn check_below(path: &Path, search: Search<'_>, levels: u32) -> Result<(), PreflightFault> {
    let Some((file, head)) = open(path) else {
        return Ok(());
    };
    if head.is_empty() {
        return Err(PreflightFault::Empty);
    }
    let result = match header::parse(&head) {
        Header::Script(script) => return script_runs(&script, search, levels),
        Header::Elf(elf) => program_runs(&file, &elf, Some(search)),
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

/// Checks a program, and its loader if there is a `search`.
fn program_runs(file: &File, elf: &Elf, search: Option<Search<'_>>) -> Result<(), PreflightFault> {
    if !elf.is_native() {
        let machine = elf.machine_name();
        return Err(PreflightFault::OtherMachine { machine });
    }
    if !elf.is_program() {
        return Err(PreflightFault::NotAProgram);
    }
    let segments = elf.segments().ok_or(PreflightFault::Damaged)?;
    let segments = read_whole(file, segments)?;
    if is_cut_off(file, elf.loaded_end(&segments)) {
        return Err(PreflightFault::Damaged);
    }
    let path = match elf.loader(&segments) {
        // The kernel does not look for the loader of a loader.
        Ok(range) => range.zip(search),
        Err(()) => return Err(PreflightFault::Damaged),
    };
    let Some((path, search)) = path else {
        return Ok(());
    };
    let path = elf::path(&read_whole(file, path)?).ok_or(PreflightFault::Damaged)?;
    may_interpret(&path, search)?;
    loader_runs(&path).map_err(|why| of_interpreter(&path, why))
}

/// Whether a file ends in a page before this end. The rest of its last page reads as zeros.
fn is_cut_off(file: &File, end: u64) -> bool {
    const PAGE: u64 = 4096;
    let size = file.metadata().map(|metadata| metadata.len());
    size.is_ok_and(|size| end > size.next_multiple_of(PAGE))
}

/// A loader is a program of this machine, and nothing else.
fn loader_runs(path: &Path) -> Result<(), PreflightFault> {
    let Some((file, head)) = open(path) else {
        return Ok(());
    };
    match header::parse(&head) {
        Header::Elf(elf) => program_runs(&file, &elf, None),
        Header::Cut => Err(PreflightFault::Damaged),
        Header::Script(_) | Header::Unknown => Err(PreflightFault::NotAProgram),
    }
}

fn script_runs(script: &Script, search: Search<'_>, levels: u32) -> Result<(), PreflightFault> {
    // The kernel takes the carriage return as a part of the interpreter's name, and execve(2)
    // then gives ENOENT about a script that is there.
    if script.ends_in_return() {
        return Err(PreflightFault::CarriageReturn);
    }
    let interpreter = &script.interpreter;
    may_interpret(interpreter, search)?;
    let Some(levels) = levels.checked_sub(1) else {
        let loops = PreflightFault::Unreachable(nix::libc::ELOOP);
        return Err(of_interpreter(interpreter, loops));
    };
    check_below(interpreter, search, levels).map_err(|why| of_interpreter(interpreter, why))?;
    match script.program_of_env() {
        Some(program) if !search.path.is_empty() => env_runs(program, search, levels),
        _ => Ok(()),
    }
}

/// Whether `env` finds a program, and the kernel runs it.
fn env_runs(program: &Path, search: Search<'_>, levels: u32) -> Result<(), PreflightFault> {
    // `env` takes a relative path from the directory of whoever starts the script.
    let found = match locate_in(program, search) {
        Err(PreflightFault::Relative) => return Ok(()),
        found => found,
    };
    found
        .and_then(|path| check_below(&path, search, levels))
        .map_err(|why| of_interpreter(program, why))
}

/// A relative interpreter is looked for in the directory of whoever starts the script.
fn may_interpret(interpreter: &Path, search: Search<'_>) -> Result<(), PreflightFault> {
    let missing = || PreflightFault::Interpreter {
        path: interpreter.to_owned(),
    };
    if !interpreter.is_absolute() {
        return Err(missing());
    }
    match search.executable(interpreter) {
        Ok(_) => Ok(()),
        Err(why @ PreflightFault::NoAnswer) => Err(of_interpreter(interpreter, why)),
        Err(_) => Err(missing()),
    }
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
