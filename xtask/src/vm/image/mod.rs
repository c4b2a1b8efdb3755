//! What a machine boots: archives and the files in them. Everything here makes bytes from files;
//! nothing here fetches or starts anything but the build.

pub(crate) mod bundle;
pub(crate) mod cpio;
pub(crate) mod elf;
pub(crate) mod initramfs;
pub(crate) mod modules;
pub(crate) mod payload;
pub(crate) mod relocate;
