//! Writers and readers at the same time.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use resolvconf::{FileStatus, Written, status};

use super::container::{Container, REWRITTEN};

#[test]
fn someone_who_keeps_the_file_open_holds_up_nobody() {
    let mut container = Container::new();
    container.options.patience = Duration::from_millis(5);
    container.write("before\n");
    let reader = fs::File::open(&container.path).unwrap();
    let written = container.write("after, and longer\n");
    assert_eq!(written, Written::Rewritten { exclusive: false });
    drop(reader);
    container.check("after, and longer\n", FileStatus::Ours);
}

/// Patience beyond what a clock can show is patience for ever; no deadline overflows, and no
/// record stays pending.
#[test]
fn patience_without_end() {
    let mut container = Container::new();
    for patience in [Duration::MAX, Duration::from_secs(u64::MAX / 4)] {
        container.options.patience = patience;
        for text in ["one\n", "two and more\n"] {
            container.write(text);
            container.check(text, FileStatus::Ours);
            let record = fs::read_to_string(container.beside(".state")).unwrap();
            assert!(record.starts_with("resolvconf-state 2 settled"), "{record}");
        }
    }
}

#[test]
fn writers_take_turns() {
    let mut container = Container::new();
    container.options.durable = false;
    let container = &container;
    thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for round in 0..50 {
                    let text = format!("# {writer}\n").repeat(round + 1);
                    assert_ne!(container.write(&text), Written::KeptEdit);
                }
            });
        }
    });
    assert_eq!(
        status(&container.path, &container.options).unwrap(),
        FileStatus::Ours
    );
}

/// Rewrites seen by readers in pieces; the counted run over file systems is an example,
/// `rewrite_under_readers`.
#[test]
fn readers_see_one_text_or_another_and_nothing_else() {
    let mut container = Container::new();
    container.options.durable = false;
    container.options.patience = Duration::from_secs(10);
    let texts: Vec<String> = (0..4_usize)
        .map(|n| format!("nameserver 192.0.2.{n}\n").repeat(1 + n * 17))
        .collect();
    container.write(&texts[0]);
    let (done, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for piece in [64, 4096] {
            let (container, texts, done, reads) = (&container, &texts, &done, &reads);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let seen = read_in_pieces(&container.path, piece);
                    assert!(texts.contains(&seen), "{seen:?}");
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 1..200 {
            assert_eq!(container.write(&texts[round * 7 % 4]), REWRITTEN);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(reads.load(Ordering::Relaxed) > 0);
}

fn read_in_pieces(path: &PathBuf, piece: usize) -> String {
    let mut file = fs::File::open(path).unwrap();
    let (mut seen, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match std::io::Read::read(&mut file, &mut buffer).unwrap() {
            0 => return String::from_utf8(seen).unwrap(),
            read => seen.extend_from_slice(&buffer[..read]),
        }
    }
}
