//! rroprobe on real kernels.

#[test]
#[ignore = "vm: needs root in a guest"]
fn trivial() {
    support::namespace::isolated(|| {
        support::scene::tmpfs(std::path::Path::new("/mnt"));
    });
}
