//! Why a runtime cannot start, in words that say what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a runtime could not be started here and now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PreflightFault {
    /// No such file.
    Missing,
    /// A bare name, and no directory of `PATH` has an executable file of that name.
    NotInPath,
    /// There, but not a regular file.
    NotAFile,
    /// There, but this user may not execute it.
    NotExecutable,
    /// On a filesystem mounted `noexec`.
    NoExec,
    /// A relative path: what it names depends on the working directory of the shim.
    Relative,
    /// A bare name that begins with `-`: shells do not agree on how to `exec` it.
    LeadingDash,
    /// Something on the way cannot be searched, or the answer was another error.
    Unreachable(i32),
    /// No such file, but there is one without the blanks at the end of the path.
    TrailingBlank,
    /// No such file, but there is one without the blanks at the beginning of the path.
    LeadingBlank,
    /// No such file: a `~` in front is not expanded, since no shell reads the path.
    Tilde,
    /// No such file, but there is one before the first blank: arguments belong into
    /// `runtimeArgs`.
    GluedArguments,
    /// An empty file.
    Empty,
    /// A program for another machine than this one.
    OtherMachine {
        /// The machine's name, or its number in the ELF header.
        machine: String,
    },
    /// Neither a program of this system nor a script that begins with `#!`.
    NotAProgram,
    /// A program whose file ends too early, or whose header the kernel refuses.
    Damaged,
    /// A script whose first line ends in a carriage return, which becomes a part of the
    /// interpreter's name or of its argument.
    CarriageReturn,
    /// The interpreter that a script, or the loader that a program names, is missing or
    /// cannot be executed.
    Interpreter {
        /// The interpreter or loader.
        path: PathBuf,
    },
    /// The interpreter or loader is there and would not start itself. For a script that begins
    /// with `#!/usr/bin/env NAME` it is the program of that name.
    BadInterpreter {
        /// The interpreter or loader.
        path: PathBuf,
        /// Its own fault.
        why: Box<Self>,
    },
    /// The program of a containerd shim is not in `PATH`.
    NoShim {
        /// The name it would have.
        program: String,
    },
    /// The runtime's wrapper script is missing or cannot be executed.
    ScriptMissing,
    /// The directory of wrapper scripts is on a filesystem mounted `noexec`.
    ScriptsNoExec,
    /// The interpreter of wrapper scripts, `/bin/sh`, is missing or not executable.
    NoShell,
    /// Its file system did not answer in five seconds. It is not known whether it can start.
    NoAnswer,
    /// So many other programs did not answer that nobody looked at it. It is not known whether it
    /// can start.
    NotLooked,
}

impl PreflightFault {
    /// What a person can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing | Self::NotInPath | Self::Empty | Self::Damaged => {
                "install it, or correct its path in daemon.json"
            }
            Self::NotAFile | Self::Relative | Self::LeadingDash => {
                "name the program by its absolute path in daemon.json"
            }
            Self::TrailingBlank | Self::LeadingBlank | Self::Tilde => {
                "correct the path in daemon.json"
            }
            Self::GluedArguments => "move the arguments to runtimeArgs in daemon.json",
            Self::NotExecutable | Self::Unreachable(_) => {
                "correct the permissions of the file and of the directories above it"
            }
            Self::NoExec | Self::ScriptsNoExec => {
                "mount that file system without noexec, or use another place"
            }
            Self::OtherMachine { .. } | Self::NotAProgram => {
                "install the program that was built for this machine"
            }
            Self::CarriageReturn => "save the script with Unix line ends",
            Self::Interpreter { .. } => "install the interpreter",
            Self::BadInterpreter { why, .. } => why.remedy(),
            Self::NoShim { .. } => "install the shim in a directory of PATH",
            Self::ScriptMissing => "reload the daemon",
            Self::NoShell => "install a shell as /bin/sh",
            Self::NotLooked => "mend the runtimes that did not answer, and ask again",
            Self::NoAnswer => "start the server of the mount that it is on, or detach that mount",
        }
    }
}

impl fmt::Display for PreflightFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Missing => "no such file",
            Self::NotInPath => "not found in PATH",
            Self::NotAFile => "not a regular file",
            Self::NotExecutable => "not executable",
            Self::NoExec => "its filesystem is mounted noexec",
            Self::Relative => "a relative path; use an absolute one or a bare name",
            Self::LeadingDash => "a bare name that begins with a dash; use an absolute path",
            Self::Unreachable(errno) => {
                return write!(f, "{}", io::Error::from_raw_os_error(*errno));
            }
            Self::TrailingBlank => "no such file; the path ends in a blank",
            Self::LeadingBlank => "no such file; the path begins with a blank",
            Self::Tilde => "no such file; nobody expands the ~, write the whole path",
            Self::GluedArguments => {
                "no such file; arguments after the program belong into runtimeArgs"
            }
            Self::Empty => "an empty file",
            Self::OtherMachine { machine } => {
                return write!(f, "a program for another machine ({machine})");
            }
            Self::NotAProgram => "neither a program of this system nor a script with #!",
            Self::Damaged => "a damaged program: the file is cut off or its header is wrong",
            Self::CarriageReturn => {
                "its first line ends in a carriage return; save it with Unix line ends"
            }
            Self::Interpreter { path } => {
                return write!(f, "its interpreter {path:?} is missing or not executable");
            }
            Self::BadInterpreter { path, why } => {
                return write!(f, "its interpreter {path:?}: {why}");
            }
            Self::NoShim { program } => {
                return write!(f, "the shim {program} is not in PATH");
            }
            Self::ScriptMissing => "its wrapper script is missing or not executable; reload",
            Self::ScriptsNoExec => "the filesystem of the wrapper scripts is mounted noexec",
            Self::NoShell => "/bin/sh is missing or not executable",
            Self::NotLooked => {
                "not looked at, as too many others did not answer; it is not known whether it can \
                 start"
            }
            Self::NoAnswer => "did not answer in 5 s; it is not known whether it can start",
        };
        f.write_str(text)
    }
}
