//! The asynchronous twin gives the same answers.

use std::future::Future;
use std::time::Duration;

use ifaddrs::{AsyncHandle, AsyncWatcher, Event, Handle, ListOptions, Namespace};
use tokio::time::timeout;

use crate::net::{Net, Spec};
use support::namespace::own;
use support::space::Space;

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn both_give_the_same() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("a0");
        for n in 0..900 {
            net.add(
                number,
                &Spec::of(&format!("10.0.{}.{}/32", n / 250, n % 250)),
            )
            .unwrap();
        }
        net.add(number, &Spec::of("fd00::1/64")).unwrap();
        let mut blocking = Handle::open(&ListOptions::default()).unwrap();
        run(async {
            let mut handle = AsyncHandle::open(&ListOptions::default()).unwrap();
            for _ in 0..3 {
                assert_eq!(
                    handle.addrs("a0").await.unwrap(),
                    blocking.addrs("a0").unwrap()
                );
            }
            assert_eq!(handle.all().await.unwrap(), blocking.all().unwrap());
            assert_eq!(
                handle.addrs_by_index(number).await.unwrap(),
                blocking.addrs("a0").unwrap()
            );
            assert_eq!(
                handle.link("a0").await.unwrap(),
                blocking.link_by_index(number).unwrap()
            );
            assert_eq!(handle.link_by_index(4711).await.unwrap(), None);
            assert!(!handle.addrs("no-such0").await.unwrap().found());
            assert!(handle.addrs("").await.is_err());
            let own = Namespace::Path("/proc/self/ns/net".into());
            let mut there = AsyncHandle::open(&ListOptions::in_namespace(own)).unwrap();
            assert_eq!(there.all().await.unwrap().len(), 2);
        });
    });
}

#[test]
fn a_dropped_question_does_not_spoil_the_next() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("a0");
        let specs: Vec<_> = (0..2000)
            .map(|n| Spec::of(&format!("10.0.{}.{}/32", n / 250, n % 250)))
            .collect();
        net.many(true, number, &specs);
        run(async {
            let mut handle = AsyncHandle::open(&ListOptions::default()).unwrap();
            for _ in 0..20 {
                // Polled once or a few times, then dropped.
                let _ = timeout(Duration::from_micros(50), handle.addrs("a0")).await;
                let whole = handle.addrs("a0").await.unwrap();
                assert_eq!(
                    whole.addrs.iter().filter(|a| a.address.is_ipv4()).count(),
                    2000
                );
            }
        });
    });
}

#[test]
fn the_watcher_follows() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge("a0");
        run(async {
            let mut watcher = AsyncWatcher::open(&ListOptions::default()).unwrap();
            assert!(matches!(watcher.next().await.unwrap(), Event::Snapshot(_)));
            net.add(number, &Spec::of("10.0.0.1/24")).unwrap();
            loop {
                let event = timeout(Duration::from_secs(20), watcher.next())
                    .await
                    .expect("in time")
                    .unwrap();
                match event {
                    Event::Address(address) if address.address.is_ipv4() => {
                        assert_eq!(address.to_string(), "10.0.0.1/24");
                        return;
                    }
                    Event::Snapshot(_) => panic!("nothing was lost"),
                    _ => {}
                }
            }
        });
    });
}

#[test]
fn a_dropped_wait_loses_no_event() {
    own(Space::NETWORK, || {
        let mut net = Net::new();
        let number = net.bridge_down("a0");
        let specs: Vec<_> = (0..900)
            .map(|n| Spec::of(&format!("10.0.{}.{}/32", n / 250, n % 250)))
            .collect();
        net.many(true, number, &specs);
        run(async {
            for round in 0..10 {
                let mut watcher = AsyncWatcher::open(&ListOptions::default()).unwrap();
                // The snapshot, given up at some point of it, and taken anew.
                let first = Duration::from_micros(40 * round);
                let mut seen = Vec::new();
                if let Ok(event) = timeout(first, watcher.next()).await {
                    seen.push(event.unwrap());
                }
                if seen.is_empty() {
                    seen.push(watcher.next().await.unwrap());
                }
                assert!(matches!(&seen[..], [Event::Snapshot(_)]), "{seen:?}");
                assert_eq!(watcher.next_within(Duration::ZERO).await.unwrap(), None);
                for n in 0..20 {
                    let spec = Spec::of(&format!("10.{}.0.1/32", n + 1));
                    net.add(number, &spec).unwrap();
                    net.remove(number, &spec).unwrap();
                }
                let mut events = Vec::new();
                while events.len() < 40 {
                    match timeout(Duration::from_nanos(1), watcher.next()).await {
                        Ok(event) => events.push(event.unwrap()),
                        Err(_elapsed) => {
                            let within = Duration::from_secs(20);
                            events.extend(watcher.next_within(within).await.unwrap());
                        }
                    }
                }
                for (n, pair) in events.chunks(2).enumerate() {
                    let [Event::Address(added), Event::AddressGone(gone)] = pair else {
                        panic!("{pair:?}")
                    };
                    let want = format!("10.{}.0.1/32", n + 1);
                    assert_eq!((added.to_string(), gone.to_string()), (want.clone(), want));
                }
            }
        });
    });
}

#[test]
fn futures_can_move_between_threads() {
    fn movable<T: Send>(_: &T) {}
    run(async {
        let mut handle = AsyncHandle::open(&ListOptions::default()).unwrap();
        movable(&handle.addrs("lo"));
        movable(&handle.all());
        let mut watcher = AsyncWatcher::open(&ListOptions::default()).unwrap();
        movable(&watcher.next());
        movable(&watcher.next_within(Duration::ZERO));
    });
}

#[test]
fn without_a_runtime_it_is_an_error() {
    assert!(
        AsyncHandle::open(&ListOptions::default())
            .unwrap_err()
            .to_string()
            .contains("runtime")
    );
}
