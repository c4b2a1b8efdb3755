//! Scripts under real shells: every word arrives, and the program takes their place.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use runtimes::{Script, ScriptStore};

use crate::support::shells;

/// Words that every quoting has stumbled over once.
pub(crate) fn odd_words() -> Vec<OsString> {
    let mut words: Vec<OsString> = [
        "", " ", "a b", "'", "''", "'\\''", "\"", "\\", "\\\\n", "$HOME", "$(id)", "`id`", "*",
        "?", "[a]", "~", "#", "!", "!!", ";", "&", "|", "<", ">", "(", "{a,b}", "\n", "a\n", "\na",
        "\r\n", "\t", "--", "-n", "-e", "%s", "%", "=", "a=b", "$@", "$*", "${x}", "é", "\u{2028}",
        "\x7f", "\x1b[0m",
    ]
    .map(OsString::from)
    .to_vec();
    words.push(OsString::from_vec((1..=255).collect()));
    words.extend((0x80..=0xff).map(|byte| OsString::from_vec(vec![byte])));
    words.push(OsString::from_vec(b"'\xff' \xc3(\n".to_vec()));
    words.push("x".repeat(100_000).into());
    words.push("'".repeat(25_000).into());
    words
}

/// A program that prints each of its arguments and a NUL: printf(1) under another name.
pub(crate) fn dumper(dir: &Path, name: &OsStr) -> PathBuf {
    let program = dir.join(name);
    let printf = ["/usr/bin/printf", "/bin/printf"]
        .into_iter()
        .find(|p| Path::new(p).exists());
    std::os::unix::fs::symlink(printf.expect("coreutils"), &program).unwrap();
    program
}

/// Publishes a script for a dumper with these arguments, and calls it by each shell and
/// by itself; gives what arrived.
fn dumps(name: &OsStr, args: &[OsString], caller: &[OsString]) -> Vec<(String, Vec<OsString>)> {
    let temp = tempfile::tempdir().unwrap();
    let program = dumper(temp.path(), name);
    let mut own = vec![OsString::from("%s\\0")];
    own.extend(args.iter().cloned());
    let script = Script::new("x", &program, &own).unwrap();
    let store = ScriptStore::open(&temp.path().join("scripts")).unwrap();
    store.publish([&script]).unwrap();
    let path = store.path().join(script.file_name());
    let mut ways = vec![vec![path.clone().into_os_string()]];
    for shell in shells() {
        let mut way: Vec<OsString> = shell.into_iter().map(OsString::from).collect();
        way.push(path.clone().into_os_string());
        ways.push(way);
    }
    ways.into_iter()
        .map(|way| {
            let output = Command::new(&way[0])
                .args(&way[1..])
                .args(caller)
                .output()
                .unwrap();
            assert!(output.status.success(), "{way:?}: {output:?}");
            let mut words: Vec<_> = output.stdout.split(|byte| *byte == 0).collect();
            assert_eq!(words.pop(), Some(&b""[..]));
            let words = words
                .into_iter()
                .map(|word| OsStr::from_bytes(word).to_owned());
            (format!("{:?}", way[0]), words.collect())
        })
        .collect()
}

#[test]
fn every_word_arrives_byte_for_byte() {
    let words = odd_words();
    // printf stops at its limit of one argument list, not we: half of them each.
    let (args, caller) = words.split_at(words.len() / 2);
    for (args, caller) in [(args, caller), (caller, args)] {
        for (shell, got) in dumps(OsStr::new("dump"), args, caller) {
            let want: Vec<_> = args.iter().chain(caller).collect();
            assert!(got.iter().eq(want.iter().copied()), "{shell}");
        }
    }
}

#[test]
fn any_path_is_found() {
    for name in odd_words() {
        let too_long = name.len() > 255;
        if name.is_empty() || too_long || name.as_bytes().contains(&b'/') {
            continue;
        }
        let caller = [OsString::from("x")];
        let temp = tempfile::tempdir().unwrap();
        let program = dumper(temp.path(), &name);
        let script = Script::new("x", &program, &["%s".into()]).unwrap();
        let file = temp.path().join(script.file_name());
        fs::write(&file, script.text()).unwrap();
        for shell in shells() {
            let output = Command::new(shell[0])
                .args(&shell[1..])
                .arg(&file)
                .args(&caller)
                .output();
            assert_eq!(output.unwrap().stdout, b"x", "{shell:?} {name:?}");
        }
    }
}

#[test]
fn the_program_takes_the_scripts_place() {
    let temp = tempfile::tempdir().unwrap();
    let script = Script::new("x", Path::new("sleep"), &["1000".into()]).unwrap();
    let store = ScriptStore::open(temp.path()).unwrap();
    store.publish([&script]).unwrap();
    for shell in shells() {
        let mut command = Command::new(shell[0]);
        command
            .args(&shell[1..])
            .arg(temp.path().join(script.file_name()));
        let mut child = command.spawn().unwrap();
        let cmdline = format!("/proc/{}/cmdline", child.id());
        for _ in 0..1000 {
            if fs::read(&cmdline).unwrap() == b"sleep\x001000\0" {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        // Same pid, argv exact, no shell left over; a signal to it is the program's own.
        assert_eq!(fs::read(&cmdline).unwrap(), b"sleep\x001000\0", "{shell:?}");
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
}

/// Which part of the next test a process of this test program is to play.
const ROLE: &str = "RUNTIMES_SCRIPT_ROLE";
/// What the caller executes, words separated by newlines.
const COMMAND: &str = "RUNTIMES_SCRIPT_COMMAND";

/// Not a test of its own: the caller that sets its parent-death signal and becomes the
/// script, and the parent that dies.
#[test]
fn role() {
    match std::env::var(ROLE).as_deref() {
        Ok("caller") => {
            nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM).unwrap();
            let command = std::env::var(COMMAND).unwrap();
            let mut words = command.split('\n');
            let error = Command::new(words.next().unwrap()).args(words).exec();
            panic!("{command:?}: {error}");
        }
        Ok("parent") => {
            let mut child = in_role("caller").spawn().unwrap();
            println!("pid {}", child.id());
            child.wait().unwrap();
        }
        _ => {}
    }
}

fn in_role(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["script::role", "--exact", "--nocapture"])
        .env(ROLE, role);
    command
}

/// Reads a file of /proc until it says so; false after five seconds.
fn comes_to(file: &str, says: impl Fn(io::Result<Vec<u8>>) -> bool) -> bool {
    (0..1000).any(|_| {
        let said = says(fs::read(file));
        if !said {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        said
    })
}

#[test]
fn a_parent_death_signal_reaches_the_program() {
    let temp = tempfile::tempdir().unwrap();
    let script = Script::new("x", Path::new("sleep"), &["1000".into()]).unwrap();
    let store = ScriptStore::open(temp.path()).unwrap();
    store.publish([&script]).unwrap();
    let path = temp.path().join(script.file_name());
    for shell in shells().into_iter().chain([vec![]]) {
        let mut words: Vec<&str> = shell.clone();
        words.push(path.to_str().unwrap());
        let mut parent = in_role("parent")
            .env(COMMAND, words.join("\n"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Kept open: the harness in the caller prints to it as well.
        let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
        let pid = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.rsplit_once("pid ")?.1.to_owned()));
        let proc = format!("/proc/{}", pid.expect("the parent says whom it started"));
        // Gone for a moment while one of its threads executes the script.
        let runs = |cmdline: io::Result<Vec<u8>>| {
            cmdline.is_ok_and(|cmdline| cmdline == b"sleep\x001000\0")
        };
        assert!(comes_to(&format!("{proc}/cmdline"), runs), "{shell:?}");
        parent.kill().unwrap();
        parent.wait().unwrap();
        // Whoever inherits it may not have reaped it yet.
        let ended = |stat: io::Result<Vec<u8>>| {
            stat.map_or(true, |stat| String::from_utf8_lossy(&stat).contains(") Z "))
        };
        assert!(comes_to(&format!("{proc}/stat"), ended), "{shell:?}");
    }
}

#[test]
fn exit_status_is_the_programs() {
    let temp = tempfile::tempdir().unwrap();
    let script = Script::new(
        "x",
        Path::new("/bin/sh"),
        &["-c".into(), "exit $1".into(), "sh".into()],
    );
    let script = script.unwrap();
    ScriptStore::open(temp.path())
        .unwrap()
        .publish([&script])
        .unwrap();
    let path = temp.path().join(script.file_name());
    for code in [0, 1, 42, 255] {
        let status = Command::new(&path).arg(code.to_string()).status().unwrap();
        assert_eq!(status.code(), Some(code));
    }
}

#[test]
fn same_words_same_script_and_only_those() {
    let args = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let name = |path: &str, words: &[&str]| {
        Script::new("n", Path::new(path), &args(words))
            .unwrap()
            .file_name()
            .to_owned()
    };
    assert_eq!(name("/a", &["b c"]), name("/a", &["b c"]));
    assert_ne!(name("/a", &["b c"]), name("/a", &["b", "c"]));
    assert_ne!(name("/a b", &["c"]), name("/a", &["b c"]));
    assert_ne!(name("/a", &["b", ""]), name("/a", &["b"]));
    assert_ne!(name("/a", &["b' 'c"]), name("/a", &["b", "c"]));
}
