//! Lists of ids whose rows are asked for when they are wanted.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use mountscan::{
    Detail, ErrorKind, KernelQueries, MountList, MountTable, ReadOptions, Source, UniqueMountId,
    has_mounts_under,
};

use crate::namespace::{bind, isolated, tmpfs, unmount};

/// Runs a test where mounts are listed; elsewhere the answer has to be that they are not.
fn where_listed(since: KernelQueries, test: impl FnOnce(&Path) + Send) {
    isolated(|base| {
        if KernelQueries::cached() >= since {
            return test(base);
        }
        let refused = MountList::current().and_then(|list| list.table());
        assert_eq!(
            refused.expect_err("an older kernel").kind(),
            ErrorKind::Unsupported
        );
        let newest = MountList::newest(1).and_then(|list| list.table());
        assert_eq!(
            newest.expect_err("an older kernel").kind(),
            ErrorKind::Unsupported
        );
    });
}

#[test]
fn a_list_counts_what_the_table_shows() {
    where_listed(KernelQueries::Rows, |base| {
        for name in ["a", "a/b", "c"] {
            tmpfs(&base.join(name));
        }
        let mut options = ReadOptions::new();
        options.unique_ids = true;
        let table = MountTable::read(Source::Thread, &options).expect("readable");
        let list = MountList::current().expect("listed");
        let ids = |table: &MountTable| -> Vec<UniqueMountId> {
            table.rows().filter_map(|row| row.unique_id()).collect()
        };
        assert_eq!(list.ids().collect::<Vec<_>>(), ids(&table));
        assert_eq!(list.len(), table.len());
        assert_eq!(list.table().expect("listed").to_bytes(), table.to_bytes());
        let namespace = std::fs::File::open("/proc/thread-self/ns/mnt").expect("there");
        let whole = MountList::of_namespace(namespace.as_fd()).expect("our own");
        assert_eq!(whole.ids().collect::<Vec<_>>(), ids(&table));
    });
}

#[test]
fn the_newest_mounts_come_first() {
    where_listed(KernelQueries::Rows, |base| {
        let names = ["one", "two", "three", "four"];
        for name in names {
            tmpfs(&base.join(name));
        }
        let points = |count| -> Vec<PathBuf> {
            let list = MountList::newest(count).expect("listed");
            let rows = list.rows().map(|row| row.expect("readable").mount_point);
            rows.collect()
        };
        assert_eq!(points(2), [base.join("four"), base.join("three")]);
        assert!(points(0).is_empty());
        // A move does not make a mount younger.
        std::fs::create_dir(base.join("moved")).expect("writable");
        rustix::mount::mount_move(base.join("one"), base.join("moved")).expect("private");
        assert_eq!(points(4)[3], base.join("moved"));
        let all = MountList::newest(usize::MAX).expect("listed");
        assert_eq!(all.len(), MountList::current().expect("listed").len());
        let table = MountList::newest(2).expect("listed").table().expect("rows");
        let shown: Vec<PathBuf> = table.rows().map(|row| row.mount_point().into()).collect();
        assert_eq!(shown, [base.join("three"), base.join("four")]);
    });
}

#[test]
fn a_mount_that_went_has_no_row() {
    where_listed(KernelQueries::Rows, |base| {
        tmpfs(&base.join("a"));
        let list = MountList::newest(1).expect("listed");
        let id = list.ids().next().expect("one");
        assert_eq!(
            list.row(id).expect("readable").expect("there").mount_point,
            base.join("a")
        );
        unmount(&base.join("a"));
        assert_eq!(list.row(id).expect("an answer"), None);
        assert!(list.table().expect("an answer").is_empty());
    });
}

#[test]
fn whether_anything_is_mounted_under_a_path_is_what_the_table_shows() {
    isolated(|base| {
        std::fs::create_dir_all(base.join("empty/below")).expect("writable");
        for name in ["a", "a/b", "c/d/e", "ab"] {
            tmpfs(&base.join(name));
        }
        bind(&base.join("a"), &base.join("again"));
        std::fs::create_dir_all(base.join("a/b/dir")).expect("writable");
        // What another mount hides is not under a path.
        tmpfs(&base.join("hidden/deep/m"));
        tmpfs(&base.join("hidden"));
        std::fs::create_dir_all(base.join("hidden/deep")).expect("writable");
        for (name, want) in [
            ("", true),
            ("a", true),
            ("a/b", true),
            ("a/b/dir", false),
            ("c", true),
            ("c/d", true),
            ("c/d/e", true),
            ("empty", false),
            ("empty/below", false),
            ("again", true),
            ("hidden/deep", false),
        ] {
            let path = base.join(name);
            assert_eq!(has_mounts_under(&path).expect("there"), want, "{name}");
            let table = MountTable::under_now(&path, Detail::Places).expect("there");
            assert_eq!(!table.is_empty(), want, "{name}");
        }
        let missing = has_mounts_under(&base.join("missing"));
        assert_eq!(missing.expect_err("not there").kind(), ErrorKind::NotFound);
    });
}
