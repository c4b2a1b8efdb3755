//! P8: the addresses of one link, beside a bare socket, getifaddrs(3) and rtnetlink.
//!
//! In network namespaces that the bench makes; where that is refused it says so and measures
//! nothing.

#![allow(missing_docs)] // what criterion's macros make has none
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a bench that cannot run must say so at once

use std::net::IpAddr;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ifaddrs::{Handle, ListOptions};
use netlink_sys::{Socket, protocols::NETLINK_ROUTE};
use rtnetlink::packet_route::address::AddressAttribute;
use rustix::thread::UnshareFlags;
use support::link::{Address, Links};

const LINK: &str = "bench0";

/// How many addresses on the link, and how many on another.
const SIZES: [(usize, usize); 5] = [(1, 0), (10, 0), (100, 0), (1_000, 0), (10, 10_000)];

/// A new network namespace with a link of `on` addresses, and another of `elsewhere`.
fn host(on: usize, elsewhere: usize) -> Result<(), rustix::io::Errno> {
    let root = rustix::process::geteuid().is_root();
    let user = if root {
        UnshareFlags::empty()
    } else {
        UnshareFlags::NEWUSER
    };
    #[expect(deprecated, reason = "without CLONE_FILES the safe form is sound")]
    rustix::thread::unshare(UnshareFlags::NEWNET | user)?;
    let links = Links::open();
    for (name, count, net) in [(LINK, on, 10), ("other0", elsewhere, 11)] {
        links.bridge(name);
        for n in 0..count {
            let text = format!("{net}.{}.{}.{}/32", n / 62_500, n / 250 % 250, n % 250);
            links.add(name, &Address::new(&text));
        }
    }
    Ok(())
}

/// The cheapest that could do the work: a strict socket, a look-up by name, a filtered dump,
/// nothing parsed but the link's number and the end.
struct Bare {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Bare {
    fn open() -> Self {
        let mut socket = Socket::new(NETLINK_ROUTE).unwrap();
        socket.bind_auto().unwrap();
        socket.set_netlink_get_strict_chk(true).unwrap();
        Self {
            socket,
            buffer: Vec::with_capacity(64 * 1024),
        }
    }

    fn list(&mut self, name: &str) -> usize {
        let mut link = vec![0; 16];
        link.extend((4 + name.len() as u16 + 1).to_ne_bytes());
        link.extend(3u16.to_ne_bytes());
        link.extend(name.as_bytes());
        link.resize((link.len() + 4) & !3, 0);
        link.extend([8, 0, 29, 0, 8, 0, 0, 0]); // without statistics
        self.send(18, 0x1, &link);
        self.receive();
        let index = &self.buffer[20..24];
        let request = [&[0; 4], index].concat();
        self.send(22, 0x301, &request);
        let mut bytes = 0;
        loop {
            self.receive();
            bytes += self.buffer.len();
            if self.buffer[4] == 3 {
                return bytes;
            }
        }
    }

    fn send(&self, kind: u16, flags: u16, body: &[u8]) {
        let mut bytes = (16 + body.len() as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(body);
        self.socket.send(&bytes, 0).unwrap();
    }

    fn receive(&mut self) {
        self.buffer.clear();
        self.socket.recv(&mut self.buffer, 0).unwrap();
    }
}

/// rtnetlink's own way: a link by name, then its addresses.
async fn typed(handle: &rtnetlink::Handle) -> Vec<IpAddr> {
    use futures_util::TryStreamExt;
    let mut links = handle.link().get().match_name(LINK.to_owned()).execute();
    let index = links.try_next().await.unwrap().unwrap().header.index;
    let request = handle.address().get().set_link_index_filter(index);
    let messages: Vec<_> = request.execute().try_collect().await.unwrap();
    let address = |attribute| match attribute {
        AddressAttribute::Address(address) => Some(address),
        _ => None,
    };
    messages
        .into_iter()
        .filter_map(|message| message.attributes.into_iter().find_map(address))
        .collect()
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("P8 addresses of one link");
    for (on, elsewhere) in SIZES {
        if let Err(errno) = host(on, elsewhere) {
            println!("P8 is left out: no network namespace of one's own: {errno}");
            return;
        }
        let size = if elsewhere == 0 {
            on.to_string()
        } else {
            format!("{on} of {}", on + elsewhere)
        };
        let id = |what: &str| BenchmarkId::new(what, &size);
        let mut bare = Bare::open();
        group.bench_function(id("floor: bare strict socket, open"), |b| {
            b.iter(|| bare.list(LINK));
        });
        group.bench_function(id("floor: bare strict socket, new each time"), |b| {
            b.iter(|| Bare::open().list(LINK));
        });
        let mut handle = Handle::open(&ListOptions::default()).unwrap();
        assert_eq!(handle.addrs(LINK).unwrap().addrs.len(), on);
        group.bench_function(id("ifaddrs, open handle"), |b| {
            b.iter(|| handle.addrs(LINK).unwrap());
        });
        group.bench_function(id("ifaddrs, new socket each time"), |b| {
            b.iter(|| ifaddrs::addrs(LINK).unwrap());
        });
        group.bench_function(id("getifaddrs(3) by nix"), |b| {
            let own = |entry: &nix::ifaddrs::InterfaceAddress| entry.interface_name == LINK;
            b.iter(|| nix::ifaddrs::getifaddrs().unwrap().filter(own).count());
        });
        group.bench_function(id("if-addrs"), |b| {
            b.iter(|| {
                let all = if_addrs::get_if_addrs().unwrap();
                all.into_iter().filter(|one| one.name == LINK).count()
            });
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (connection, handle) = runtime.block_on(async {
            let (connection, handle, _) = rtnetlink::new_connection().unwrap();
            (tokio::spawn(connection), handle)
        });
        assert_eq!(runtime.block_on(typed(&handle)).len(), on);
        group.bench_function(id("rtnetlink, open handle"), |b| {
            b.iter(|| runtime.block_on(typed(&handle)));
        });
        connection.abort();
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
