//! Links and addresses made by hand: requests written byte by byte, so that the tests need no tool
//! and share no code with what they test.

use std::io;
use std::net::IpAddr;

use netlink_sys::{Socket, protocols::NETLINK_ROUTE};
use nix::libc::MSG_DONTWAIT;

/// A connection that changes things.
pub(crate) struct Net {
    socket: Socket,
    sequence: u32,
}

/// An address to add or remove; the unset fields are left out of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spec {
    pub(crate) local: Option<IpAddr>,
    pub(crate) len: u8,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) broadcast: Option<IpAddr>,
    pub(crate) label: Option<String>,
    pub(crate) scope: u8,
    pub(crate) flags: u32,
    /// Preferred and valid, in seconds.
    pub(crate) lifetimes: Option<(u32, u32)>,
    pub(crate) protocol: Option<u8>,
    pub(crate) metric: Option<u32>,
}

impl Spec {
    /// `ADDRESS/LENGTH`, without duplicate address detection.
    pub(crate) fn of(text: &str) -> Self {
        let (local, len) = text.split_once('/').expect("an address and a length");
        let local: IpAddr = local.parse().unwrap();
        let flags = if local.is_ipv6() { 0x2 } else { 0 };
        Self {
            local: Some(local),
            len: len.parse().unwrap(),
            flags,
            ..Self::default()
        }
    }
}

const NEWLINK: u16 = 16;
const DELLINK: u16 = 17;
const NEWADDR: u16 = 20;
const DELADDR: u16 = 21;
const NEWLINKPROP: u16 = 108;
const CREATE_EXCL: u16 = 0x600;

impl Net {
    pub(crate) fn new() -> Self {
        let mut socket = Socket::new(NETLINK_ROUTE).unwrap();
        socket.bind_auto().unwrap();
        Self {
            socket,
            sequence: 0,
        }
    }

    /// A pair of links, both up.
    pub(crate) fn veth(&mut self, name: &str, peer: &str) {
        let peer = [link_header(0, 0), attribute(3, &c_string(peer))].concat();
        let data = attribute(2, &attribute(1, &peer));
        let info = attribute(18, &[attribute(1, b"veth"), data].concat());
        let body = [link_header(0, 0), attribute(3, &c_string(name)), info].concat();
        self.ask(NEWLINK, CREATE_EXCL, &body).unwrap();
        self.up(name);
        let peer = self.index_of_peer(name);
        self.set_up(peer);
    }

    /// A link of its own, up: a bridge, which all kernels here have.
    pub(crate) fn bridge(&mut self, name: &str) -> u32 {
        let number = self.bridge_down(name);
        self.set_up(number);
        number
    }

    /// The same, switched off.
    pub(crate) fn bridge_down(&mut self, name: &str) -> u32 {
        let info = attribute(18, &attribute(1, b"bridge"));
        let body = [link_header(0, 0), attribute(3, &c_string(name)), info].concat();
        self.ask(NEWLINK, CREATE_EXCL, &body).unwrap();
        index(name)
    }

    fn index_of_peer(&self, name: &str) -> u32 {
        std::fs::read_to_string(format!("/sys/class/net/{name}/iflink"))
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(index(name) - 1)
    }

    pub(crate) fn up(&mut self, name: &str) {
        self.set_up(index(name));
    }

    fn set_up(&mut self, index: u32) {
        self.ask(NEWLINK, 0, &link_header(index, 1)).unwrap();
    }

    pub(crate) fn altname(&mut self, name: &str, altname: &str) -> io::Result<()> {
        let list = attribute(52 | 0x8000, &attribute(53, &c_string(altname)));
        self.ask(
            NEWLINKPROP,
            CREATE_EXCL,
            &[link_header(index(name), 0), list].concat(),
        )
    }

    pub(crate) fn set_master(&mut self, name: &str, master: u32) {
        let master = attribute(10, &master.to_ne_bytes());
        self.ask(NEWLINK, 0, &[link_header(index(name), 0), master].concat())
            .unwrap();
    }

    pub(crate) fn remove_link(&mut self, name: &str) {
        self.ask(DELLINK, 0, &link_header(index(name), 0)).unwrap();
    }

    pub(crate) fn add(&mut self, index: u32, spec: &Spec) -> io::Result<()> {
        self.ask(NEWADDR, CREATE_EXCL, &address_body(index, spec))
    }

    pub(crate) fn remove(&mut self, index: u32, spec: &Spec) -> io::Result<()> {
        self.ask(DELADDR, 0, &address_body(index, spec))
    }

    /// Adds or removes many, in few calls.
    pub(crate) fn many(&mut self, add: bool, index: u32, specs: &[Spec]) {
        self.changes(index, specs.iter().map(|spec| (add, spec)));
    }

    /// Adds (true) and removes, 64 messages in one call. Panics if one is refused.
    pub(crate) fn changes<'a>(
        &mut self,
        index: u32,
        changes: impl Iterator<Item = (bool, &'a Spec)>,
    ) {
        let mut changes = changes.peekable();
        while changes.peek().is_some() {
            let mut bytes = vec![];
            for (add, spec) in changes.by_ref().take(64) {
                let (kind, flags) = if add {
                    (NEWADDR, CREATE_EXCL)
                } else {
                    (DELADDR, 0)
                };
                self.sequence += 1;
                bytes.extend(message(
                    kind,
                    1 | flags,
                    self.sequence,
                    &address_body(index, spec),
                ));
            }
            self.socket.send(&bytes, 0).unwrap();
            // Only what is refused has an answer, and it is there by now.
            let refused = self
                .socket
                .recv_from(&mut Vec::with_capacity(512), MSG_DONTWAIT);
            assert!(refused.is_err(), "a change was refused");
        }
    }

    fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        self.sequence += 1;
        self.socket
            .send(&message(kind, 0x5 | flags, self.sequence, body), 0)?;
        loop {
            let (answer, _) = self.socket.recv_from_full()?;
            let word = |at: usize| u32::from_ne_bytes(answer[at..at + 4].try_into().unwrap());
            if word(8) == self.sequence {
                return match word(16) as i32 {
                    0 => Ok(()),
                    errno => Err(io::Error::from_raw_os_error(-errno)),
                };
            }
        }
    }
}

/// The link's number, by way of the names' own table.
pub(crate) fn index(name: &str) -> u32 {
    ifaddrs::Handle::open(&ifaddrs::ListOptions::default())
        .unwrap()
        .link(name)
        .unwrap()
        .unwrap_or_else(|| panic!("no link {name}"))
        .ifindex
}

fn link_header(index: u32, flags: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header
}

fn address_body(index: u32, spec: &Spec) -> Vec<u8> {
    let local = spec.local.expect("an address");
    let octets = |addr: IpAddr| match addr {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let mut body = vec![
        if local.is_ipv4() { 2 } else { 10 },
        spec.len,
        spec.flags as u8,
        spec.scope,
    ];
    body.extend(index.to_ne_bytes());
    body.extend(attribute(2, &octets(local)));
    body.extend(attribute(1, &octets(spec.peer.unwrap_or(local))));
    body.extend(
        spec.broadcast
            .map(|addr| attribute(4, &octets(addr)))
            .unwrap_or_default(),
    );
    body.extend(
        spec.label
            .as_ref()
            .map(|label| attribute(3, &c_string(label)))
            .unwrap_or_default(),
    );
    if let Some((preferred, valid)) = spec.lifetimes {
        let words = [preferred, valid, 0, 0].map(u32::to_ne_bytes).concat();
        body.extend(attribute(6, &words));
    }
    body.extend(attribute(8, &spec.flags.to_ne_bytes()));
    body.extend(
        spec.metric
            .map(|metric| attribute(9, &metric.to_ne_bytes()))
            .unwrap_or_default(),
    );
    body.extend(
        spec.protocol
            .map(|protocol| attribute(11, &[protocol]))
            .unwrap_or_default(),
    );
    body
}

fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    bytes.extend((16 + body.len() as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    bytes.extend((4 + value.len() as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize((bytes.len() + 3) & !3, 0);
    bytes
}

fn c_string(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}
