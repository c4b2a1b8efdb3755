//! The first line of a script, read as the kernel reads it. Pure.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How many bytes the kernel reads of a file to know what it is.
pub(super) const HEAD: usize = 256;

/// What the first line of a script says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) interpreter: PathBuf,
    /// The rest of the line, which the interpreter gets as one argument.
    argument: Vec<u8>,
}

impl Script {
    /// Reads what follows the `#!`.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let line = &line[..line.len().min(HEAD - 2)];
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let whole = line.split(|byte| *byte == b'\n').next()?;
        // A NUL ends the interpreter's name, and with it what the kernel reads.
        let whole = whole.split(|byte| *byte == 0).next()?;
        let begin = whole.iter().position(|byte| !is_blank(byte))?;
        let words = &whole[begin..];
        let end = words.iter().position(is_blank).unwrap_or(words.len());
        let argument = words[end..].iter().position(|byte| !is_blank(byte));
        let argument = argument.map_or(&[][..], |at| &words[end + at..]);
        let kept = argument.iter().rposition(|byte| !is_blank(byte));
        Some(Self {
            interpreter: Path::new(OsStr::from_bytes(&words[..end])).to_owned(),
            argument: kept.map_or(&[][..], |last| &argument[..=last]).to_owned(),
        })
    }

    /// Whether a carriage return becomes a part of the interpreter's name or of its argument.
    ///
    /// Perl passes over one after its options, and `env -S` takes it for a blank.
    pub(super) fn ends_in_return(&self) -> bool {
        let name = self.interpreter.as_os_str().as_bytes();
        let is_perl = self.name().is_some_and(|name| name.starts_with(b"perl"));
        let is_split = self.name() == Some(b"env") && self.argument.starts_with(b"-S");
        let forgives = is_perl || is_split;
        name.ends_with(b"\r") || (self.argument.ends_with(b"\r") && !forgives)
    }

    fn name(&self) -> Option<&[u8]> {
        self.interpreter.file_name().map(OsStr::as_bytes)
    }

    /// The program that `env` would look for.
    ///
    /// `None` if the interpreter is not `env`, or if its words are not simple enough to be sure.
    pub(super) fn program_of_env(&self) -> Option<&Path> {
        if self.name() != Some(b"env") {
            return None;
        }
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !br#"'"\$#"#.contains(byte);
        let program = match self.argument.strip_prefix(b"-S") {
            Some(words) => {
                let is_sure = |byte: &u8| is_plain(byte) || byte.is_ascii_whitespace();
                let mut each = words.split(u8::is_ascii_whitespace);
                // Quotes are not taken apart here, and with a PATH of its own it looks elsewhere.
                if !words.iter().all(is_sure) || each.clone().any(|it| it.starts_with(b"PATH=")) {
                    return None;
                }
                each.find(|word| !word.is_empty() && !word.contains(&b'='))?
            }
            None => &self.argument[..],
        };
        let is_simple = !program.starts_with(b"-")
            && !program.contains(&b'=')
            && program.iter().all(|byte| is_plain(byte) || *byte == b' ');
        (is_simple && !program.is_empty()).then_some(Path::new(OsStr::from_bytes(program)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, interpreter: &str, argument: &str) -> Script {
        let found = Script::parse(line.as_bytes()).unwrap();
        assert_eq!(found.interpreter, Path::new(interpreter), "{line:?}");
        assert_eq!(found.argument, argument.as_bytes(), "{line:?}");
        found
    }

    #[test]
    fn first_lines() {
        assert!(!check("/bin/sh\nexit\n", "/bin/sh", "").ends_in_return());
        assert!(!check(" \t/bin/sh -e \t\n", "/bin/sh", "-e").ends_in_return());
        assert!(!check("/bin/sh", "/bin/sh", "").ends_in_return());
        assert!(!check("/bin/sh -e x\r y\n\r\n", "/bin/sh", "-e x\r y").ends_in_return());
        assert!(check("/bin/sh\r\nexit\r\n", "/bin/sh\r", "").ends_in_return());
        assert!(check("/bin/sh -e\r\n", "/bin/sh", "-e\r").ends_in_return());
        assert!(!check("/bin/env -S sh\r\n", "/bin/env", "-S sh\r").ends_in_return());
        assert!(!check("/bin/sh\0junk\r\n", "/bin/sh", "").ends_in_return());
        assert!(check("/bin/sh \r\n", "/bin/sh", "\r").ends_in_return());
        assert!(!check("/usr/bin/perl -w\r\n", "/usr/bin/perl", "-w\r").ends_in_return());
        assert!(check("/usr/bin/perl\r\n", "/usr/bin/perl\r", "").ends_in_return());
        for line in ["\n", "", "  \t", " \nx"] {
            assert_eq!(Script::parse(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn what_env_starts() {
        let of = |line: &str| {
            let script = Script::parse(line.as_bytes()).unwrap();
            script.program_of_env().map(Path::to_owned)
        };
        for (line, want) in [
            ("/usr/bin/env python3", Some("python3")),
            ("/usr/bin/env python3 -u", Some("python3 -u")),
            ("/usr/bin/env -S python3 -u", Some("python3")),
            ("/usr/bin/env -Spython3 -u", Some("python3")),
            ("/usr/bin/env -S A=1 B=2 sh -e", Some("sh")),
            ("/usr/bin/env -S sh -e\r", Some("sh")),
            ("/usr/bin/env -S X=\"a b c\" sh", None),
            ("/usr/bin/env -S PATH=/opt/bin sh", None),
            ("/usr/bin/env -S -i sh", None),
            ("/usr/bin/env -S A=1", None),
            ("/usr/bin/env -S \"my sh\"", None),
            ("/usr/bin/env -S ${SHELL}", None),
            ("/usr/bin/env -i", None),
            ("/usr/bin/env A=1", None),
            ("/usr/bin/env", None),
            ("/bin/sh python3", None),
        ] {
            assert_eq!(of(line).as_deref(), want.map(Path::new), "{line}");
        }
    }
}
