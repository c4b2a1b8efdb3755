//! What would not start, with the kernel as the judge: each file is looked at, and then run.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use runtimes::can_start;
use support::skip::{in_part, skip};

use crate::support::program;

/// Where scripts look for programs, as here and in the command that is run.
const SEARCH_PATH: &str = "/usr/bin:/bin";

/// Whether it starts: the kernel takes it, and no `env` says that it found nothing.
fn starts(path: &Path) -> bool {
    let mut command = Command::new(path);
    command.env("PATH", SEARCH_PATH).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    loop {
        match command.status() {
            // A thread that forked just now still has the file open.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(_) => return false,
            // One that is cut off starts, and the kernel ends it before it does anything.
            Ok(status) => return !matches!(status.code(), Some(126 | 127) | None),
        }
    }
}

/// Compares our answer with the kernel's, and checks a part of what we say.
#[track_caller]
fn check(path: &Path, words: &str) {
    let answer = can_start(path, SEARCH_PATH.as_ref());
    assert_eq!(answer.is_ok(), starts(path), "{path:?}: {answer:?}");
    let said = answer.map_or_else(|why| why.to_string(), |_| String::new());
    assert!(
        said.contains(words) && said.is_empty() == words.is_empty(),
        "{path:?}: {said}"
    );
}

/// As a download that was broken off, at each page of the file.
#[test]
fn a_program_that_is_cut_off_does_not_start() {
    let whole = fs::read("/bin/true").unwrap();
    let temp = tempfile::tempdir().unwrap();
    let path = program(&temp.path().join("cut"), "");
    for length in (4096..whole.len()).step_by(4096) {
        fs::write(&path, &whole[..length]).unwrap();
        check(&path, "the file is cut off");
    }
    fs::write(&path, &whole).unwrap();
    check(&path, "");
}

#[test]
fn scripts_start_or_do_not() {
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| program(&temp.path().join(name), text);
    let good = file("good", "#!/bin/sh\nexit 0\n");
    let loops = temp.path().join("loops");
    file("loops", &format!("#!{}\n", loops.display()));
    let text = file("text", "hello\n");
    let lost = file("lost", "#!/nonexistent/sh\n");
    let by = |path: &Path| format!("#!{}\n", path.display());
    for (name, script, words) in [
        ("plain", "#!/bin/sh\n".to_owned(), ""),
        ("nested", by(&good), ""),
        ("by-lost", by(&lost), "/nonexistent/sh"),
        ("by-text", by(&text), "neither a program"),
        ("loops", by(&loops), "symbolic links"),
        ("return", "#!/bin/sh\r\n".to_owned(), "carriage return"),
        ("env", "#!/usr/bin/env sh\n".to_owned(), ""),
        ("env-split", "#!/usr/bin/env -S A=1 sh -e\n".to_owned(), ""),
        (
            "env-split-return",
            "#!/usr/bin/env -S sh -e\r\n".to_owned(),
            "",
        ),
        (
            "env-split-quotes",
            "#!/usr/bin/env -S X=\"a b c\" sh\n".to_owned(),
            "",
        ),
        ("nul", "#!/bin/sh\0junk\n".to_owned(), ""),
        (
            "env-lost",
            "#!/usr/bin/env no-such-program\n".to_owned(),
            "not found in PATH",
        ),
        (
            "env-split-lost",
            "#!/usr/bin/env -S no-such-program -u\n".to_owned(),
            "not found",
        ),
        (
            "env-unsplit",
            "#!/usr/bin/env sh -e\n".to_owned(),
            "not found in PATH",
        ),
        (
            "env-return",
            "#!/usr/bin/env sh\r\n".to_owned(),
            "carriage return",
        ),
        ("bom", "\u{feff}#!/bin/sh\n".to_owned(), "neither a program"),
    ] {
        check(&file(name, &script), words);
    }
    // The kernel follows five interpreters, and no more.
    let mut last = good;
    for level in 1..=5 {
        last = file(&format!("level-{level}"), &by(&last));
        let words = if level == 5 { "symbolic links" } else { "" };
        check(&last, words);
    }
    // The shell is started, and refuses its option.
    let with_option = file("option", "#!/bin/sh -e\r\nexit 0\r\n");
    let why = can_start(&with_option, SEARCH_PATH.as_ref()).unwrap_err();
    assert!(why.to_string().contains("carriage return"), "{why}");
}

/// A small program of this machine, to be changed.
struct Image {
    bytes: Vec<u8>,
    is_wide: bool,
}

impl Image {
    fn new() -> Self {
        let bytes = fs::read("/bin/true").unwrap();
        let is_wide = bytes[4] == 2;
        Self { bytes, is_wide }
    }

    /// One of two offsets.
    fn at(&self, wide: usize, narrow: usize) -> usize {
        if self.is_wide { wide } else { narrow }
    }

    fn word(&self, at: usize) -> usize {
        let (size, bytes) = (self.at(8, 4), &self.bytes[at..]);
        let fold = |number: usize, byte: &u8| number << 8 | usize::from(*byte);
        match cfg!(target_endian = "big") {
            true => bytes[..size].iter().fold(0, fold),
            false => bytes[..size].iter().rev().fold(0, fold),
        }
    }

    fn set(mut self, at: usize, value: usize, size: usize) -> Self {
        for place in 0..size {
            let byte = if cfg!(target_endian = "big") {
                size - 1 - place
            } else {
                place
            };
            self.bytes[at + place] = (value as u64 >> (8 * byte)) as u8;
        }
        self
    }

    /// Where the entry of the loader is.
    fn loader(&self) -> Option<usize> {
        let begin = self.word(self.at(32, 28));
        let size = self.at(56, 32);
        let is_loader = |at: &usize| self.bytes[*at..*at + 4] == 3_u32.to_ne_bytes();
        (0..20).map(|place| begin + place * size).find(is_loader)
    }

    /// The same program with another loader, whose path is at the end of the file.
    fn with_loader(self, path: &[u8]) -> Self {
        let (end, at) = (self.bytes.len(), self.loader().unwrap());
        let (offset, length, size) = (at + self.at(8, 4), at + self.at(32, 16), self.at(8, 4));
        let mut changed = self.set(offset, end, size).set(length, path.len(), size);
        changed.bytes.extend_from_slice(path);
        changed
    }
}

#[test]
fn programs_start_or_do_not() {
    let is_ours = can_start(Path::new("/bin/true"), SEARCH_PATH.as_ref()).is_ok();
    if !is_ours || !fs::read("/bin/true").is_ok_and(|bytes| bytes.starts_with(b"\x7fELF")) {
        return skip("/bin/true is no program of this processor");
    }
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = program(&temp.path().join(name), "");
        fs::write(&path, bytes).unwrap();
        path
    };
    let image = Image::new;
    let wide = image().is_wide;
    let at = |on_wide: usize, narrow: usize| if wide { on_wide } else { narrow };
    check(&file("whole", &image().bytes), "");
    check(
        &file("object", &image().set(16, 1, 2).bytes),
        "neither a program",
    );
    check(
        &file("core", &image().set(16, 4, 2).bytes),
        "neither a program",
    );
    check(
        &file("machine", &image().set(18, 83, 2).bytes),
        "another machine",
    );
    check(&file("cut-20", &image().bytes[..20]), "damaged");
    check(&file("cut-100", &image().bytes[..100]), "damaged");
    check(
        &file("no-entries", &image().set(at(56, 44), 0, 2).bytes),
        "damaged",
    );
    check(
        &file("entry-size", &image().set(at(54, 42), 16, 2).bytes),
        "damaged",
    );
    let beyond = image().set(at(32, 28), image().bytes.len(), 4);
    check(&file("entries-beyond", &beyond.bytes), "damaged");

    let Some(entry) = image().loader() else {
        return in_part("/bin/true has no loader");
    };
    let begin = image().word(entry + at(8, 4));
    let path = image().bytes[begin..]
        .split(|byte| *byte == 0)
        .next()
        .unwrap()
        .to_owned();
    let with = |path: &[u8]| image().with_loader(&[path, b"\0"].concat()).bytes;
    check(&file("far", &with(&path)), "");
    check(
        &file("lost", &with(b"/nonexistent/ld.so")),
        "/nonexistent/ld.so",
    );
    check(
        &file("open-end", &image().with_loader(&path).bytes),
        "damaged",
    );
    check(&file("empty-path", &with(b"")), "damaged");
    let text = file("text", b"#!/bin/sh\n");
    let by = |path: &Path| with(path.as_os_str().as_encoded_bytes());
    check(&file("by-text", &by(&text)), "neither a program");
    check(
        &file("by-machine", &by(&temp.path().join("machine"))),
        "another machine",
    );
    check(&file("by-cut", &by(&temp.path().join("cut-20"))), "damaged");
}
