//! Something lies over procfs: what cannot be looked at is said, and nobody is taken for absent.

use std::fs::{self, File};
use std::path::Path;

use engines::{DetectOptions, Proc, detect, network_users};
use rootmount::MountTable;
use rustix::mount::{UnmountFlags, mount_bind, unmount};
use support::namespace::own_with_tmpfs;
use support::space::Space;

fn covered(point: &Path, with: &Path, look: impl FnOnce()) {
    mount_bind(with, point).expect("both are there");
    look();
    unmount(point, UnmountFlags::DETACH).expect("it is mounted");
}

#[test]
fn processes_and_sockets_that_are_covered_are_unread() {
    own_with_tmpfs(Space::MOUNTS, |base| {
        let (fake, file) = (base.join("fake"), base.join("file"));
        for name in ["net", "self/ns", "1"] {
            fs::create_dir_all(fake.join(name)).expect("writable");
        }
        fs::write(fake.join("net/unix"), "").expect("writable");
        fs::write(fake.join("1/comm"), "sh\n").expect("writable");
        fs::write(&file, "").expect("writable");
        let unread = |proc: &Proc| {
            let mut options = DetectOptions::new();
            options.root = base.join("no root");
            options.proc = proc.clone();
            let found = detect(&MountTable::from_bytes(""), &options);
            let said = found.unread.iter().map(ToString::to_string);
            said.filter(|text| text.contains("not procfs")).count()
        };
        let (usual, held) = (
            Proc::default(),
            Proc::from(File::open("/proc").expect("procfs")),
        );
        assert_eq!(unread(&usual), 0);
        covered(Path::new("/proc"), &fake, || {
            assert_eq!(unread(&usual), 1);
            assert_eq!(unread(&held), 0);
            network_users(&usual).expect_err("it is no procfs");
            network_users(&held).expect("it was opened before");
        });
        let own = std::process::id();
        // The kernel itself drops what is mounted over a file in `net`.
        let (net, comm) = (format!("{own}/net"), format!("{own}/comm"));
        for (name, with) in [(net, &fake), (comm, &file)] {
            covered(&Path::new("/proc").join(&name), with, || {
                assert_eq!(unread(&usual), 1, "{name}");
            });
        }
        let before = network_users(&usual).expect("procfs").unreadable;
        covered(
            &Path::new("/proc").join(format!("{own}/task")),
            &fake,
            || {
                let seen = network_users(&usual).expect("procfs");
                assert!(seen.unreadable > before, "{seen:?}");
            },
        );
    });
}
