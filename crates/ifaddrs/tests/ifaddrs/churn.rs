//! Listings while addresses come and go: what is there all the time is never missing, nothing comes
//! twice, nothing is invented.
//!
//! `IFADDRS_LISTINGS=1000 cargo test --release -p ifaddrs --test ifaddrs churn -- --test-threads=1
//! --nocapture` is the full count, with the number of changes a second; without it fewer listings
//! are made.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use ifaddrs::{Error, ErrorKind, Handle, LinkAddrs, ListOptions};

use crate::net::{Net, Spec};
use support::namespace::own;
use support::space::Space;

/// `stable` addresses on one link, with others coming and going before, between and after them.
fn under_churn(
    v6: bool,
    stable: usize,
    listings: usize,
    options: fn() -> ListOptions,
    list: fn(&mut Handle) -> Result<LinkAddrs, Error>,
) {
    let spec = |net: usize, n: usize| {
        Spec::of(&if v6 {
            format!("fd00:{net}::{n:x}/128")
        } else {
            format!("10.{net}.{}.{}/32", n / 250, n % 250)
        })
    };
    let mut net = Net::new();
    // Switched off, so that no multicast group is joined, which would cost most of a change's time.
    let number = net.bridge_down("churn0");
    let passing: Vec<_> = (0..60).map(|n| spec(9, n)).collect();
    // Some of those that will go stand before the stable ones.
    net.many(true, number, &passing[..30]);
    let kept: Vec<_> = (0..stable).map(|n| spec(1, n)).collect();
    net.many(true, number, &kept);
    net.many(true, number, &passing[30..]);
    let kept: BTreeSet<IpAddr> = kept.iter().filter_map(|spec| spec.local).collect();
    let known: BTreeSet<IpAddr> = passing
        .iter()
        .filter_map(|spec| spec.local)
        .chain(kept.clone())
        .collect();

    let listings = std::env::var("IFADDRS_LISTINGS").map_or(listings, |count| {
        count.parse().expect("a number of listings")
    });
    let (done, changes) = (AtomicBool::new(false), AtomicU64::new(0));
    let (began, mut refused) = (Instant::now(), 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut net = Net::new();
            while !done.load(Ordering::Relaxed) {
                net.changes(
                    number,
                    passing
                        .iter()
                        .flat_map(|spec| [(false, spec), (true, spec)]),
                );
                changes.fetch_add(2 * passing.len() as u64, Ordering::Relaxed);
            }
        });
        let _ending = Ending(&done);
        let mut handle = Handle::open(&options()).unwrap();
        for _ in 0..listings {
            let listing = loop {
                match list(&mut handle) {
                    // An honest no is counted, and asked again.
                    Err(error) if error.kind() == ErrorKind::Torn && refused < listings => {
                        refused += 1;
                    }
                    answer => break answer.unwrap(),
                }
            };
            assert!(listing.whole);
            let got: Vec<IpAddr> = listing
                .addrs
                .iter()
                .map(|address| address.address)
                .filter(|address| {
                    address.is_ipv6() == v6 && !address.to_string().starts_with("fe80")
                })
                .collect();
            let set: BTreeSet<IpAddr> = got.iter().copied().collect();
            assert_eq!(set.len(), got.len(), "none twice");
            let lost: Vec<_> = kept.difference(&set).collect();
            assert!(lost.is_empty(), "lost {lost:?}");
            let invented: Vec<_> = set.difference(&known).collect();
            assert!(invented.is_empty(), "invented {invented:?}");
        }
    });
    let changes = changes.load(Ordering::Relaxed);
    assert!(changes > 0);
    let rate = changes as f64 / began.elapsed().as_secs_f64();
    eprintln!(
        "counted: {listings} listings of {stable} stable addresses, {rate:.0} changes a second, \
         {refused} more refused as torn"
    );
}

/// Ends the changes also when the listings fail.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn by_name(handle: &mut Handle) -> Result<LinkAddrs, Error> {
    handle.addrs("churn0")
}

fn among_all(handle: &mut Handle) -> Result<LinkAddrs, Error> {
    let mut all = handle.all()?.into_iter();
    Ok(all.find(|one| one.name == "churn0").unwrap())
}

fn unfiltered() -> ListOptions {
    let mut options = ListOptions::default();
    options.kernel_filter = false;
    options
}

#[test]
fn few_v4() {
    own(Space::NETWORK, || {
        under_churn(false, 100, 300, ListOptions::default, by_name);
    });
}

#[test]
fn few_v6() {
    own(Space::NETWORK, || {
        under_churn(true, 100, 300, ListOptions::default, by_name);
    });
}

#[test]
fn many_v4() {
    own(Space::NETWORK, || {
        under_churn(false, 1000, 50, ListOptions::default, by_name);
    });
}

#[test]
fn many_v6() {
    own(Space::NETWORK, || {
        // Still two datagrams. The kernel walks all routes for each IPv6 address that goes: more of them would
        // bring the changes below 10 000 a second.
        under_churn(true, 600, 50, ListOptions::default, by_name);
    });
}

#[test]
fn many_among_all_links() {
    own(Space::NETWORK, || {
        under_churn(false, 1000, 30, ListOptions::default, among_all);
    });
}

#[test]
fn many_without_a_filter_in_the_kernel() {
    own(Space::NETWORK, || {
        under_churn(false, 1000, 30, unfiltered, by_name);
    });
}
