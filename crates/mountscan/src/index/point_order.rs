//! Sorts mount points by component, in the order of [`compare`].

use crate::row::point::{common_prefix, compare, symbol};

/// Bytes that one sorting key holds, nine bits each.
const CHUNK: usize = 7;
/// Below this many paths, comparing is cheaper than making keys.
const SMALL: usize = 12;

/// Rows `0..count` in component order of `path_of(row)`; rows of one path stay in row order.
///
/// It is a radix sort over keys of seven bytes. It first skips the beginning that all paths of a
/// range share, because mount points of containers differ only after a long common beginning.
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
            // If the last symbol of the key is the end of the path, these paths are equal.
            if run.len() > 1 && run[0].0 & 0x1ff != 0 {
                ranges.push((from, from + run.len(), depth + CHUNK));
            }
            from += run.len();
        }
    }
    items.into_iter().map(|(_, row)| row).collect()
}

/// How many leading bytes all paths of the range share. At least `depth` are known to be shared.
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
}
