//! A table that is refreshed sees what came and went.

use std::path::{Path, PathBuf};

use mountscan::{ErrorKind, KernelQueries, MountInfo, MountTable, Refresh};
use rustix::mount::MountPropagationFlags;

use crate::kernel::with_ids;
use crate::namespace::{isolated, propagate, tmpfs, unmount};

#[test]
fn refreshing_follows_what_comes_and_goes() {
    isolated(|base| {
        for name in ["a", "b", "c"] {
            tmpfs(&base.join(name));
        }
        let mut table = with_ids();
        assert!(
            table
                .refresh(Refresh::Existence)
                .expect("readable")
                .is_empty()
        );
        unmount(&base.join("b"));
        tmpfs(&base.join("d"));
        tmpfs(&base.join("d/e"));
        let changes = table.refresh(Refresh::Existence).expect("readable");
        let names = |list: &[MountInfo]| -> Vec<PathBuf> {
            list.iter()
                .map(|info| {
                    info.mount_point
                        .strip_prefix(base)
                        .expect("below")
                        .to_owned()
                })
                .collect()
        };
        assert_eq!(names(&changes.attached), [Path::new("d"), Path::new("d/e")]);
        assert_eq!(names(&changes.detached), [Path::new("b")]);
        assert_eq!(
            table.to_bytes(),
            MountTable::current().expect("readable").to_bytes()
        );
        // A change of propagation leaves existence alone.
        propagate(&base.join("a"), MountPropagationFlags::SHARED);
        if KernelQueries::probe() >= KernelQueries::Ids {
            assert!(
                table
                    .refresh(Refresh::Existence)
                    .expect("readable")
                    .is_empty()
            );
        }
        let changes = table.refresh(Refresh::Everything).expect("readable");
        if table.has_unique_ids() && KernelQueries::probe() >= KernelQueries::Ids {
            assert_eq!(names(&changes.changed), [Path::new("a")]);
        }
        assert_eq!(
            table.to_bytes(),
            MountTable::current().expect("readable").to_bytes()
        );
    });
}

#[test]
fn a_table_refreshed_a_thousand_times_stays_right_and_small() {
    isolated(|base| {
        let mut table = with_ids();
        let before = table.len();
        for round in 0..300 {
            let point = base.join(format!("m{round}"));
            tmpfs(&point);
            assert_eq!(
                table
                    .refresh(Refresh::Existence)
                    .expect("readable")
                    .attached
                    .len(),
                1
            );
            unmount(&point);
            assert_eq!(
                table
                    .refresh(Refresh::Existence)
                    .expect("readable")
                    .detached
                    .len(),
                1
            );
        }
        assert_eq!(table.len(), before);
        assert_eq!(
            table.to_bytes(),
            MountTable::current().expect("readable").to_bytes()
        );
    });
}

#[test]
fn a_table_of_text_cannot_be_refreshed() {
    let mut table = MountTable::from_bytes("1 0 0:1 / / rw - t s rw\n");
    assert_eq!(
        table.refresh(Refresh::Everything).expect_err("text").kind(),
        ErrorKind::Unsupported
    );
    assert_eq!(table.len(), 1);
}
