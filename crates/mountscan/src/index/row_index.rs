//! The index of a table: rows by id, by mount point, and as a tree. It is built without recursion.

use crate::index::point_order;
use crate::row::point::{compare, is_at_or_below};

/// Stands for "no row".
pub(crate) const NONE: u32 = u32::MAX;

/// What the index needs to know about each row.
pub(crate) trait RowSource {
    fn len(&self) -> u32;
    fn ids(&self, row: u32) -> (u32, u32);
    /// The mount point, escapes not decoded.
    fn raw_point(&self, row: u32) -> &[u8];
}

/// Finds rows. A row is named by its place in the table.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// `mount id << 32 | row`, sorted.
    ids: Vec<u64>,
    pub(crate) tree: Tree,
    /// Rows by mount point in component order; rows of one mount point from bottom to top.
    pub(crate) points: Vec<u32>,
    /// Decoded mount points of the rows that have a backslash, sorted by row.
    decoded: Vec<(u32, Box<[u8]>)>,
    /// The height of each row. A row that hides another has a greater height.
    heights: Vec<u32>,
}

/// Links between rows. A walk down always ends: cycles are cut when the links are made.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) parent: Vec<u32>,
    pub(crate) first_child: Vec<u32>,
    pub(crate) next_sibling: Vec<u32>,
    pub(crate) first_root: u32,
}

impl Index {
    pub(crate) fn build(rows: &impl RowSource) -> Self {
        let count = rows.len();
        let mut ids: Vec<u64> = (0..count)
            .map(|row| u64::from(rows.ids(row).0) << 32 | u64::from(row))
            .collect();
        ids.sort_unstable();
        let decoded = decode_points(rows);
        let point_of = |row| point(rows, &decoded, row);
        let mut parent = link_parents(rows, &ids, point_of);
        cut_cycles(&mut parent);
        let mut points = point_order::sort(count, point_of);
        let tree = Tree::link(parent, (0..count).rev());
        let heights = heights(&tree, &points, point_of);
        for stack in equal_runs(&mut points, point_of) {
            stack.sort_unstable_by_key(|&row| heights[row as usize]);
        }
        Self {
            ids,
            tree,
            points,
            decoded,
            heights,
        }
    }

    /// The last row of this id. An id occurs twice only if the table changed while it was read.
    pub(crate) fn by_id(&self, id: u32) -> Option<u32> {
        rows_of_id(&self.ids, id).last().map(|entry| *entry as u32)
    }

    pub(crate) fn point<'r>(&'r self, rows: &'r impl RowSource, row: u32) -> &'r [u8] {
        point(rows, &self.decoded, row)
    }

    pub(crate) fn height(&self, row: u32) -> u32 {
        self.heights[row as usize]
    }

    /// Rows mounted at exactly this path, from bottom to top.
    pub(crate) fn at(&self, rows: &impl RowSource, path: &[u8]) -> &[u32] {
        let (from, rest) = self.from(rows, path);
        let length = rest.partition_point(|&row| self.point(rows, row) == path);
        &self.points[from..from + length]
    }

    /// Rows mounted at or below this path, in component order.
    pub(crate) fn under(&self, rows: &impl RowSource, path: &[u8]) -> &[u32] {
        if path.is_empty() {
            return &[];
        }
        let (from, rest) = self.from(rows, path);
        let length = rest.partition_point(|&row| is_at_or_below(self.point(rows, row), path));
        &self.points[from..from + length]
    }

    fn from(&self, rows: &impl RowSource, path: &[u8]) -> (usize, &[u32]) {
        let from = self
            .points
            .partition_point(|&row| compare(self.point(rows, row), path).is_lt());
        (from, &self.points[from..])
    }
}

impl Tree {
    /// Links children to parents; `order` names all rows, later siblings first.
    fn link(parent: Vec<u32>, order: impl Iterator<Item = u32>) -> Self {
        let mut first_child = vec![NONE; parent.len()];
        let mut next_sibling = vec![NONE; parent.len()];
        let mut first_root = NONE;
        for row in order {
            let first = match parent[row as usize] {
                NONE => &mut first_root,
                above => &mut first_child[above as usize],
            };
            next_sibling[row as usize] = *first;
            *first = row;
        }
        Self {
            parent,
            first_child,
            next_sibling,
            first_root,
        }
    }

    /// The row after `row` in a walk that visits parents before children, within the tree of `top`
    /// (`NONE`: the whole table).
    pub(crate) fn next_in_walk(&self, row: u32, top: u32) -> u32 {
        let child = self.first_child[row as usize];
        if child != NONE {
            return child;
        }
        let mut row = row;
        while row != top && row != NONE {
            let sibling = self.next_sibling[row as usize];
            if sibling != NONE {
                return sibling;
            }
            row = self.parent[row as usize];
        }
        NONE
    }
}

fn decode_points(rows: &impl RowSource) -> Vec<(u32, Box<[u8]>)> {
    (0..rows.len())
        .filter(|&row| memchr::memchr(b'\\', rows.raw_point(row)).is_some())
        .map(|row| {
            (
                row,
                crate::row::escape::unescape(rows.raw_point(row))
                    .into_owned()
                    .into_boxed_slice(),
            )
        })
        .collect()
}

fn point<'r>(rows: &'r impl RowSource, decoded: &'r [(u32, Box<[u8]>)], row: u32) -> &'r [u8] {
    if !decoded.is_empty() {
        if let Ok(at) = decoded.binary_search_by_key(&row, |entry| entry.0) {
            return &decoded[at].1;
        }
    }
    rows.raw_point(row)
}

fn rows_of_id(ids: &[u64], id: u32) -> &[u64] {
    let from = ids.partition_point(|&entry| ((entry >> 32) as u32) < id);
    let length = ids[from..].partition_point(|&entry| (entry >> 32) as u32 == id);
    &ids[from..from + length]
}

/// The parent of each row. If an id occurs twice, it is the later row that lies above the child.
fn link_parents<'r>(
    rows: &'r impl RowSource,
    ids: &[u64],
    point_of: impl Fn(u32) -> &'r [u8],
) -> Vec<u32> {
    let mut last: (u32, &[u64]) = (0, rows_of_id(ids, 0));
    (0..rows.len())
        .map(|row| {
            let (id, parent_id) = rows.ids(row);
            if parent_id == id {
                return NONE;
            }
            if parent_id != last.0 {
                last = (parent_id, rows_of_id(ids, parent_id));
            }
            match last.1 {
                [] => NONE,
                [only] => *only as u32,
                several => several
                    .iter()
                    .rev()
                    .map(|entry| *entry as u32)
                    .find(|&above| is_at_or_below(point_of(row), point_of(above)))
                    .unwrap_or(several[several.len() - 1] as u32),
            }
        })
        .collect()
}

/// Makes the first row of every cycle of parents a root.
fn cut_cycles(parent: &mut [u32]) {
    let mut seen_by = vec![NONE; parent.len()];
    for start in 0..parent.len() as u32 {
        let mut row = start;
        while row != NONE && seen_by[row as usize] == NONE {
            seen_by[row as usize] = start;
            row = parent[row as usize];
        }
        if row != NONE && seen_by[row as usize] == start {
            let (mut first, mut member) = (row, parent[row as usize]);
            while member != row {
                first = first.min(member);
                member = parent[member as usize];
            }
            parent[first as usize] = NONE;
        }
    }
}

/// Numbers the rows in a walk of the tree that visits parents first. A mount hides its sibling if
/// its mount point is the same or lies above; then it is visited later. Other siblings are visited
/// in the order of the table.
fn heights<'r>(tree: &Tree, points: &[u32], point_of: impl Fn(u32) -> &'r [u8]) -> Vec<u32> {
    let covers = covering_siblings(tree, points, &point_of);
    let reordered = (!covers.is_empty()).then(|| {
        let mut cover_of: Vec<u32> = (0..points.len() as u32).collect();
        for &(hidden, cover) in &covers {
            cover_of[hidden as usize] = cover;
        }
        let mut order: Vec<u32> = (0..points.len() as u32).collect();
        order.sort_unstable_by_key(|&row| {
            (
                cover_of[row as usize],
                usize::MAX - point_of(row).len(),
                row,
            )
        });
        Tree::link(tree.parent.clone(), order.into_iter().rev())
    });
    let tree = reordered.as_ref().unwrap_or(tree);
    let mut heights = vec![0; points.len()];
    let (mut row, mut place) = (tree.first_root, 0);
    while row != NONE {
        heights[row as usize] = place;
        place += 1;
        row = tree.next_in_walk(row, NONE);
    }
    heights
}

/// Pairs of siblings. The second, mounted at the same path or above, hides the first.
fn covering_siblings<'r>(
    tree: &Tree,
    points: &[u32],
    point_of: &impl Fn(u32) -> &'r [u8],
) -> Vec<(u32, u32)> {
    let mut covers = Vec::new();
    // By parent: the last sibling seen that no other sibling covers. The last entry is for the
    // roots.
    let mut top = vec![NONE; points.len() + 1];
    for &row in points {
        let parent = tree.parent[row as usize];
        let top = &mut top[if parent == NONE {
            points.len()
        } else {
            parent as usize
        }];
        // A root that is a whole tree ("/") does not hide the orphans of a partial table.
        let hides = *top != NONE && parent != NONE && is_at_or_below(point_of(row), point_of(*top));
        if hides {
            covers.push((row, *top));
        } else {
            *top = row;
        }
    }
    covers
}

/// The stretches of rows with one mount point that are longer than one row.
fn equal_runs<'r, 'p>(
    points: &'p mut [u32],
    point_of: impl Fn(u32) -> &'r [u8],
) -> Vec<&'p mut [u32]> {
    points
        .chunk_by_mut(|&a, &b| point_of(a) == point_of(b))
        .filter(|run| run.len() > 1)
        .collect()
}
