//! Queries by structure, and tables that no kernel prints.

use std::path::Path;

use mountscan::{ErrorKind, MountId, MountTable, PeerGroup, Row};

fn ids<'t>(rows: impl IntoIterator<Item = Row<'t>>) -> Vec<u32> {
    rows.into_iter().map(|row| row.mount_id().0).collect()
}

fn row(id: u32, parent: u32, point: &str) -> String {
    format!("{id} {parent} 0:{id} / {point} rw - t s rw\n")
}

fn table(rows: &[(u32, u32, &str)]) -> MountTable {
    MountTable::from_bytes(
        rows.iter()
            .map(|&(id, parent, point)| row(id, parent, point))
            .collect::<String>(),
    )
}

#[test]
fn under_is_by_component_and_takes_the_root() {
    let table = table(&[
        (1, 0, "/"),
        (2, 1, "/a"),
        (3, 1, "/ab"),
        (4, 2, "/a/b"),
        (5, 1, "/a-c"),
        (6, 4, "/a/b/c"),
    ]);
    assert_eq!(ids(table.under(Path::new("/a"))), [2, 4, 6]);
    assert_eq!(ids(table.under(Path::new("/a/"))), [2, 4, 6]);
    assert_eq!(ids(table.under(Path::new("//a/./b"))), [4, 6]);
    assert_eq!(ids(table.under(Path::new("/"))), [1, 2, 3, 4, 5, 6]);
    assert!(ids(table.under(Path::new("/nowhere"))).is_empty());
    assert!(ids(table.under(Path::new(""))).is_empty());
    assert!(ids(table.under(Path::new("a"))).is_empty());
}

#[test]
fn escaped_mount_points_are_found_by_their_bytes() {
    let table = MountTable::from_bytes(&b"1 0 0:1 / / rw - t s rw\n2 1 0:2 / /my\\040disk\\134x rw - t s rw\n3 2 0:3 / /my\\040disk\\134x/\xff rw - t s rw\n"[..]);
    assert_eq!(ids(table.under(Path::new("/my disk\\x"))), [2, 3]);
    assert_eq!(ids(table.at(Path::new("/my disk\\x"))), [2]);
    assert!(table.at(Path::new("/my\\040disk\\134x")).is_empty());
}

#[test]
fn stacks_come_from_bottom_to_top_whatever_the_order_of_rows() {
    let table = table(&[
        (1, 0, "/"),
        (9, 5, "/m"),
        (5, 7, "/m"),
        (7, 1, "/m"),
        (8, 9, "/m/x"),
    ]);
    assert_eq!(ids(table.at(Path::new("/m"))), [7, 5, 9]);
    assert_eq!(ids(table.topmost(Path::new("/m"))), [9]);
    assert_eq!(ids(table.mount_of(Path::new("/m/x/y"))), [8]);
    assert_eq!(ids(table.mount_of(Path::new("/m/z"))), [9]);
    assert_eq!(
        ids(table.deepest_first(table.under(Path::new("/m")).collect())),
        [8, 9, 5, 7]
    );
}

/// `/a` is covered after `/a/b` was mounted: the path `/a/b` leads to the cover, not to the old
/// mount.
#[test]
fn a_cover_hides_what_lies_below_it() {
    let table = table(&[
        (1, 0, "/"),
        (2, 1, "/a/b"),
        (3, 1, "/a"),
        (4, 3, "/a/c"),
        (5, 2, "/a/b"),
        (6, 3, "/a/d"),
    ]);
    assert_eq!(ids(table.mount_of(Path::new("/a/b"))), [3]);
    assert!(!table.is_mount_point(Path::new("/a/b")));
    assert!(table.is_mount_point(Path::new("/a/c")) && table.is_mount_point(Path::new("/a")));
    let hidden: Vec<_> = table.rows().filter(|&row| table.is_hidden(row)).collect();
    assert_eq!(ids(hidden), [2, 5]);
    // What hides goes first: only then can the hidden ones be reached by path.
    assert_eq!(
        ids(table.deepest_first(table.under(Path::new("/a")).collect())),
        [6, 4, 3, 5, 2]
    );
}

/// A mount on the cover is above a deeper stack below it.
#[test]
fn the_top_of_one_path_is_the_one_that_the_cover_carries() {
    let table = table(&[
        (1, 0, "/"),
        (2, 1, "/a/b"),
        (3, 2, "/a/b"),
        (4, 3, "/a/b"),
        (5, 1, "/a"),
        (6, 5, "/a/b"),
    ]);
    assert_eq!(ids(table.at(Path::new("/a/b"))), [2, 3, 4, 6]);
    assert_eq!(ids(table.mount_of(Path::new("/a/b/c"))), [6]);
}

#[test]
fn tree_walks() {
    let table = table(&[
        (1, 1, "/"),
        (2, 1, "/a"),
        (3, 2, "/a/b"),
        (4, 1, "/c"),
        (5, 3, "/a/b/d"),
        (6, 2, "/a/e"),
    ]);
    let root = table.by_id(MountId(1)).expect("there");
    assert_eq!(ids(table.roots()), [1]);
    assert_eq!(ids(table.children(root)), [2, 4]);
    assert_eq!(ids(table.descendants(root)), [2, 3, 5, 6, 4]);
    let a = table.by_id(MountId(2)).expect("there");
    assert_eq!(ids(table.descendants(a)), [3, 5, 6]);
    assert_eq!(ids(table.parent(a)), [1]);
    assert!(ids(table.parent(root)).is_empty());
}

#[test]
fn orphans_of_a_partial_table_are_roots_and_found_by_path() {
    let table = table(&[(3, 77, "/x/y"), (4, 3, "/x/y/z")]);
    assert_eq!(ids(table.roots()), [3]);
    assert_eq!(ids(table.mount_of(Path::new("/x/y/q"))), [3]);
    assert!(ids(table.mount_of(Path::new("/x"))).is_empty());
    assert!(table.is_mount_point(Path::new("/x/y/z")));
}

#[test]
fn cycles_of_parents_are_cut() {
    let table = table(&[
        (1, 0, "/"),
        (2, 4, "/a"),
        (3, 2, "/a/b"),
        (4, 3, "/a/b/c"),
        (5, 5, "/s"),
        (6, 4, "/a/b/c/d"),
    ]);
    assert_eq!(ids(table.roots()), [1, 2, 5]);
    let all: Vec<_> = table
        .roots()
        .flat_map(|root| std::iter::once(root).chain(table.descendants(root)))
        .collect();
    assert_eq!(ids(all), [1, 2, 3, 4, 6, 5]);
}

#[test]
fn doubled_ids_keep_every_row_and_the_tree_is_made_by_path() {
    let table = table(&[
        (1, 0, "/"),
        (5, 1, "/x"),
        (6, 5, "/x/a"),
        (5, 1, "/y"),
        (7, 5, "/y/b"),
    ]);
    assert_eq!(table.len(), 5);
    assert_eq!(
        table
            .by_id(MountId(5))
            .expect("there")
            .mount_point()
            .to_str(),
        Some("/y")
    );
    let x = table.topmost(Path::new("/x")).expect("there");
    assert_eq!(ids(table.children(x)), [6]);
    assert_eq!(ids(table.mount_of(Path::new("/y/b/c"))), [7]);
}

/// The reading of a live table shows an id twice: the later row holds. Two rows at one place of one
/// mount are no proof: the earlier mount may be alive, above the later or moved away.
#[test]
fn replaced_rows_can_be_dropped() {
    let mut table = table(&[
        (1, 0, "/"),
        (2, 1, "/x"),
        (3, 2, "/x"),
        (4, 1, "/x"),
        (3, 1, "/z"),
    ]);
    assert_eq!(ids(table.mount_of(Path::new("/x/q"))), [4]);
    assert_eq!(table.drop_replaced(), 1);
    assert_eq!(ids(table.rows()), [1, 2, 4, 3]);
    assert_eq!(ids(table.at(Path::new("/x"))), [2, 4]);
}

#[test]
fn ten_thousand_levels_and_a_stack_of_ten_thousand() {
    let mut text = row(1, 0, "/");
    let mut point = String::new();
    // The text grows with the square of the depth; without optimisation a part of it will do.
    let deepest = if cfg!(debug_assertions) {
        2_000
    } else {
        10_000
    };
    for level in 2..=deepest {
        point.push_str("/d");
        text.push_str(&row(level, level - 1, &point));
    }
    let deep = MountTable::from_bytes(text);
    assert_eq!(
        deep.mount_of(Path::new(&point)).expect("held").mount_id(),
        MountId(deepest)
    );
    assert_eq!(
        deep.deepest_first(deep.rows().collect())[0].mount_id(),
        MountId(deepest)
    );
    let root = deep.by_id(MountId(1)).expect("there");
    assert_eq!(deep.descendants(root).count() as u32, deepest - 1);

    let mut text = row(1, 0, "/");
    for level in (2..10_002u32).rev() {
        text.push_str(&row(level, level - 1, "/m"));
    }
    let stack = MountTable::from_bytes(text);
    let ids = ids(stack.at(Path::new("/m")));
    assert!(ids.iter().copied().eq(2..10_002));
    assert_eq!(
        stack.mount_of(Path::new("/m/x")).expect("held").mount_id(),
        MountId(10_001)
    );
}

#[test]
fn a_million_rows_and_a_line_of_many_megabytes() {
    let count = if cfg!(debug_assertions) {
        200_000
    } else {
        1_000_000u32
    };
    let text: String = (1..=count).map(|id| row(id, id / 2, "/m")).collect();
    let table = MountTable::from_bytes(text);
    assert_eq!(table.len(), count as usize);
    assert_eq!(table.at(Path::new("/m")).len(), count as usize);

    let mut long = b"2 1 0:2 / /o rw - overlay o rw,lowerdir=".to_vec();
    long.resize(32 << 20, b'x');
    let table = MountTable::from_bytes(long);
    assert_eq!(
        table
            .topmost(Path::new("/o"))
            .expect("there")
            .super_options()
            .as_bytes()
            .len(),
        (32 << 20) - 28
    );
}

#[test]
fn junk_is_reported_line_by_line_and_loses_no_row() {
    let text = b"\xff\xfe\0\0\n1 0 0:1 / / rw - t s rw\n\n2 1 0:2 / /p rw - proc proc r";
    let table = MountTable::from_bytes(&text[..]);
    assert_eq!(ids(table.rows()), [1, 2]);
    let lines: Vec<_> = table.malformed().iter().map(|row| row.line).collect();
    assert_eq!(lines, [1, 3]);
    let error = MountTable::from_bytes_strict(&text[..]).expect_err("line 1 is junk");
    assert_eq!(error.to_string(), "line 1: mount id is not a number");
    let newlines = MountTable::from_bytes(vec![b'\n'; 1 << 20]);
    assert_eq!(
        (newlines.malformed_count(), newlines.malformed().len()),
        (1 << 20, 100_000)
    );
}

#[test]
fn peer_groups_are_found_in_the_order_of_the_table() {
    let table = MountTable::from_bytes(
        "9 0 0:1 / / rw shared:3 - t s rw\n2 9 0:2 / /a rw shared:1 master:3 - t s rw\n\
         3 9 0:3 / /b rw master:3 propagate_from:1 - t s rw\n1 9 0:4 / /c rw shared:3 - t s rw\n\
         5 9 0:5 / /d rw - t s rw\n",
    );
    assert_eq!(ids(table.peers(PeerGroup(3))), [9, 1]);
    assert_eq!(ids(table.peers(PeerGroup(1))), [2]);
    assert_eq!(ids(table.slaves(PeerGroup(3))), [2, 3]);
    assert_eq!(table.slaves(PeerGroup(1)).len(), 0);
    assert_eq!(table.peers(PeerGroup(0)).len(), 0);
}

#[test]
fn a_reader_gives_the_table_that_the_bytes_give() {
    let text = b"1 0 0:1 / / rw - t s rw\njunk\n\n2 1 0:2 / /p rw shared:1 - proc  rw x\n3 2 0:3 / /p rw - t s r";
    let bytes = MountTable::from_bytes(&text[..]);
    let reader = MountTable::from_reader(&text[..]).expect("memory does not fail");
    assert_eq!(reader.to_bytes(), bytes.to_bytes());
    assert_eq!(reader.malformed(), bytes.malformed());
    assert_eq!(ids(reader.at(Path::new("/p"))), [2, 3]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for (path, kind) in [
        ("/nowhere/mountinfo", ErrorKind::NotFound),
        ("/", ErrorKind::Io),
    ] {
        let error = MountTable::from_file(Path::new(path)).expect_err("no table there");
        assert_eq!((error.kind(), error.path()), (kind, Some(Path::new(path))));
    }
}
