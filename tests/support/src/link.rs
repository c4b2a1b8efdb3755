//! Network links and addresses to look at, made over rtnetlink in the
//! calling thread's network namespace.
//!
//! Written apart from `ifaddrs` on purpose: a test must not read with the
//! same code that wrote.

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netdevice, recv, send,
    socket_with,
};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

const NEWLINK: u16 = 16;
const DELLINK: u16 = 17;
const NEWADDR: u16 = 20;
const DELADDR: u16 = 21;
const NEWLINKPROP: u16 = 108;

const REQUEST_ACK: u16 = 0x1 | 0x4;
const CREATE_EXCLUSIVE: u16 = 0x400 | 0x200;
const NESTED: u16 = 0x8000;

const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_PROP_LIST: u16 = 52;
const IFLA_ALT_IFNAME: u16 = 53;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;

/// An address as `ip address add` would be told it.
#[derive(Clone, Debug)]
pub struct Address {
    /// The host's own.
    pub local: IpAddr,
    /// Length of the prefix.
    pub prefix_len: u8,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// For IPv4.
    pub broadcast: Option<IpAddr>,
    /// For IPv4, as `eth0:1`.
    pub label: Option<String>,
    /// As in rtnetlink: 0 is global, 253 link.
    pub scope: u8,
    /// `IFA_F_*`.
    pub flags: u32,
    /// Preferred and valid seconds.
    pub lifetimes: Option<(u32, u32)>,
}

impl Address {
    /// One with nothing but address and prefix.
    ///
    /// # Panics
    /// If the text is no `address/length`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let (local, length) = text.split_once('/').expect("address/length");
        Self {
            local: local.parse().expect("an address"),
            prefix_len: length.parse().expect("a length"),
            peer: None,
            broadcast: None,
            label: None,
            scope: 0,
            flags: 0,
            lifetimes: None,
        }
    }
}

/// Makes changes to the links of the thread's network namespace at its opening.
#[derive(Debug)]
pub struct Links {
    socket: OwnedFd,
}

impl Links {
    /// Opens a socket in the calling thread's network namespace.
    ///
    /// # Panics
    /// If the kernel refuses one; so does each call below.
    #[must_use]
    pub fn open() -> Self {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None);
        Self {
            socket: socket.expect("a netlink socket"),
        }
    }

    /// A link that swallows what is sent.
    #[track_caller]
    pub fn dummy(&self, name: &str) {
        self.link(name, "dummy", &[]);
    }

    /// A bridge.
    #[track_caller]
    pub fn bridge(&self, name: &str) {
        self.link(name, "bridge", &[]);
    }

    /// Two links that are the ends of one cable.
    #[track_caller]
    pub fn veth(&self, name: &str, peer: &str) {
        let mut other = interface(0, 0, 0);
        attribute(&mut other, IFLA_IFNAME, &c_string(peer));
        let mut data = Vec::new();
        attribute(&mut data, VETH_INFO_PEER | NESTED, &other);
        self.link(name, "veth", &data);
    }

    /// Switches a link on.
    #[track_caller]
    pub fn up(&self, name: &str) {
        self.call(NEWLINK, 0, &interface(self.index(name), 1, 1), name);
    }

    /// Switches a link off.
    #[track_caller]
    pub fn down(&self, name: &str) {
        self.call(NEWLINK, 0, &interface(self.index(name), 0, 1), name);
    }

    /// Removes a link.
    #[track_caller]
    pub fn remove(&self, name: &str) {
        self.call(DELLINK, 0, &interface(self.index(name), 0, 0), name);
    }

    /// Renames a link.
    #[track_caller]
    pub fn rename(&self, name: &str, new: &str) {
        let mut body = interface(self.index(name), 0, 0);
        attribute(&mut body, IFLA_IFNAME, &c_string(new));
        self.call(NEWLINK, 0, &body, new);
    }

    /// Gives a link a further name, up to 127 bytes long.
    #[track_caller]
    pub fn altname(&self, name: &str, further: &str) {
        let mut list = Vec::new();
        attribute(&mut list, IFLA_ALT_IFNAME, &c_string(further));
        let mut body = interface(self.index(name), 0, 0);
        attribute(&mut body, IFLA_PROP_LIST | NESTED, &list);
        self.call(NEWLINKPROP, CREATE_EXCLUSIVE, &body, further);
    }

    /// Moves a link to another network namespace.
    #[track_caller]
    pub fn move_to(&self, name: &str, namespace: impl AsFd) {
        let mut body = interface(self.index(name), 0, 0);
        attribute(
            &mut body,
            IFLA_NET_NS_FD,
            &namespace.as_fd().as_raw_fd().to_ne_bytes(),
        );
        self.call(NEWLINK, 0, &body, name);
    }

    /// Adds an address.
    #[track_caller]
    pub fn add(&self, name: &str, address: &Address) {
        self.try_add(name, address)
            .unwrap_or_else(|errno| panic!("{address:?} on {name}: {errno}"));
    }

    /// Adds an address, if the kernel agrees.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn try_add(&self, name: &str, address: &Address) -> Result<(), Errno> {
        self.try_call(NEWADDR, CREATE_EXCLUSIVE, &body(self.index(name), address))
    }

    /// Removes an address.
    #[track_caller]
    pub fn remove_address(&self, name: &str, address: &Address) {
        self.call(DELADDR, 0, &body(self.index(name), address), name);
    }

    /// A link's number.
    #[track_caller]
    #[must_use]
    pub fn index(&self, name: &str) -> u32 {
        netdevice::name_to_index(&self.socket, name)
            .unwrap_or_else(|errno| panic!("link {name}: {errno}"))
    }

    #[track_caller]
    fn link(&self, name: &str, kind: &str, data: &[u8]) {
        let mut info = Vec::new();
        attribute(&mut info, IFLA_INFO_KIND, kind.as_bytes());
        if !data.is_empty() {
            attribute(&mut info, IFLA_INFO_DATA | NESTED, data);
        }
        let mut body = interface(0, 0, 0);
        attribute(&mut body, IFLA_IFNAME, &c_string(name));
        attribute(&mut body, IFLA_LINKINFO | NESTED, &info);
        self.call(NEWLINK, CREATE_EXCLUSIVE, &body, name);
    }

    #[track_caller]
    fn call(&self, kind: u16, flags: u16, body: &[u8], what: &str) {
        self.try_call(kind, flags, body)
            .unwrap_or_else(|errno| panic!("rtnetlink {kind} for {what}: {errno}"));
    }

    fn try_call(&self, kind: u16, flags: u16, body: &[u8]) -> Result<(), Errno> {
        let mut message = Vec::new();
        message.extend((16 + body.len() as u32).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend((REQUEST_ACK | flags).to_ne_bytes());
        message.extend([0; 8]);
        message.extend(body);
        send(&self.socket, &message, SendFlags::empty())?;
        let mut answer = [0; 8192];
        let (length, _) = recv(&self.socket, answer.as_mut_slice(), RecvFlags::empty())?;
        // An acknowledgement is an error message with number 0, right after the header.
        assert!(length >= 20, "an answer of {length} bytes");
        match i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]) {
            0 => Ok(()),
            negative => Err(Errno::from_raw_os_error(-negative)),
        }
    }
}

/// `struct ifinfomsg`: family, type, index, flags, which flags change.
fn interface(index: u32, flags: u32, change: u32) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    for field in [index, flags, change] {
        bytes.extend(field.to_ne_bytes());
    }
    bytes
}

/// `struct ifaddrmsg` and attributes.
fn body(index: u32, address: &Address) -> Vec<u8> {
    let family = if address.local.is_ipv4() { 2 } else { 10 };
    let mut bytes = vec![family, address.prefix_len, 0, address.scope];
    bytes.extend(index.to_ne_bytes());
    attribute(&mut bytes, IFA_LOCAL, &octets(address.local));
    attribute(
        &mut bytes,
        IFA_ADDRESS,
        &octets(address.peer.unwrap_or(address.local)),
    );
    if let Some(broadcast) = address.broadcast {
        attribute(&mut bytes, IFA_BROADCAST, &octets(broadcast));
    }
    if let Some(label) = &address.label {
        attribute(&mut bytes, IFA_LABEL, &c_string(label));
    }
    if address.flags != 0 {
        attribute(&mut bytes, IFA_FLAGS, &address.flags.to_ne_bytes());
    }
    if let Some((preferred, valid)) = address.lifetimes {
        let fields = [preferred, valid, 0, 0].map(u32::to_ne_bytes);
        attribute(&mut bytes, IFA_CACHEINFO, fields.as_flattened());
    }
    bytes
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn c_string(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

/// Appends a type-length-value, padded to four bytes.
fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).expect("attributes here are short");
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded() {
        let mut bytes = Vec::new();
        attribute(&mut bytes, 3, b"lo\0");
        let header = [7u16.to_ne_bytes(), 3u16.to_ne_bytes()].concat();
        assert_eq!(bytes, [&header[..], b"lo\0\0"].concat());
    }

    #[test]
    fn an_address_names_its_own_end_when_there_is_no_other() {
        let plain = body(1, &Address::new("10.0.0.1/24"));
        assert_eq!(plain.len(), 8 + 2 * 8);
        assert_eq!(plain[..4], [2, 24, 0, 0]);
        let six = body(1, &Address::new("fe80::1/64"));
        assert_eq!((six[0], six.len()), (10, 8 + 2 * 20));
    }
}
