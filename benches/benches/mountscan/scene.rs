//! What is measured: text of many rows, and mounts in a namespace of the bench's own.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

/// Rows like those of a Docker host's containers: 767 bytes each, ids scattered.
pub(crate) fn docker_like(count: u32) -> Vec<u8> {
    let mut text = b"1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_vec();
    for row in 2..=count {
        let layer = |n: u32| format!("/var/lib/docker/overlay2/l/{:026X}", mix(row, n));
        let id = format!("{:032x}{:032x}", mix(row, 100), mix(row, 101));
        let mut lower: Vec<String> = (0..6).map(layer).collect();
        lower.push(format!("/var/lib/docker/overlay2/l/{row:09}"));
        let line = format!(
            "{row} 1 0:{row} / /var/lib/docker/overlay2/{id}/merged rw,relatime shared:{row} - overlay overlay rw,lowerdir={},upperdir=/var/lib/docker/overlay2/{id}/diff,workdir=/var/lib/docker/overlay2/{id}/work\n",
            lower.join(":")
        );
        text.extend_from_slice(line.as_bytes());
    }
    text
}

/// Rows without long options: 147 bytes each.
pub(crate) fn lean(count: u32) -> Vec<u8> {
    let mut text = b"1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_vec();
    for row in 2..=count {
        let id = format!("{:032x}{:08x}", mix(row, 7), row);
        text.extend_from_slice(
            format!("{row} 1 0:{row} / /var/lib/docker/containers/{id}/mounts/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k\n").as_bytes(),
        );
    }
    text
}

/// Scattered 128 bits of two numbers.
pub(crate) fn mix(a: u32, b: u32) -> u128 {
    let mut state = (u128::from(a) << 32 | u128::from(b)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        state = state.wrapping_mul(0x2d99_787a_4ee0_2d35_8c1b_7a1f_0d5e_3a4d);
        state ^= state >> 61;
    }
    state
}

/// Everything a borrowed row has, so that no field's work is left out.
pub(crate) fn touch(row: &mountscan::Row<'_>) -> usize {
    row.mount_id().0 as usize
        + row.parent_id().0 as usize
        + row.device().minor as usize
        + row.root().as_os_str().len()
        + row.mount_point().as_os_str().len()
        + row.mount_options().as_bytes().len()
        + row.tags().count()
        + row.fs_type().len()
        + row.source().len()
        + row.super_options().as_bytes().len()
}

/// A mount namespace of this bench, with a tmpfs to fill; `None` where it is refused.
pub(crate) fn namespace() -> Option<PathBuf> {
    use rustix::mount::{MountPropagationFlags, mount_change};
    use rustix::thread::UnshareFlags;
    static ENTERED: OnceLock<bool> = OnceLock::new();
    // All benches run on the first thread, which keeps the namespace from here on.
    #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
    let entered = *ENTERED.get_or_init(|| {
        let entered = rustix::thread::unshare(UnshareFlags::NEWNS | UnshareFlags::FS).is_ok();
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        entered && mount_change("/", private).is_ok()
    });
    if !entered {
        eprintln!("P3 to P5 left out: mount namespaces are refused here");
        return None;
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scene");
    tmpfs(&dir);
    Some(dir)
}

/// Fills `dir` with `count` binds of a mount that nothing else lies on, so that making them stays
/// linear.
pub(crate) fn binds(dir: &Path, count: u32) {
    let source = dir.join("source");
    tmpfs(&source);
    for n in 0..count {
        let point = dir.join(format!("containers/{:032x}/mounts/shm", mix(n, 1)));
        std::fs::create_dir_all(&point).expect("writable");
        rustix::mount::mount_bind(&source, &point).expect("both are there");
    }
}

/// Fills `dir` with `count` overlay mounts of eight layers each, as container roots are.
pub(crate) fn overlays(dir: &Path, count: u32) {
    tmpfs(dir);
    let lower: Vec<String> = (0..8)
        .map(|n| format!("{}/l/{:026X}", dir.display(), mix(n, 2)))
        .collect();
    for layer in &lower {
        std::fs::create_dir_all(layer).expect("writable");
    }
    for n in 0..count {
        let root = dir.join(format!("overlay2/{:032x}{:032x}", mix(n, 3), mix(n, 4)));
        for part in ["diff", "work", "merged"] {
            std::fs::create_dir_all(root.join(part)).expect("writable");
        }
        let r = root.display();
        let options = format!(
            "lowerdir={},upperdir={r}/diff,workdir={r}/work",
            lower.join(":")
        );
        let options = CString::new(options).expect("no NUL");
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount(
            "overlay",
            root.join("merged"),
            "overlay",
            flags,
            Some(options.as_c_str()),
        )
        .expect("overlay");
    }
}

pub(crate) fn tmpfs(point: &Path) {
    std::fs::create_dir_all(point).expect("writable");
    let flags = rustix::mount::MountFlags::empty();
    rustix::mount::mount("tmpfs", point, "tmpfs", flags, None).expect("the namespace is ours");
}

pub(crate) fn detach(point: &Path) {
    rustix::mount::unmount(point, rustix::mount::UnmountFlags::DETACH).expect("mounted");
}

/// Ratios are wanted, of many benches: less time for each than is usual.
pub(crate) fn brief(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(2));
}
