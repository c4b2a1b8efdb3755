//! `ifaddrs.json`: how one address message is read.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ifaddrs::{Body, ListOptions, Watcher, decode};
use nix::sys::pthread::{pthread_kill, pthread_self};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use serde_json::{Value, json};

use crate::judge::{Judge, list, vectors};

const RTM_NEWADDR: u16 = 20;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

#[test]
fn address_and_peer() {
    let vectors = vectors("ifaddrs");
    let mut judge = Judge::new("ifaddrs_decode");
    for case in list(&vectors["address_decode"]) {
        let message = decode(&datagram(case))
            .next()
            .expect("one message")
            .expect("a good one");
        let Body::Address(address) = message.body else {
            panic!("{message:?}");
        };
        let ours = json!({
            "address": address.prefix().to_string(),
            "peer": address.peer.map(|peer| peer.to_string()),
        });
        let moby = json!({"address": case["address"], "peer": case["peer"]});
        let id = format!(
            "{} {} /{}",
            case["IFA_ADDRESS"], case["IFA_LOCAL"], case["prefixlen"]
        );
        judge.case(&id.replace('"', ""), &moby, &ours);
    }
    judge.finish();
}

/// The message as the kernel sends it.
fn datagram(case: &Value) -> Vec<u8> {
    let v4 = case["family"] == "v4";
    let prefix_len = u8::try_from(case["prefixlen"].as_u64().expect("a number")).expect("a byte");
    let mut body = vec![if v4 { 2 } else { 10 }, prefix_len, 0, 0];
    body.extend(2_u32.to_ne_bytes());
    for (kind, key) in [(IFA_ADDRESS, "IFA_ADDRESS"), (IFA_LOCAL, "IFA_LOCAL")] {
        let Some(address) = case[key].as_str() else {
            continue;
        };
        let bytes = match address.parse::<IpAddr>().expect("an address") {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let length = u16::try_from(4 + bytes.len()).expect("short");
        body.extend(length.to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(bytes);
    }
    let length = u32::try_from(16 + body.len()).expect("short");
    let mut datagram = length.to_ne_bytes().to_vec();
    datagram.extend(RTM_NEWADDR.to_ne_bytes());
    datagram.extend([0; 10]); // Flags, sequence, port.
    datagram.extend(body);
    datagram
}

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count_signal(_: i32) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

/// moby's netlink library hands EINTR to its caller; here the wait goes on.
#[test]
fn a_signal_interrupts_neither_a_listing_nor_a_wait() {
    // Without SA_RESTART, so that calls really end early.
    let action = SigAction::new(
        SigHandler::Handler(count_signal),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: the handler only adds to an atomic, which is async-signal-safe,
    // and nothing else in this program uses SIGUSR1.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.expect("a handler for SIGUSR1");
    let (tell, told) = mpsc::channel();
    let worker = thread::spawn(move || {
        let mut watcher = Watcher::open(&ListOptions::default()).expect("a watcher");
        tell.send(pthread_self()).expect("the other thread waits");
        let quiet = Duration::from_millis(200);
        while watcher
            .next_within(quiet)
            .expect("a signal is no error")
            .is_some()
        {}
        for _ in 0..200 {
            let links = ifaddrs::addrs("lo").expect("a signal is no error");
            assert!(links.found());
        }
    });
    let target = told.recv().expect("the worker runs");
    while !worker.is_finished() {
        // An error says that it has just ended.
        let _ = pthread_kill(target, Signal::SIGUSR1);
        thread::sleep(Duration::from_millis(1));
    }
    worker.join().expect("no answer was lost to a signal");
    assert!(SIGNALS.load(Ordering::Relaxed) > 20, "signals arrived");
}
