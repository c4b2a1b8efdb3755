//! Properties: any bytes, any tree.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use mountscan::{MountTable, escape, unescape};
use proptest::prelude::*;

/// One mount of a made-up namespace: id, the mount it is on, where.
#[derive(Debug, Clone)]
struct Made {
    id: u32,
    parent: u32,
    point: PathBuf,
}

/// A namespace as a kernel could have made it: every mount goes where a look-up of its path leads,
/// so later ones cover earlier ones and stack on them. The rows are then shuffled.
fn namespace() -> impl Strategy<Value = (Vec<Made>, Vec<Made>)> {
    let name = prop_oneof![
        Just("a"),
        Just("b"),
        Just("a-b"),
        Just("a b"),
        Just("\\040")
    ];
    let path = prop::collection::vec(name, 1..4);
    prop::collection::vec(path, 0..14).prop_flat_map(|paths| {
        let mut made = vec![Made {
            id: 1,
            parent: 0,
            point: "/".into(),
        }];
        for (at, names) in paths.iter().enumerate() {
            let point: PathBuf = Path::new("/").join(names.iter().collect::<PathBuf>());
            let parent = naive_mount_of(&made, &point).expect("the root holds everything");
            made.push(Made {
                id: at as u32 + 2,
                parent,
                point,
            });
        }
        let shuffled = Just(made.clone()).prop_shuffle();
        (Just(made), shuffled)
    })
}

/// Walks component by component, crossing mounts as the kernel does.
fn naive_mount_of(made: &[Made], path: &Path) -> Option<u32> {
    let mut here = 0;
    let mut at: Vec<&Path> = path.ancestors().collect();
    at.reverse();
    for prefix in at {
        while let Some(next) = made
            .iter()
            .find(|mount| mount.parent == here && mount.point == prefix)
        {
            here = next.id;
        }
    }
    (here != 0).then_some(here)
}

fn text(made: &[Made]) -> Vec<u8> {
    let mut text = Vec::new();
    for mount in made {
        text.extend_from_slice(format!("{} {} 0:9 / ", mount.id, mount.parent).as_bytes());
        text.extend_from_slice(&escape(mount.point.as_os_str().as_bytes()));
        text.extend_from_slice(b" rw - tmpfs none rw\n");
    }
    text
}

proptest! {
    #[test]
    fn escaping_round_trips(field in prop::collection::vec(any::<u8>(), 0..64)) {
        let escaped = escape(&field);
        prop_assert!(!escaped.iter().any(|byte| b" \t\n".contains(byte)));
        prop_assert_eq!(&*unescape(&escaped), &field[..]);
    }

    #[test]
    fn fields_of_any_bytes_arrive(
        field in prop::collection::vec(any::<u8>(), 0..40),
        source in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let point = [b"/", &field[..]].concat();
        let mut text = b"7 1 8:1 ".to_vec();
        for part in [&b"/r"[..], b" ", &escape(&point), b" rw,nosuid shared:3 - ty ", &escape(&source), b" rw"] {
            text.extend_from_slice(part);
        }
        let table = MountTable::from_bytes_strict(text).expect("as a kernel would print it");
        let row = table.rows().next().expect("one row");
        prop_assert!(row.mount_point().as_os_str().as_bytes() == point);
        prop_assert!(row.source().as_bytes() == source);
        prop_assert!(table.at(Path::new(std::ffi::OsStr::from_bytes(&point))).len() == 1 || point.contains(&b'/'));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic_and_alike_on_every_route(
        text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\n'), Just(b'1'), Just(b'/'), Just(b'-')], 0..300),
        cut in 1..40usize,
    ) {
        let table = MountTable::from_bytes(text.clone());
        for row in table.rows() {
            let _ = (row.to_owned(), table.is_hidden(row), table.children(row).count(), table.descendants(row).count());
        }
        let streamed = std::cell::RefCell::new(Vec::new());
        let reader = std::io::BufReader::with_capacity(cut, &text[..]);
        let end = mountscan::for_each_row(reader, |row| {
            streamed.borrow_mut().push(row.map(|row| row.as_bytes().to_vec()));
            ControlFlow::<()>::Continue(())
        });
        prop_assert!(end.is_ok());
        let in_memory: Vec<_> = mountscan::rows(&text).map(|row| row.map(|row| row.as_bytes().to_vec())).collect();
        prop_assert_eq!(streamed.into_inner(), in_memory);
    }

    /// Rows with any ids and parents, which no kernel prints: queries end and name every row once.
    #[test]
    fn any_graph_of_parents_is_walked_once(links in prop::collection::vec((0..9u32, 0..9u32, 0..4usize), 0..24)) {
        let points = ["/", "/a", "/a/b", "/c"];
        let text: String = links
            .iter()
            .map(|(id, parent, point)| format!("{id} {parent} 0:1 / {} rw - t s rw\n", points[*point]))
            .collect();
        let table = MountTable::from_bytes(text);
        let walked: usize = table.roots().map(|root| 1 + table.descendants(root).count()).sum();
        prop_assert_eq!(walked, links.len());
        prop_assert_eq!(table.deepest_first(table.rows().collect()).len(), links.len());
        for point in points {
            prop_assert_eq!(table.at(Path::new(point)).len(), links.iter().filter(|link| points[link.2] == point).count());
        }
    }

    #[test]
    fn queries_equal_a_naive_model((made, shuffled) in namespace(), query in prop::collection::vec(0..5usize, 0..4)) {
        let names = ["a", "b", "a-b", "a b", "\\040"];
        let query = Path::new("/").join(query.iter().map(|&at| names[at]).collect::<PathBuf>());
        let table = MountTable::from_bytes_strict(text(&shuffled)).expect("well formed");

        let found = table.mount_of(&query).map(|row| row.mount_id().0);
        prop_assert_eq!(found, naive_mount_of(&made, &query));

        let mut under: Vec<u32> = table.under(&query).map(|row| row.mount_id().0).collect();
        let in_table: Vec<u32> = shuffled.iter().filter(|m| m.point.starts_with(&query)).map(|m| m.id).collect();
        prop_assert_eq!(&under, &in_table);

        // Mounted in this order, so the last one made is the one that a look-up finds.
        let stack: Vec<u32> = table.at(&query).iter().map(|row| row.mount_id().0).collect();
        let want: Vec<u32> = made.iter().filter(|m| m.point == query).map(|m| m.id).collect();
        prop_assert_eq!(stack, want);

        let visible = naive_mount_of(&made, &query);
        let is_point = made.iter().any(|m| Some(m.id) == visible && m.point == query);
        prop_assert_eq!(table.is_mount_point(&query), is_point);

        let children: HashMap<u32, Vec<u32>> = shuffled.iter().fold(HashMap::new(), |mut map, m| {
            map.entry(m.parent).or_default().push(m.id);
            map
        });
        for row in table.rows() {
            let id = row.mount_id().0;
            let got: Vec<u32> = table.children(row).map(|child| child.mount_id().0).collect();
            prop_assert_eq!(got, children.get(&id).cloned().unwrap_or_default());
            prop_assert_eq!(table.is_hidden(row), naive_mount_of(&made, &row.mount_point()) != Some(id));
        }

        // In the order given, each mount can be unmounted by its path: it is what a look-up then finds.
        let mut left = made.clone();
        under.clear();
        for row in table.deepest_first(table.rows().collect()) {
            prop_assert_eq!(naive_mount_of(&left, &row.mount_point()), Some(row.mount_id().0));
            left.retain(|m| m.id != row.mount_id().0);
            under.push(row.mount_id().0);
        }
        prop_assert_eq!(under.len(), made.len());
    }
}
