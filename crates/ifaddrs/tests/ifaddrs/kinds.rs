//! Kinds of addresses.

use std::ffi::OsStr;
use std::time::Duration;

use ifaddrs::{AddressFlags, Protocol, Scope};
use support::namespace::own;
use support::space::Space;

use crate::list::handle;
use crate::net::{Net, Spec};

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
