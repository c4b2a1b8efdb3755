//! Asks the kernel on which file system a Unix socket is bound (`sock_diag(7)`). It is the only
//! word on a socket that was bound by a relative path.

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use crate::ids::Device;

/// `SOCK_DIAG_BY_FAMILY` of linux/sock_diag.h.
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR` of linux/netlink.h.
const ERROR: u16 = 2;
/// `NLM_F_REQUEST` of linux/netlink.h.
const REQUEST: u16 = 1;
/// `UDIAG_SHOW_VFS` of linux/unix_diag.h.
const SHOW_VFS: u32 = 2;
/// `UNIX_DIAG_VFS` of linux/unix_diag.h: inode and device of the bound file.
const VFS: u16 = 1;
/// The length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// The length of `struct unix_diag_msg`.
const MESSAGE: usize = 16;
/// The length of `struct unix_diag_req`.
const QUESTION: usize = 24;

/// The device of the file system on which a socket is bound, in the network namespace of the
/// calling thread. `None` if it is not bound to a file.
pub(crate) fn device_of(socket: u64) -> Result<Option<Device>, Errno> {
    let inode = u32::try_from(socket).map_err(|_| Errno::RANGE)?;
    let (family, protocol) = (AddressFamily::NETLINK, Some(netlink::SOCK_DIAG));
    let link = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
    rustix::io::retry_on_intr(|| send(&link, &question(inode), SendFlags::empty()))?;
    let mut answer = [0; 1024];
    // The kernel has answered by the time that the question is sent.
    let (length, _) =
        rustix::io::retry_on_intr(|| recv(&link, &mut answer[..], RecvFlags::DONTWAIT))?;
    parse(&answer[..length])
}

fn question(inode: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + QUESTION);
    bytes.extend(((HEADER + QUESTION) as u32).to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST.to_ne_bytes());
    bytes.extend([0; 8]); // sequence number and port
    let family = AddressFamily::UNIX.as_raw();
    bytes.extend([family as u8, 0, 0, 0]); // family, protocol, padding
    let any = u32::MAX;
    // States, inode, what to show, and the two words of a cookie that is not known.
    for word in [any, inode, SHOW_VFS, any, any] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes
}

fn parse(answer: &[u8]) -> Result<Option<Device>, Errno> {
    let short = || Errno::BADMSG;
    match short_at(answer, 4).ok_or_else(short)? {
        BY_FAMILY => {}
        ERROR => {
            let code = word_at(answer, HEADER).ok_or_else(short)?;
            return Err(Errno::from_raw_os_error((code as i32).wrapping_neg()));
        }
        _ => return Err(short()),
    }
    let mut rest = answer.get(HEADER + MESSAGE..).ok_or_else(short)?;
    while let (Some(length), Some(kind)) = (short_at(rest, 0), short_at(rest, 2)) {
        if kind == VFS {
            let device = word_at(rest, 8).ok_or_else(short)?;
            // As the kernel has device numbers: twelve bits and twenty.
            let (major, minor) = (device >> 20, device & 0xF_FFFF);
            return Ok(Some(Device { major, minor }));
        }
        // Attributes begin at multiples of four bytes.
        let next = usize::from(length.max(4)).next_multiple_of(4);
        rest = rest.get(next..).unwrap_or_default();
    }
    Ok(None)
}

fn short_at(bytes: &[u8], place: usize) -> Option<u16> {
    let bytes = bytes.get(place..place + 2)?;
    bytes.try_into().ok().map(u16::from_ne_bytes)
}

fn word_at(bytes: &[u8], place: usize) -> Option<u32> {
    let bytes = bytes.get(place..place + 4)?;
    bytes.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn message(kind: u16, rest: &[u8]) -> Vec<u8> {
        let mut bytes = ((HEADER + rest.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(rest);
        bytes
    }

    #[test]
    fn answers_are_read_whatever_they_are() {
        let mut rest = vec![0; MESSAGE];
        rest.extend([6u16, 0].map(u16::to_ne_bytes).concat());
        rest.extend(*b"ab\0\0");
        rest.extend([12u16, VFS].map(u16::to_ne_bytes).concat());
        rest.extend([77, (8 << 20) | 0x101].map(u32::to_ne_bytes).concat());
        let device = Device {
            major: 8,
            minor: 0x101,
        };
        let whole = message(BY_FAMILY, &rest);
        assert_eq!(parse(&whole), Ok(Some(device)));
        assert_eq!(parse(&message(BY_FAMILY, &[0; MESSAGE])), Ok(None));
        let error = message(ERROR, &(-2i32).to_ne_bytes());
        assert_eq!(parse(&error), Err(Errno::NOENT));
        for length in 0..whole.len() {
            assert_ne!(parse(&whole[..length]), Ok(Some(device)), "{length}");
        }
    }

    #[test]
    fn a_socket_that_is_bound_is_on_the_file_system_of_its_file() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let bound = UnixListener::bind(&path).unwrap();
        let inode = rustix::fs::fstat(&bound).unwrap().st_ino;
        match device_of(inode) {
            Ok(device) => {
                let device = device.expect("it is bound");
                let on = std::fs::metadata(&path).unwrap().dev();
                let want = (rustix::fs::major(on), rustix::fs::minor(on));
                assert_eq!((device.major, device.minor), want);
            }
            // A kernel without the module, or a system call filter.
            Err(errno) => support::skip::skip(&format!("sock_diag: {errno}")),
        }
    }
}
