//! Links by their names and numbers, and errors.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use ifaddrs::{ErrorKind, Handle, LinkFlags, ListOptions, addrs, all};
use support::namespace::own;
use support::space::Space;

use crate::net::{Net, Spec, index};

const LONG: &str = "a-name-of-36-characters-for-one-link";

pub(crate) fn handle(kernel_filter: bool) -> Handle {
    let mut options = ListOptions::default();
    options.kernel_filter = kernel_filter;
    Handle::open(&options).unwrap()
}

pub(crate) fn texts(listing: &ifaddrs::LinkAddrs) -> Vec<String> {
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
