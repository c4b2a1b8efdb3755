//! Events.

use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use ifaddrs::{Event, ListOptions, Watcher};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::net::{Net, Spec, index};
use support::namespace::own;
use support::space::Space;

/// Long enough for any machine; only a failing test waits for it.
const SOON: Duration = Duration::from_secs(20);

/// The next event for which `wanted` gives something; others are passed over.
#[track_caller]
fn until<T>(watcher: &mut Watcher, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        let event = watcher
            .next_within(SOON)
            .unwrap()
            .expect("an event in time");
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

#[test]
fn the_present_comes_first_and_then_each_change() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("w0");
        net.add(number, &Spec::of("10.0.0.1/24")).unwrap();
        let mut watcher = Watcher::open(&ListOptions::default()).unwrap();
        // After opening and before the snapshot: in the snapshot, and not again as an event.
        net.add(number, &Spec::of("10.0.0.2/24")).unwrap();
        net.remove(number, &Spec::of("10.0.0.1/24")).ok();
        let Event::Snapshot(all) = watcher.next().unwrap().unwrap() else {
            panic!("the snapshot comes first")
        };
        let w0 = all.iter().find(|one| one.name == "w0").unwrap();
        let v4 = w0
            .addrs
            .iter()
            .filter(|address| address.address.is_ipv4())
            .count();
        assert_eq!(
            v4, 0,
            "removing the first of a network removes its secondaries: {w0:?}"
        );

        let spec = Spec::of("10.0.0.3/24");
        net.add(number, &spec).unwrap();
        let added = until(&mut watcher, |event| match event {
            Event::Address(address) if address.address.is_ipv4() => Some(address.clone()),
            Event::Snapshot(_) => panic!("nothing was lost"),
            _ => None,
        });
        assert_eq!(
            (added.to_string().as_str(), added.ifindex),
            ("10.0.0.3/24", number)
        );
        net.remove(number, &spec).unwrap();
        let gone = until(&mut watcher, |event| match event {
            Event::AddressGone(address) => Some(address.to_string()),
            _ => None,
        });
        assert_eq!(gone, "10.0.0.3/24");

        let bridge = net.bridge("later0");
        let came = until(&mut watcher, |event| match event {
            Event::Link(link) if link.name == "later0" => Some(link.ifindex),
            _ => None,
        });
        assert_eq!(came, bridge);
        net.remove_link("later0");
        until(&mut watcher, |event| match event {
            Event::LinkGone(link) if link.ifindex == bridge => Some(()),
            _ => None,
        });
    });
}

/// Without a wait: what a poll loop does.
#[test]
fn try_next_never_waits_and_says_when_to_come_again() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("w0");
        let mut watcher = Watcher::open(&ListOptions::default()).unwrap();
        let now = Instant::now();
        assert!(watcher.next_wake().is_some_and(|wake| wake <= now + SOON));
        assert!(!readable(&watcher), "the snapshot is not asked for yet");
        let first = watcher.try_next().unwrap();
        assert!(matches!(first, Some(Event::Snapshot(_))), "{first:?}");
        while watcher.try_next().unwrap().is_some() {}
        let began = Instant::now();
        for _ in 0..1000 {
            assert_eq!(watcher.try_next().unwrap(), None);
        }
        assert!(began.elapsed() < SOON / 10, "{:?}", began.elapsed());
        assert_eq!(watcher.next_wake(), None);
        assert!(!readable(&watcher));

        net.add(number, &Spec::of("10.0.0.1/24")).unwrap();
        assert!(readable(&watcher));
        let mut told = Vec::new();
        while let Some(event) = watcher.try_next().unwrap() {
            told.push(event);
        }
        let is_it = |event: &Event| matches!(event, Event::Address(one) if one.ifindex == number);
        assert!(told.iter().any(is_it), "{told:?}");
        assert_eq!((watcher.next_wake(), readable(&watcher)), (None, false));
    });
}

fn readable(watcher: &Watcher) -> bool {
    assert_eq!(watcher.as_raw_fd(), watcher.as_fd().as_raw_fd());
    let mut fds = [PollFd::new(watcher.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).unwrap() > 0
}

/// A port that leaves its bridge sends a removal too, of the bridge's family.
#[test]
fn leaving_a_bridge_is_not_the_end_of_a_link() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        net.veth("p0", "p1");
        let bridge = net.bridge("b0");
        net.set_master("p0", bridge);
        let mut watcher = Watcher::open(&ListOptions::default()).unwrap();
        assert!(matches!(
            watcher.next().unwrap().unwrap(),
            Event::Snapshot(_)
        ));
        net.set_master("p0", 0);
        let number = index("p0");
        let last = net.bridge("last0");
        until(&mut watcher, |event| match event {
            Event::LinkGone(link) => panic!("{link:?} is still there"),
            Event::Link(link) => (link.ifindex == last).then_some(()),
            _ => None,
        });
        assert_eq!(index("p0"), number);
    });
}

#[test]
fn an_overrun_is_followed_by_a_new_snapshot() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("o0");
        let mut watcher = Watcher::open(&ListOptions::default()).unwrap();
        assert!(matches!(
            watcher.next().unwrap().unwrap(),
            Event::Snapshot(_)
        ));
        // Many times what a socket holds, and in the end one address that was never there before.
        let specs: Vec<_> = (0..250)
            .map(|n| Spec::of(&format!("10.0.0.{n}/32")))
            .collect();
        for _ in 0..20 {
            net.many(true, number, &specs);
            net.many(false, number, &specs);
        }
        net.add(number, &Spec::of("10.9.9.9/32")).unwrap();
        let all = until(&mut watcher, |event| match event {
            Event::Snapshot(all) => Some(all.clone()),
            _ => None,
        });
        let o0 = all.iter().find(|one| one.name == "o0").unwrap();
        let v4: Vec<_> = o0
            .addrs
            .iter()
            .filter(|a| a.address.is_ipv4())
            .map(|a| a.to_string())
            .collect();
        assert_eq!(v4, ["10.9.9.9/32"]);
        // And it follows on from there.
        net.remove(number, &Spec::of("10.9.9.9/32")).unwrap();
        until(&mut watcher, |event| match event {
            Event::AddressGone(address) => (address.to_string() == "10.9.9.9/32").then_some(()),
            Event::Snapshot(_) => panic!("nothing more was lost"),
            _ => None,
        });
    });
}

#[test]
fn waiting_ends_in_time() {
    own(Space::NETWORK, || {
        let mut watcher = Watcher::open(&ListOptions::default()).unwrap();
        assert!(matches!(
            watcher.next().unwrap().unwrap(),
            Event::Snapshot(_)
        ));
        assert_eq!(watcher.next_within(Duration::from_millis(5)).unwrap(), None);
        assert_eq!(watcher.next_within(Duration::ZERO).unwrap(), None);
    });
}
