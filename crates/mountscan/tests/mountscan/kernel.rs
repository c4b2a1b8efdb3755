//! The running kernel: both routes give the same rows, refreshing sees what it says, identity
//! holds.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use mountscan::{
    Consistency, Detail, ErrorKind, KernelQueries, MountInfo, MountTable, ReadOptions, Refresh,
    Row, Source, identity_at, is_mount_point, mount_at, mount_point_at,
};
use rustix::mount::{MountFlags, MountPropagationFlags};

use crate::namespace::{bind, isolated, mount, propagate, tmpfs};

pub(crate) fn with_ids() -> MountTable {
    let mut options = ReadOptions::new();
    options.unique_ids = true;
    MountTable::read(Source::Thread, &options).expect("readable")
}

fn points(table: &MountTable) -> Vec<PathBuf> {
    table
        .rows()
        .map(|row| row.mount_point().into_owned())
        .collect()
}

/// Every kind of mount that a row can look odd for.
fn odd_mounts(base: &Path) {
    let name = |bytes: &[u8]| base.join(std::ffi::OsStr::from_bytes(bytes));
    for (point, source) in [
        (&b"a blank"[..], &b"src blank"[..]),
        (b"tab\tnewline\nback\\slash", b"a#b\\040c"),
        (b"\xff\xfe-not-utf8", b"\xf0\x80"),
        (b"cr\rvt\x0bnbsp\xc2\xa0", b""),
        (b"literal\\040", b"-"),
        (b"comma,=\"'", b"none"),
    ] {
        mount(
            source,
            &name(point),
            "tmpfs",
            MountFlags::empty(),
            "size=4k,mode=700",
        );
    }
    tmpfs(&base.join("stack"));
    tmpfs(&base.join("stack"));
    let gone = base.join("gone");
    std::fs::create_dir(&gone).expect("writable");
    bind(&gone, &base.join("deleted"));
    std::fs::remove_dir(&gone).expect("empty");
    let flags = MountFlags::NOSUID
        | MountFlags::NODEV
        | MountFlags::NOEXEC
        | MountFlags::NOATIME
        | MountFlags::RDONLY;
    mount(b"t", &base.join("flags"), "tmpfs", flags, "size=8k");
    mount(
        b"t",
        &base.join("strict"),
        "tmpfs",
        MountFlags::STRICTATIME,
        "",
    );
    mount(
        b"t",
        &base.join("sync"),
        "tmpfs",
        MountFlags::SYNCHRONOUS | MountFlags::LAZYTIME | MountFlags::NODIRATIME,
        "",
    );
    tmpfs(&base.join("shared"));
    propagate(&base.join("shared"), MountPropagationFlags::SHARED);
    bind(&base.join("shared"), &base.join("slave"));
    propagate(&base.join("slave"), MountPropagationFlags::DOWNSTREAM);
    bind(&base.join("slave"), &base.join("both"));
    propagate(&base.join("both"), MountPropagationFlags::SHARED);
    tmpfs(&base.join("unbindable"));
    propagate(&base.join("unbindable"), MountPropagationFlags::UNBINDABLE);
    std::fs::write(base.join("file"), "x").expect("writable");
    std::fs::write(base.join("on"), "").expect("writable");
    rustix::mount::mount_bind(base.join("file"), base.join("on")).expect("both are there");
    let overlay = base.join("overlay");
    for part in ["l,1", "l:2", "up", "work", "merged"] {
        std::fs::create_dir_all(overlay.join(part)).expect("writable");
    }
    let o = overlay.display();
    let data = format!("lowerdir={o}/l,1,upperdir={o}/up,workdir={o}/work").replace("l,1", "l\\,1");
    mount(
        b"overlay",
        &overlay.join("merged"),
        "overlay",
        MountFlags::empty(),
        &data,
    );
}

#[test]
fn odd_mounts_read_back_as_they_were_made() {
    isolated(|base| {
        odd_mounts(base);
        let table = MountTable::current().expect("readable");
        assert_eq!(table.malformed_count(), 0);
        let at = |name: &[u8]| {
            table
                .topmost(&base.join(std::ffi::OsStr::from_bytes(name)))
                .expect("found by its bytes")
        };
        assert_eq!(&*at(b"a blank").source(), "src blank");
        assert_eq!(
            at(b"tab\tnewline\nback\\slash").source().as_bytes(),
            b"a#b\\040c"
        );
        assert_eq!(at(b"\xff\xfe-not-utf8").source().as_bytes(), b"\xf0\x80");
        assert_eq!(&*at(b"cr\rvt\x0bnbsp\xc2\xa0").source(), "");
        assert_eq!(&*at(b"literal\\040").source(), "-");
        assert!(at(b"deleted").is_root_deleted() && at(b"deleted").root().ends_with("gone"));
        assert!(
            at(b"flags").mount_options().has("noexec") && at(b"flags").super_options().has("ro")
        );
        assert!(at(b"unbindable").is_unbindable());
        let (shared, slave, both) = (at(b"shared").shared(), at(b"slave").master(), at(b"both"));
        assert!(
            shared.is_some()
                && shared == slave
                && both.master() == shared
                && both.shared().is_some()
        );
        let stack = table.at(&base.join("stack"));
        assert_eq!(stack.len(), 2);
        assert_eq!(table.parent(stack[1]), Some(stack[0]));
        assert!(table.is_hidden(stack[0]) && !table.is_hidden(stack[1]));
    });
}

#[test]
fn both_routes_give_the_same_rows() {
    isolated(|base| {
        odd_mounts(base);
        let text = MountTable::current().expect("readable");
        let listed = with_ids();
        assert_eq!(listed.to_bytes(), text.to_bytes());
        if KernelQueries::probe() < KernelQueries::Rows {
            return;
        }
        assert_eq!(listed.consistency(), Consistency::OneMoment);
        let file = File::open("/proc/thread-self/ns/mnt").expect("readable");
        let asked = MountTable::read(Source::Namespace(file.as_fd()), &ReadOptions::new())
            .expect("our own");
        assert_eq!(text_of(asked.rows()), text_of(text.rows()));
        assert!(asked.has_unique_ids() && asked.rows().all(|row| row.unique_id().is_some()));
        for (a, b) in asked.rows().zip(listed.rows()) {
            assert_eq!(a.unique_id(), b.unique_id());
            let id = a.unique_id().expect("listed");
            assert_eq!(listed.by_unique_id(id), Some(b));
        }
    });
}

fn text_of<'t>(rows: impl Iterator<Item = Row<'t>>) -> Vec<String> {
    rows.map(|row| String::from_utf8_lossy(row.as_bytes()).into_owned())
        .collect()
}

#[test]
fn a_subtree_has_the_rows_of_the_whole_table() {
    isolated(|base| {
        odd_mounts(base);
        tmpfs(&base.join("covered/below"));
        tmpfs(&base.join("covered"));
        tmpfs(&base.join("covered/on-cover"));
        let whole = MountTable::current().expect("readable");
        for path in [
            base.to_owned(),
            base.join("stack"),
            base.join("covered"),
            base.join("flags"),
            "/".into(),
        ] {
            let holder = whole.mount_of(&path).expect("held");
            let want = whole.under(&path).filter(|&row| {
                row == holder || whole.descendants(holder).any(|below| below == row)
            });
            let under = MountTable::under_now(&path, Detail::Everything).expect("readable");
            assert_eq!(text_of(under.rows()), text_of(want), "{path:?}");
            let places = MountTable::under_now(&path, Detail::Places).expect("readable");
            assert_eq!(points(&places), points(&under), "{path:?}");
        }
        assert_eq!(
            points(
                &MountTable::under_now(&base.join("covered"), Detail::Places).expect("readable")
            ),
            [base.join("covered"), base.join("covered/on-cover"),]
        );
        std::os::unix::fs::symlink(base.join("stack"), base.join("link")).expect("writable");
        let linked =
            MountTable::under_now(&base.join("link"), Detail::Everything).expect("readable");
        assert_eq!(points(&linked), [base.join("stack")]);
        let missing = MountTable::under_now(&base.join("missing"), Detail::Everything);
        assert_eq!(missing.expect_err("not there").kind(), ErrorKind::NotFound);
    });
}

#[test]
fn one_mount_point_is_found_without_the_table() {
    isolated(|base| {
        odd_mounts(base);
        let table = with_ids();
        for row in table
            .rows()
            .filter(|row| row.mount_point().starts_with(base) && !table.is_hidden(*row))
        {
            let point = row.mount_point();
            assert!(is_mount_point(&point).expect("readable"), "{point:?}");
            let mut found = mount_point_at(&point)
                .expect("readable")
                .expect("a mount point");
            found.unique_id = row.unique_id();
            assert_eq!(found, MountInfo::from(row));
            let identity = identity_at(rustix::fs::CWD, &point).expect("there");
            assert_eq!(identity.mount_id, Some(row.mount_id()));
            assert_eq!(identity.unique_id, row.unique_id());
            assert!(identity.is_mount_root);
        }
        let plain = base.join("shared/plain");
        std::fs::create_dir(&plain).expect("writable");
        assert_eq!(mount_point_at(&plain).expect("readable"), None);
        assert_eq!(
            mount_point_at(&base.join("missing")).expect("an answer"),
            None
        );
        assert_eq!(
            mount_at(&plain).expect("there").mount_point,
            base.join("shared")
        );
        std::os::unix::fs::symlink(base.join("stack"), base.join("link")).expect("writable");
        assert!(
            !is_mount_point(&base.join("link")).expect("an answer"),
            "a link is no mount point"
        );
    });
}

#[test]
fn without_procfs_each_mount_is_asked_about() {
    if KernelQueries::probe() < KernelQueries::Rows {
        return;
    }
    isolated(|base| {
        odd_mounts(base);
        let want = MountTable::current().expect("readable");
        let mut options = ReadOptions::new();
        options.proc = base.join("nothing").into();
        let mut table = MountTable::read(Source::Thread, &options).expect("the kernel answers");
        assert_eq!(text_of(table.rows()), text_of(want.rows()));
        tmpfs(&base.join("later"));
        let changes = table.refresh(Refresh::Existence).expect("readable");
        assert_eq!(changes.attached[0].mount_point, base.join("later"));
    });
}

#[test]
fn one_moment_is_found_on_a_quiet_table() {
    isolated(|_| {
        let mut options = ReadOptions::new();
        options.one_moment = true;
        let table = MountTable::read(Source::Thread, &options).expect("quiet");
        assert_eq!(table.consistency(), Consistency::OneMoment);
        let table = MountTable::current().expect("readable");
        assert_eq!(
            table.consistency(),
            Consistency::OneMoment,
            "without being asked for"
        );
        let pid = MountTable::read(Source::Pid(std::process::id()), &options).expect("quiet");
        assert_eq!(pid.consistency(), Consistency::OneMoment);
    });
}
