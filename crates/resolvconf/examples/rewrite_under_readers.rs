//! Counts what readers see while a file is rewritten in place, growing and shrinking.
//!
//! ```text
//! rewrite_under_readers REWRITES DIRECTORY…
//! ```
//!
//! First with readers that open the file for each look, whole and in pieces of 256 bytes, as the C
//! libraries do; then with one that keeps it open, so that no lease is granted: the residue.
//! Exits with 1 when a reader of the first kind saw anything but one text or another.
//!
//! On the disk, in memory and on an overlay, without being root (Linux 5.11; before that as root):
//!
//! ```text
//! cargo build --release -p resolvconf --example rewrite_under_readers
//! unshare --user --map-root-user --mount sh -ec '
//!     mount -t tmpfs tmpfs /mnt && mkdir /mnt/lower /mnt/upper /mnt/work /mnt/overlay
//!     mount -t overlay overlay /mnt/overlay \
//!         -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work
//!     target/release/examples/rewrite_under_readers 100000 /var/tmp /mnt /mnt/overlay'
//! ```
#![allow(clippy::print_stdout, reason = "an example for the terminal")]

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use resolvconf::{WriteOptions, Written, write};

/// What the looks showed.
#[derive(Default)]
struct Seen {
    whole: AtomicU64,
    empty: AtomicU64,
    cut: AtomicU64,
    stale_end: AtomicU64,
    mixed: AtomicU64,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    const USAGE: &str = "usage: rewrite_under_readers REWRITES DIRECTORY…";
    let mut args = std::env::args_os().skip(1);
    let count = args.next().ok_or(USAGE)?;
    let count = count.to_str().ok_or(USAGE)?.parse()?;
    let mut sound = true;
    for directory in args {
        let path = Path::new(&directory).join("rewritten.resolv.conf");
        let opening = run(&path, count, &[(4096, false), (256, false)])?;
        report("readers that open the file", count, &opening);
        let keeping = run(&path, count, &[(4096, true)])?;
        report("a reader that keeps it open", count, &keeping);
        std::fs::remove_file(&path)?;
        let seen = &opening.0;
        let bad = [&seen.empty, &seen.cut, &seen.stale_end, &seen.mixed];
        sound &= bad.iter().all(|count| count.load(Relaxed) == 0);
    }
    Ok(ExitCode::from(u8::from(!sound)))
}

/// Texts of 60 to 1100 bytes that share no byte at any place but the last of a line.
fn texts() -> Vec<Vec<u8>> {
    let line = |n: u8| {
        vec![b'a' + n; 54]
            .into_iter()
            .chain([b'\n'])
            .collect::<Vec<u8>>()
    };
    [1, 20, 9, 14, 3]
        .iter()
        .enumerate()
        .map(|(n, lines)| line(n as u8).repeat(*lines))
        .collect()
}

fn run(path: &Path, count: u64, readers: &[(usize, bool)]) -> Result<(Seen, u64), Box<dyn Error>> {
    let texts = texts();
    let mut options = WriteOptions::new();
    options.durable = false;
    // The record is not what is measured here, and ext4 starts a disk write for each one.
    let record = format!("resolvconf-{}.state", std::process::id());
    options.state = Some(Path::new("/dev/shm").join(record));
    options.patience = Duration::from_secs(1);
    if readers.iter().any(|(_, keeps_open)| *keeps_open) {
        options.patience = Duration::ZERO;
    }
    write(path, &texts[0], &options)?;
    let (seen, done) = (Seen::default(), AtomicBool::new(false));
    let mut exclusive = 0;
    thread::scope(|scope| {
        for (piece, keeps_open) in readers {
            let (texts, seen, done) = (&texts, &seen, &done);
            scope.spawn(move || look_on(path, *piece, *keeps_open, texts, seen, done));
        }
        let started = Instant::now();
        for round in 1..=count {
            let text = &texts[(round % texts.len() as u64) as usize];
            match write(path, text, &options) {
                Ok(Written::Rewritten { exclusive: true }) => exclusive += 1,
                Ok(_) => {}
                Err(error) => {
                    done.store(true, Relaxed);
                    return Err(error);
                }
            }
        }
        let each = started.elapsed() / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        println!("{}: {each:?} a rewrite", path.display());
        done.store(true, Relaxed);
        Ok(())
    })?;
    options.state.map(std::fs::remove_file).transpose()?;
    Ok((seen, exclusive))
}

fn look_on(
    path: &Path,
    piece: usize,
    keeps_open: bool,
    texts: &[Vec<u8>],
    seen: &Seen,
    done: &AtomicBool,
) {
    let open = || File::open(path).expect("the file is never gone");
    let kept = keeps_open.then(open);
    let mut buffer = vec![0; 1 << 16];
    while !done.load(Relaxed) {
        let opened = kept.is_none().then(open);
        let file = kept.as_ref().or(opened.as_ref()).expect("one of the two");
        let mut length = 0;
        while let Ok(read @ 1..) = file.read_at(&mut buffer[length..length + piece], length as u64)
        {
            length += read;
        }
        count_of(&buffer[..length], texts, seen).fetch_add(1, Relaxed);
    }
}

fn count_of<'s>(content: &[u8], texts: &[Vec<u8>], seen: &'s Seen) -> &'s AtomicU64 {
    // Empty lines at the end are harmless filling.
    let padded = |text: &Vec<u8>| {
        let rest = content.strip_prefix(&text[..]);
        rest.is_some_and(|rest| rest.iter().all(|&b| b == b'\n'))
    };
    if texts.iter().any(padded) {
        &seen.whole
    } else if content.is_empty() {
        &seen.empty
    } else if texts.iter().any(|text| text.starts_with(content)) {
        &seen.cut
    } else if texts.iter().any(|text| content.starts_with(text)) {
        &seen.stale_end
    } else {
        &seen.mixed
    }
}

fn report(readers: &str, count: u64, (seen, exclusive): &(Seen, u64)) {
    println!(
        "{readers}: {count} rewrites, {exclusive} under a lease; whole {}, empty {}, cut {}, stale end {}, mixed {}",
        seen.whole.load(Relaxed),
        seen.empty.load(Relaxed),
        seen.cut.load(Relaxed),
        seen.stale_end.load(Relaxed),
        seen.mixed.load(Relaxed),
    );
}
