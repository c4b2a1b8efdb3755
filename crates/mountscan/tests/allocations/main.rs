//! Counts allocations: none for a borrowed row, a few for a table of any size, and how much a table
//! holds.
//!
//! A binary of its own, because the counting allocator is the whole program's. Only what the
//! measuring thread does is counted: the test harness has threads of its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use mountscan::{MAX_ROW_BYTES, MountTable, Row, RowError, rows};

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
}

fn counts() -> bool {
    COUNTS.try_with(Cell::get).unwrap_or(false)
}

fn took(size: usize) {
    if !counts() {
        return;
    }
    CALLS.fetch_add(1, Ordering::Relaxed);
    let held = HELD.fetch_add(size, Ordering::Relaxed) + size;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator with the caller's own arguments; counting touches only
// atomics and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if counts() {
            HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the block came from the system's allocator with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Calls made, bytes still held and most bytes held at once, over what was held before.
fn counted<R>(work: impl FnOnce() -> R) -> (R, usize, usize, usize) {
    let (calls, held) = (CALLS.load(Ordering::Relaxed), HELD.load(Ordering::Relaxed));
    PEAK.store(held, Ordering::Relaxed);
    COUNTS.set(true);
    let result = work();
    COUNTS.set(false);
    let calls = CALLS.load(Ordering::Relaxed) - calls;
    (
        result,
        calls,
        HELD.load(Ordering::Relaxed) - held,
        PEAK.load(Ordering::Relaxed) - held,
    )
}

/// Rows of a Docker host: 767 bytes each.
fn docker_like(count: u32) -> Vec<u8> {
    let mut text = b"1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_vec();
    for row in 2..=count {
        let id = format!(
            "{:064x}",
            u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        let layers = ["/var/lib/docker/overlay2/l/ABCDEFGHIJKLMNOPQRSTUVWXYZ"; 7].join(":");
        let dir = format!("/var/lib/docker/overlay2/{id}");
        text.extend_from_slice(
            format!("{row} 1 0:{row} / {dir}/merged rw,relatime shared:{row} - overlay overlay rw,lowerdir={layers},upperdir={dir}/diff,workdir={dir}/work\n").as_bytes(),
        );
    }
    text
}

fn touch(row: &Row<'_>) -> usize {
    row.mount_point().as_os_str().len()
        + row.source().len()
        + row.tags().count()
        + row.super_options().count()
}

#[test]
fn rows_allocate_nothing_and_tables_a_few_buffers() {
    let mut calls_by_size = Vec::new();
    for count in [1_000, 50_000] {
        let text = docker_like(count);
        let size = text.len();
        let (touched, calls, _, _) =
            counted(|| rows(&text).flatten().map(|row| touch(&row)).sum::<usize>());
        assert!(touched > 0);
        assert_eq!(calls, 0, "borrowed rows");

        let (table, calls, held, peak) = counted(|| {
            let table = MountTable::from_bytes(text.as_slice());
            assert!(table.topmost("/".as_ref()).is_some(), "builds the index");
            table
        });
        assert_eq!(table.len(), count as usize);
        assert!(
            held * 10 <= size * 13,
            "holds {held} bytes for a text of {size}"
        );
        assert!(
            peak * 10 <= size * 14,
            "needs {peak} bytes for a text of {size}"
        );
        calls_by_size.push(calls);
    }
    assert!(
        calls_by_size[1] <= calls_by_size[0] + 8,
        "allocations grow with rows: {calls_by_size:?}"
    );

    // A line of junk is not held, however long; a row is, up to the limit.
    let junk = std::io::repeat(b'x').take(2 * MAX_ROW_BYTES as u64);
    let row = &b"\n1 0 0:1 / / rw - t s rw\n"[..];
    let (table, _, held, peak) = counted(|| MountTable::from_reader(junk.chain(row)));
    let table = table.expect("memory does not fail");
    assert_eq!(
        (table.len(), table.malformed()[0].reason),
        (1, RowError::TooLong)
    );
    assert!(held < 10_000 && peak <= 2 * MAX_ROW_BYTES, "{held} {peak}");
}
