//! The order of mount points: by component, so that all that lies below a path stands together.
//!
//! Bytes compare as usual but for `/`, which comes before every other byte, and the end of a path, which
//! comes before `/`. So `/a`, `/a/b`, `/a/c` stand before `/a-b`.

use std::cmp::Ordering;

/// Bytes that one sorting key holds, nine bits each.
const CHUNK: usize = 7;
/// Below this, comparing beats making keys.
const SMALL: usize = 12;

/// Compares two paths in component order.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let same = common_prefix(a, b);
    symbol(a.get(same)).cmp(&symbol(b.get(same)))
}

/// Whether `path` is `top` or lies below it.
pub(crate) fn is_at_or_below(path: &[u8], top: &[u8]) -> bool {
    match path.strip_prefix(top) {
        Some(rest) => rest.is_empty() || rest[0] == b'/' || top == b"/",
        None => false,
    }
}

/// Rows `0..count` in component order of `path_of(row)`; rows of one path stay in row order.
///
/// A radix sort over keys of seven bytes that first skips what all paths of a range share: mount points of
/// containers differ only after a long common beginning.
pub(crate) fn sort<'p>(count: u32, path_of: impl Fn(u32) -> &'p [u8]) -> Vec<u32> {
    let mut items: Vec<(u64, u32)> = (0..count).map(|row| (0, row)).collect();
    let mut ranges = vec![(0, items.len(), 0)];
    while let Some((start, end, depth)) = ranges.pop() {
        let range = &mut items[start..end];
        if range.len() <= SMALL {
            range.sort_unstable_by(|a, b| compare(path_of(a.1), path_of(b.1)).then(a.1.cmp(&b.1)));
            continue;
        }
        let depth = shared_depth(range, depth, &path_of);
        for item in range.iter_mut() {
            item.0 = key(path_of(item.1), depth);
        }
        range.sort_unstable();
        let mut from = start;
        for run in range.chunk_by(|a, b| a.0 == b.0) {
            // A key whose last symbol is the end of the path leaves nothing to tell its rows apart.
            if run.len() > 1 && run[0].0 & 0x1ff != 0 {
                ranges.push((from, from + run.len(), depth + CHUNK));
            }
            from += run.len();
        }
    }
    items.into_iter().map(|(_, row)| row).collect()
}

/// How many leading bytes all paths of the range share, if at least `depth` are known to be.
fn shared_depth<'p>(
    range: &[(u64, u32)],
    depth: usize,
    path_of: &impl Fn(u32) -> &'p [u8],
) -> usize {
    let first = path_of(range[0].1);
    let mut shared = first.len();
    for item in &range[1..] {
        if shared <= depth {
            break;
        }
        let path = path_of(item.1);
        shared = depth + common_prefix(&first[depth..shared], &path[depth..]);
    }
    shared.max(depth)
}

fn key(path: &[u8], depth: usize) -> u64 {
    let bytes = path.get(depth..).unwrap_or_default();
    let mut key = 0;
    for at in 0..CHUNK {
        key = key << 9 | symbol(bytes.get(at));
    }
    key
}

fn symbol(byte: Option<&u8>) -> u64 {
    match byte {
        None => 0,
        Some(b'/') => 1,
        Some(&byte) => u64::from(byte) + 2,
    }
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut same = 0;
    // Large steps first: the compiler's comparison of slices is what is fast.
    for step in [512, 8] {
        let chunks = a[same..]
            .chunks_exact(step)
            .zip(b[same..].chunks_exact(step));
        same += step * chunks.take_while(|(a, b)| a == b).count();
    }
    same + a[same..]
        .iter()
        .zip(&b[same..])
        .take_while(|(a, b)| a == b)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_a_path_stands_together() {
        let paths: &[&[u8]] = &[
            b"/a-b", b"/a/c", b"/a", b"/", b"/a/b", b"/a.b", b"/a/b/c", b"/a\xff", b"/a\0",
        ];
        let order: Vec<_> = sort(paths.len() as u32, |row| paths[row as usize]);
        let sorted: Vec<_> = order.iter().map(|&row| paths[row as usize]).collect();
        let want: &[&[u8]] = &[
            b"/", b"/a", b"/a/b", b"/a/b/c", b"/a/c", b"/a\0", b"/a-b", b"/a.b", b"/a\xff",
        ];
        assert_eq!(sorted, want);
    }

    #[test]
    fn long_common_beginnings_and_repeats_sort_as_the_comparison_says() {
        let mut state = 1u64;
        let mut paths = Vec::new();
        for _ in 0..3000 {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let tail = format!("{:b}/{:x}", state >> 60, state >> 52 & 15);
            paths.push(format!("/var/lib/docker/overlay2/{tail}").into_bytes());
        }
        let sorted = sort(paths.len() as u32, |row| &paths[row as usize]);
        let mut want: Vec<u32> = (0..paths.len() as u32).collect();
        want.sort_by(|&a, &b| compare(&paths[a as usize], &paths[b as usize]).then(a.cmp(&b)));
        assert_eq!(sorted, want);
    }

    #[test]
    fn below_is_by_component() {
        assert!(
            is_at_or_below(b"/a/b", b"/a")
                && is_at_or_below(b"/a", b"/a")
                && is_at_or_below(b"/a", b"/")
        );
        assert!(!is_at_or_below(b"/ab", b"/a") && !is_at_or_below(b"/", b"/a"));
    }
}
