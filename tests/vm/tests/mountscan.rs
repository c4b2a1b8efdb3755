//! mountscan on real kernels.

use mountscan::MountTable;
use rustix::mount::MountPropagationFlags;
use std::path::Path;
use support::namespace::isolated;
use support::scene;

#[test]
#[ignore = "vm: needs root in a guest"]
fn stacked_shared_and_overlay_mounts_are_seen_as_they_are() {
    isolated(|| {
        let top = Path::new("/tmp/scene");
        scene::tmpfs(top);
        let merged = scene::overlay(&top.join("layer"), 3);
        scene::tmpfs(&top.join("stack"));
        scene::tmpfs(&top.join("stack"));
        scene::bind(top, &top.join("again"));
        scene::propagation(&top.join("again"), MountPropagationFlags::SHARED);

        let table = MountTable::current().unwrap();
        assert_eq!(table.malformed_count(), 0);
        let stack = table.at(&top.join("stack"));
        assert_eq!(stack.len(), 2);
        assert_eq!(stack[1].parent_id(), stack[0].mount_id());
        let overlay = table.topmost(&merged).unwrap();
        assert_eq!(&*overlay.fs_type(), "overlay");
        assert!(
            table
                .topmost(&top.join("again"))
                .unwrap()
                .shared()
                .is_some()
        );
        assert!(table.topmost(top).unwrap().shared().is_none());
        assert_eq!(table.under(top).len(), 5);
    });
}
