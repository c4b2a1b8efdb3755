//! ifaddrs on real kernels.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // a panic is the report

use std::collections::BTreeSet;
use std::fs::File;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ifaddrs::{
    AddressFlags, ErrorKind, Event, Handle, LinkAddrs, ListOptions, Namespace, Protocol, Watcher,
};
use support::kernel::expect_since;
use support::link::{Address, Links};
use support::namespace::isolated;

/// `IFA_F_NODAD`: usable at once.
const NODAD: u32 = 0x02;

fn v6(text: &str) -> Address {
    Address {
        flags: NODAD,
        ..Address::new(text)
    }
}

fn texts(listing: &LinkAddrs) -> Vec<String> {
    listing.addrs.iter().map(ToString::to_string).collect()
}

fn unfiltered() -> ListOptions {
    let mut options = ListOptions::default();
    options.kernel_filter = false;
    options
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn every_kind_of_address_is_read_with_and_without_the_kernels_filter() {
    isolated(|| {
        let links = Links::open();
        links.dummy("d0");
        links.veth("v0", "v1");
        links.bridge("b0");
        let peer = |text: &str, peer: &str| Address {
            peer: Some(peer.parse().unwrap()),
            ..Address::new(text)
        };
        let all = [
            Address {
                broadcast: Some("10.1.2.255".parse().unwrap()),
                ..Address::new("10.1.2.3/24")
            },
            Address {
                label: Some("d0:lbl".to_owned()),
                ..Address::new("10.1.2.4/24")
            },
            peer("10.9.0.1/32", "10.9.0.2"),
            peer("10.8.0.1/24", "10.7.0.0"),
            Address {
                lifetimes: Some((500, 1000)),
                ..Address::new("10.5.0.1/24")
            },
            Address {
                scope: 253,
                ..Address::new("10.4.0.1/24")
            },
            v6("fd00::1/64"),
            Address {
                lifetimes: Some((0, 1000)),
                ..v6("fd00::2/64")
            },
            Address {
                flags: NODAD | 0x200,
                ..v6("fd00::3/64")
            },
            Address {
                peer: Some("fd00::5".parse().unwrap()),
                ..v6("fd00::4/128")
            },
        ];
        all.iter().for_each(|address| links.add("d0", address));
        links.add("v0", &Address::new("10.20.0.1/24"));
        for options in [ListOptions::default(), unfiltered()] {
            let listing = Handle::open(&options).unwrap().addrs("d0").unwrap();
            let got: BTreeSet<String> = texts(&listing).into_iter().collect();
            let want = [
                "10.1.2.3/24",
                "10.1.2.4/24",
                "10.9.0.1 peer 10.9.0.2/32",
                "10.8.0.1 peer 10.7.0.0/24",
                "10.5.0.1/24",
                "10.4.0.1/24",
                "fd00::1/64",
                "fd00::2/64",
                "fd00::3/64",
                "fd00::4 peer fd00::5/128",
            ];
            assert_eq!(got, want.map(str::to_owned).into(), "{listing:?}");
            let flags = |text: &str| {
                let found = listing.addrs.iter().find(|one| one.to_string() == text);
                found.unwrap().flags
            };
            assert!(flags("10.1.2.4/24").contains(AddressFlags::SECONDARY));
            assert!(flags("fd00::2/64").contains(AddressFlags::DEPRECATED));
            assert!(flags("fd00::3/64").contains(AddressFlags::NOPREFIXROUTE));
            assert!(!flags("10.5.0.1/24").contains(AddressFlags::PERMANENT));
        }
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn who_set_an_address_is_told_where_the_kernel_does() {
    isolated(|| {
        let links = Links::open();
        links.up("lo");
        let lo = ifaddrs::addrs("lo").unwrap();
        let v6 = lo.addrs.iter().find(|one| one.address.is_ipv6());
        let told = v6.unwrap().protocol;
        assert!(matches!(told, None | Some(Protocol::KERNEL_LO)), "{told:?}");
        expect_since(5, 18, "IFA_PROTO", told.is_some());
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn names_numbers_and_absence_are_told_apart() {
    isolated(|| {
        let links = Links::open();
        links.dummy("d0");
        let long = "long".repeat(31);
        links.altname("d0", &long);
        links.altname("d0", "short-alt");
        links.add("d0", &Address::new("10.1.2.3/24"));
        let index = links.index("d0");
        let mut handle = Handle::open(&ListOptions::default()).unwrap();
        for name in ["d0", "short-alt", &long] {
            let listing = handle.addrs(name).unwrap();
            assert_eq!(
                (listing.name.to_str(), listing.ifindex()),
                (Some("d0"), Some(index))
            );
            assert_eq!(texts(&listing), ["10.1.2.3/24"]);
        }
        assert_eq!(
            handle.addrs_by_index(index).unwrap(),
            handle.addrs("d0").unwrap()
        );
        let longer = "x".repeat(127);
        for name in ["d1", "no-such-name-of-more-than-15-bytes", &longer] {
            assert!(!handle.addrs(name).unwrap().found(), "{name}");
        }
        assert!(!handle.addrs_by_index(4711).unwrap().found());
        assert!(handle.addrs("lo").unwrap().found());
        assert_eq!(handle.addrs("").unwrap_err().kind(), ErrorKind::InvalidName);
        links.remove("d0");
        assert!(!handle.addrs("d0").unwrap().found());
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn other_namespaces_are_read_and_the_thread_stays() {
    isolated(|| {
        let before = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let there: File = thread::spawn(|| {
            support::namespace::with(rustix::thread::UnshareFlags::NEWNET, || {
                let links = Links::open();
                links.dummy("there0");
                links.add("there0", &Address::new("10.0.0.1/24"));
                File::open("/proc/thread-self/ns/net").unwrap()
            })
        })
        .join()
        .unwrap();
        let options = ListOptions::in_namespace(Namespace::of(&there).unwrap());
        let mut handle = Handle::open(&options).unwrap();
        assert_eq!(texts(&handle.addrs("there0").unwrap()), ["10.0.0.1/24"]);
        assert!(!ifaddrs::addrs("there0").unwrap().found());
        let after = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        assert_eq!(before, after);
        let refused = Handle::open(&ListOptions::in_namespace(Namespace::Path(
            "/no/such".into(),
        )));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Namespace);
    });
}

#[test]
#[ignore = "vm: needs root in a guest"]
fn a_watch_starts_with_the_present_and_survives_an_overrun() {
    isolated(|| {
        let links = Links::open();
        links.dummy("d0");
        let mut watcher = Watcher::open(&ListOptions::default()).unwrap();
        assert!(matches!(
            watcher.next().unwrap().unwrap(),
            Event::Snapshot(_)
        ));
        links.add("d0", &Address::new("10.0.0.1/24"));
        let soon = Duration::from_secs(30);
        loop {
            match watcher.next_within(soon).unwrap().expect("in time") {
                Event::Address(one) => {
                    assert_eq!(one.to_string(), "10.0.0.1/24");
                    break;
                }
                Event::Snapshot(_) => panic!("nothing was lost"),
                _ => {}
            }
        }
        for _ in 0..1500 {
            links.add("d0", &Address::new("10.9.0.1/32"));
            links.remove_address("d0", &Address::new("10.9.0.1/32"));
        }
        links.add("d0", &Address::new("10.10.0.1/32"));
        let all = loop {
            let event = watcher.next_within(soon).unwrap().expect("in time");
            if let Event::Snapshot(all) = event {
                break all;
            }
        };
        let d0 = all.iter().find(|one| one.name == "d0").unwrap();
        assert_eq!(texts(d0), ["10.0.0.1/24", "10.10.0.1/32"]);
    });
}

/// What a churned listing came to, for the run's record.
struct Count {
    listings: usize,
    changes: u64,
    time: Duration,
}

/// Listings of `stable` addresses while others change on the same link, 10 000 changes a second or
/// as many as the machine manages: 1 000 listings, or as many as an emulated machine manages in six
/// seconds. The full count on real hardware is the churn tests of the crate itself, see there.
fn listings_under_churn(family: fn(usize, usize) -> Address, stable: usize) -> Count {
    const LISTINGS: usize = 1000;
    const TIME: Duration = Duration::from_secs(6);
    let links = Links::open();
    links.dummy("d0");
    let passing: Vec<_> = (0..40).map(|n| family(9, n)).collect();
    // Some of those that go stand before the stable ones, some after.
    passing[..20].iter().for_each(|one| links.add("d0", one));
    let kept: Vec<_> = (0..stable).map(|n| family(1, n)).collect();
    kept.iter().for_each(|one| links.add("d0", one));
    passing[20..].iter().for_each(|one| links.add("d0", one));
    let kept: BTreeSet<IpAddr> = kept.iter().map(|one| one.local).collect();
    let mut known: BTreeSet<IpAddr> = passing.iter().map(|one| one.local).collect();
    known.extend(&kept);

    let (done, changes, began) = (AtomicBool::new(false), AtomicU64::new(0), Instant::now());
    let listings = thread::scope(|scope| {
        let _ending = Ending(&done);
        scope.spawn(|| {
            for one in passing.iter().cycle() {
                links.remove_address("d0", one);
                links.add("d0", one);
                let so_far = changes.fetch_add(2, Ordering::Relaxed) + 2;
                let due = Duration::from_micros(100 * so_far);
                thread::sleep(due.saturating_sub(began.elapsed()));
                if done.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let mut handle = Handle::open(&ListOptions::default()).unwrap();
        let mut listings = 0;
        while listings < LISTINGS && (listings < 5 || began.elapsed() < TIME) {
            listings += 1;
            let listing = handle.addrs("d0").unwrap();
            assert!(listing.whole);
            let got: Vec<IpAddr> = listing.addrs.iter().map(|one| one.address).collect();
            let set: BTreeSet<IpAddr> = got.iter().copied().collect();
            assert_eq!(set.len(), got.len(), "none comes twice");
            let lost: Vec<_> = kept.difference(&set).collect();
            assert!(lost.is_empty(), "lost {lost:?}");
            let invented: Vec<_> = set.difference(&known).collect();
            assert!(invented.is_empty(), "invented {invented:?}");
        }
        listings
    });
    Count {
        listings,
        changes: changes.load(Ordering::Relaxed),
        time: began.elapsed(),
    }
}

/// Ends the changes also when a listing fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn four(net: usize, n: usize) -> Address {
    Address::new(&format!("10.{net}.{}.{}/32", n / 250, n % 250))
}

fn six(net: usize, n: usize) -> Address {
    v6(&format!("fd00:{net}::{:x}/128", n + 1))
}

#[track_caller]
fn churn(family: fn(usize, usize) -> Address, stable: usize) {
    isolated(|| {
        let Count {
            listings,
            changes,
            time,
        } = listings_under_churn(family, stable);
        let rate = changes as f64 / time.as_secs_f64();
        println!(
            "{listings} listings of {stable} addresses, {changes} changes, {rate:.0} a second"
        );
        assert!(changes > 0);
    });
}

#[test]
#[ignore = "vm: listings under churn (limit 120 s)"]
fn no_stable_v4_address_is_lost_among_few() {
    churn(four, 100);
}

#[test]
#[ignore = "vm: listings under churn (limit 120 s)"]
fn no_stable_v6_address_is_lost_among_few() {
    churn(six, 100);
}

/// More than one datagram: what the kernel alone gets wrong.
#[test]
#[ignore = "vm: listings under churn (limit 120 s)"]
fn no_stable_v4_address_is_lost_among_many() {
    churn(four, 600);
}

#[test]
#[ignore = "vm: listings under churn (limit 120 s)"]
fn no_stable_v6_address_is_lost_among_many() {
    churn(six, 600);
}
