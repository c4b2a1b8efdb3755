//! Names, numbers, kinds of addresses, errors.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use ifaddrs::{
    AddressFlags, AllAddrs, ErrorKind, Handle, LinkFlags, ListOptions, Protocol, Scope, addrs, all,
};

use crate::net::{Net, Spec, index};
use support::namespace::own;
use support::space::Space;

const LONG: &str = "a-name-of-36-characters-for-one-link";

fn handle(kernel_filter: bool) -> Handle {
    let mut options = ListOptions::default();
    options.kernel_filter = kernel_filter;
    Handle::open(&options).unwrap()
}

fn texts(listing: &ifaddrs::LinkAddrs) -> Vec<String> {
    listing.addrs.iter().map(ToString::to_string).collect()
}

#[test]
fn a_missing_link_is_told_from_a_link_without_addresses() {
    own(Space::NETWORK, || {
        Net::new().bridge("empty0");
        for filter in [true, false] {
            let mut handle = handle(filter);
            let missing = handle.addrs("no-such0").unwrap();
            assert!(!missing.found() && missing.whole && missing.addrs.is_empty());
            assert_eq!(
                (missing.name.to_str(), missing.ifindex()),
                (Some("no-such0"), None)
            );
            let long = handle.addrs("no-such-name-of-more-than-15-bytes").unwrap();
            assert!(!long.found());
            let empty = handle.addrs("lo").unwrap();
            assert!(empty.found() && empty.addrs.is_empty(), "{empty:?}");
            for number in [0, 4711, u32::MAX] {
                assert!(!handle.addrs_by_index(number).unwrap().found(), "{number}");
                assert_eq!(handle.link_by_index(number).unwrap(), None);
            }
        }
    });
}

#[test]
fn names_that_cannot_be_are_clear_errors() {
    let long = "x".repeat(128);
    for name in ["", "a\0b", "\0", long.as_str()] {
        let error = addrs(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidName, "{name:?}");
        assert_eq!(error.raw_os_error(), None);
    }
    assert!(!addrs("x".repeat(127)).unwrap().found());
    assert!(!addrs("x".repeat(16)).unwrap().found());
    assert!(!addrs(OsStr::from_bytes(b"\xff\xfe")).unwrap().found());
    assert!(!addrs("a b/c").unwrap().found());
}

#[test]
fn a_link_is_found_by_each_of_its_names_and_by_number() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("real0");
        let longest = "n".repeat(127);
        for altname in [LONG, "short-alt", &longest] {
            net.altname("real0", altname).unwrap();
        }
        net.add(number, &Spec::of("10.0.0.1/24")).unwrap();
        let mut handle = handle(true);
        for name in ["real0", "short-alt", LONG, &longest] {
            let listing = handle.addrs(name).unwrap();
            assert_eq!(listing.name, "real0", "asked for {name}");
            assert_eq!(texts(&listing)[..1], ["10.0.0.1/24"]);
            let link = listing.link.unwrap();
            assert_eq!((link.ifindex, link.name.to_str()), (number, Some("real0")));
            assert_eq!(link.altnames, [LONG, "short-alt", &longest]);
            assert!(link.is_named(OsStr::new(name)) && !link.is_named(OsStr::new("real")));
        }
        assert_eq!(
            handle.addrs_by_index(number).unwrap(),
            handle.addrs("real0").unwrap()
        );
        assert_eq!(
            handle.link("short-alt").unwrap(),
            handle.link_by_index(number).unwrap()
        );
    });
}

#[test]
fn every_kind_of_address_keeps_its_facts() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("kinds0");
        let specs = every_kind("kinds0");
        for spec in &specs {
            net.add(number, spec)
                .unwrap_or_else(|error| panic!("{spec:?}: {error}"));
        }
        for filter in [true, false] {
            let listing = handle(filter).addrs("kinds0").unwrap();
            let find = |text: &str| {
                let found = listing
                    .addrs
                    .iter()
                    .find(|address| address.to_string() == text);
                found.unwrap_or_else(|| panic!("no {text} in {listing:?}"))
            };
            let first = find("10.0.0.1/24");
            assert_eq!(first.broadcast, Some([10, 0, 0, 255].into()));
            assert_eq!((first.valid_for, first.preferred_for), (None, None));
            assert_eq!(first.label.as_deref(), Some(OsStr::new("kinds0")));
            assert_eq!(first.flag_names().collect::<Vec<_>>(), ["permanent"]);
            let second = find("10.0.0.2/24");
            assert_eq!(second.label.as_deref(), Some(OsStr::new("kinds0:lbl")));
            assert_eq!(
                second.flag_names().collect::<Vec<_>>(),
                ["secondary", "permanent"]
            );
            let peer = find("10.1.0.1 peer 10.1.0.2/32");
            assert_eq!(
                (peer.prefix_len, peer.prefix().to_string().as_str()),
                (32, "10.1.0.1/32")
            );
            let wide = find("10.2.0.1 peer 10.3.0.0/24");
            assert_eq!((wide.prefix_len, wide.peer.unwrap().len()), (32, 24));
            assert_eq!(find("10.4.0.1/24").scope, Scope::LINK);
            let brief = find("10.5.0.1/24");
            assert!(brief.valid_for.unwrap() <= Duration::from_secs(1000));
            assert!(brief.preferred_for.unwrap() <= Duration::from_secs(500));
            assert!(brief.valid_for.unwrap() > Duration::from_secs(900));
            assert!(!brief.flags.contains(AddressFlags::PERMANENT));
            assert_eq!(find("10.6.0.1/24").metric, Some(77));
            let deprecated = find("fd00::2/64");
            assert!(deprecated.flags.contains(AddressFlags::DEPRECATED));
            assert_eq!(deprecated.preferred_for, Some(Duration::ZERO));
            assert_eq!(deprecated.label, None);
            let v6_peer = find("fd00::3 peer fd00::4/128");
            assert_eq!(v6_peer.prefix_len, 128);
            let odd = find("fd00::5/64");
            // Above the header's eight bits.
            assert!(
                odd.flags
                    .contains(AddressFlags::NOPREFIXROUTE | AddressFlags::MANAGETEMPADDR)
            );
            let names: Vec<_> = odd.flag_names().collect();
            assert_eq!(
                names,
                ["nodad", "home", "permanent", "mngtmpaddr", "noprefixroute"]
            );
            let origin = find("fd00::6/64").protocol;
            // IFA_PROTO is of Linux 5.18; before that it is passed over.
            assert!(
                origin.is_none() || origin == Some(Protocol(0x30)),
                "{origin:?}"
            );
            let link_local = listing
                .addrs
                .iter()
                .filter(|address| address.scope == Scope::LINK);
            assert_eq!(link_local.count(), 2, "10.4.0.1 and the kernel's own");
        }
    });
}

/// One address of each kind there is.
pub(crate) fn every_kind(link: &str) -> Vec<Spec> {
    let ip = |text: &str| Some(text.parse().unwrap());
    vec![
        Spec {
            broadcast: ip("10.0.0.255"),
            ..Spec::of("10.0.0.1/24")
        },
        Spec {
            label: Some(format!("{link}:lbl")),
            ..Spec::of("10.0.0.2/24")
        },
        Spec {
            peer: ip("10.1.0.2"),
            ..Spec::of("10.1.0.1/32")
        },
        Spec {
            peer: ip("10.3.0.0"),
            ..Spec::of("10.2.0.1/24")
        },
        Spec {
            scope: 253,
            ..Spec::of("10.4.0.1/24")
        },
        Spec {
            lifetimes: Some((500, 1000)),
            ..Spec::of("10.5.0.1/24")
        },
        Spec {
            metric: Some(77),
            flags: 0x200,
            ..Spec::of("10.6.0.1/24")
        },
        Spec {
            scope: 254,
            ..Spec::of("10.7.0.1/8")
        },
        Spec::of("fd00::1/64"),
        Spec {
            lifetimes: Some((0, 1000)),
            ..Spec::of("fd00::2/64")
        },
        Spec {
            peer: ip("fd00::4"),
            ..Spec::of("fd00::3/128")
        },
        Spec {
            flags: 0x2 | 0x10 | 0x100 | 0x200,
            ..Spec::of("fd00::5/64")
        },
        Spec {
            protocol: Some(0x30),
            ..Spec::of("fd00::6/64")
        },
        Spec {
            flags: 0,
            ..Spec::of("fd00::7/64")
        },
        Spec::of("::192.0.2.1/96"),
    ]
}

#[test]
fn all_links_come_by_number_with_their_own_addresses() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        net.veth("v0", "v1");
        let bridge = net.bridge("br0");
        net.set_master("v1", bridge);
        for (n, name) in ["v0", "br0"].iter().enumerate() {
            net.add(index(name), &Spec::of(&format!("10.0.{n}.1/24")))
                .unwrap();
            net.add(index(name), &Spec::of(&format!("fd00:{n}::1/64")))
                .unwrap();
        }
        for filter in [true, false] {
            let mut handle = handle(filter);
            let every = handle.all().unwrap();
            let numbers: Vec<_> = every.iter().map(|one| one.ifindex().unwrap()).collect();
            assert!(numbers.is_sorted() && numbers.len() == 4, "{numbers:?}");
            for one in &every {
                let alone = handle.addrs(&one.name).unwrap();
                assert_eq!(texts(one), texts(&alone));
                assert_eq!(one.link, alone.link);
            }
            let port = every
                .iter()
                .find(|one| one.name == "v1")
                .unwrap()
                .link
                .clone()
                .unwrap();
            assert_eq!(port.master, Some(bridge));
            assert_eq!(port.mtu, Some(1500));
            assert!(port.flags.contains(LinkFlags::UP | LinkFlags::BROADCAST));
            assert!(port.flags.names().any(|name| name == "MULTICAST"));
        }
        assert_eq!(all().unwrap().len(), 4);
    });
}

/// A label is not a link: other libraries list `v0:lbl` under a link of that name.
#[test]
fn a_labelled_address_stays_with_its_link() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("b0");
        net.add(
            number,
            &Spec {
                label: Some("b0:x".to_owned()),
                ..Spec::of("10.0.0.1/24")
            },
        )
        .unwrap();
        assert!(!addrs("b0:x").unwrap().found());
        assert_eq!(texts(&addrs("b0").unwrap())[0], "10.0.0.1/24");
    });
}

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

#[test]
fn a_renamed_link_is_found_by_its_new_name_only() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("old0");
        let mut handle = handle(true);
        assert!(handle.addrs("old0").unwrap().found());
        net.remove_link("old0");
        assert!(!handle.addrs("old0").unwrap().found());
        assert!(!handle.addrs_by_index(number).unwrap().found());
        let again = net.bridge("old0");
        assert_eq!(handle.addrs("old0").unwrap().ifindex(), Some(again));
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

#[test]
fn a_number_is_asked_for_in_one_call() {
    own(Space::NETWORK, || {
        let number = Net::new().bridge("n0");
        let listing = ifaddrs::addrs_by_index(number).unwrap();
        assert_eq!(
            (listing.name.to_str(), listing.ifindex()),
            (Some("n0"), Some(number))
        );
        let link = listing.link.unwrap();
        assert!(link.is_up() && !link.is_loopback() && !link.is_point_to_point());
        assert!(link.hardware_address.unwrap().mac().is_some());
        assert!(!ifaddrs::addrs_by_index(0).unwrap().found());
        assert!(all().unwrap()[0].link.as_ref().unwrap().is_loopback());
    });
}
