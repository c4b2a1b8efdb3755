//! Large lists, and the flat list.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ifaddrs::{AllAddrs, addrs, all};
use support::namespace::own;
use support::space::Space;

use crate::list::{handle, texts};
use crate::net::{Net, Spec};

#[test]
fn sizes_around_one_datagram_are_whole_and_in_order() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("big0");
        let specs: Vec<_> = (0..1200u32)
            .map(|n| Spec::of(&format!("10.{}.{}.1/32", n / 256, n % 256)))
            .collect();
        let mut handles = [handle(true), handle(false)];
        let mut had = 0;
        for count in [
            1, 30, 40, 45, 50, 55, 380, 400, 415, 420, 425, 430, 440, 830, 850, 870, 1200,
        ] {
            net.many(true, number, &specs[had..count]);
            had = count;
            let mut want: Vec<_> = (0..count)
                .map(|n| format!("10.{}.{}.1/32", n / 256, n % 256))
                .collect();
            want.sort();
            for handle in &mut handles {
                for _ in 0..3 {
                    let mut got = texts(&handle.addrs("big0").unwrap());
                    got.retain(|text| text.starts_with("10."));
                    got.sort();
                    assert_eq!(got, want, "{count}");
                }
            }
            assert_eq!(
                addrs("big0")
                    .unwrap()
                    .addrs
                    .iter()
                    .filter(|a| a.address.is_ipv4())
                    .count(),
                count
            );
            let every = all().unwrap();
            let one = every.iter().find(|one| one.name == "big0").unwrap();
            assert_eq!(
                one.addrs.iter().filter(|a| a.address.is_ipv4()).count(),
                count
            );
        }
    });
}

/// `getifaddrs(3)` gives addresses in the kernel's order, too.
#[test]
fn the_flat_list_has_the_kernels_order() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        net.up("lo");
        for (n, name) in ["f0", "f1"].into_iter().enumerate() {
            let number = net.bridge(name);
            for text in ["10.1.{}.1/24", "10.2.{}.1/32", "fd00:{}::1/64"] {
                let text = text.replace("{}", &n.to_string());
                net.add(number, &Spec::of(&text)).unwrap();
            }
        }
        let want: Vec<IpAddr> = nix::ifaddrs::getifaddrs()
            .unwrap()
            .filter_map(|entry| entry.address)
            .filter_map(|address| {
                let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
                v4.or(address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
            })
            .collect();
        assert!(want.len() >= 8, "{want:?}");
        let all = ifaddrs::all_addrs().unwrap();
        assert!(all.whole);
        let got =
            |all: &AllAddrs| -> Vec<IpAddr> { all.into_iter().map(|one| one.address).collect() };
        assert_eq!(got(&all), want);
        assert_eq!(handle(true).all_addrs().unwrap(), all);
        // By link they are the same ones, in another order.
        let by_link = all_of_each_link();
        assert_ne!(by_link, want);
        assert_eq!(
            by_link.into_iter().collect::<BTreeSet<_>>(),
            want.into_iter().collect()
        );
    });
}

fn all_of_each_link() -> Vec<IpAddr> {
    let links = all().unwrap().into_iter();
    links
        .flat_map(|link| link.addrs)
        .map(|one| one.address)
        .collect()
}

#[test]
fn a_large_flat_list_is_whole_too() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("f0");
        for n in 0..1200u32 {
            let text = format!("10.{}.{}.1/32", n / 256, n % 256);
            net.add(number, &Spec::of(&text)).unwrap();
        }
        let all = handle(true).all_addrs().unwrap();
        let v4 = |all: &AllAddrs| all.into_iter().filter(|one| one.address.is_ipv4()).count();
        assert_eq!((v4(&all), all.whole), (1200, true));
        assert_eq!(v4(&ifaddrs::all_addrs().unwrap()), 1200);
    });
}
