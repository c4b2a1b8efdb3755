//! A list in memory plays the kernel: dumped in runs by count, changed between runs.

use proptest::prelude::*;

use super::*;
use crate::listing::round::{Run, had_room};
use crate::wire::{Body, messages};

fn address(n: u16) -> Address {
    let [high, low] = n.to_be_bytes();
    let mut bytes = vec![];
    bytes.extend(32u32.to_ne_bytes());
    bytes.extend(20u16.to_ne_bytes());
    bytes.extend([0; 10]);
    bytes.extend([2, 32, 0, 0, 1, 0, 0, 0]);
    bytes.extend(8u16.to_ne_bytes());
    bytes.extend(1u16.to_ne_bytes());
    bytes.extend([10, 0, high, low]);
    match messages(&bytes).next().unwrap().unwrap().body {
        Body::Address(address) => address,
        other => panic!("{other:?}"),
    }
}

fn numbers(addresses: &[Address]) -> Vec<u16> {
    let number = |address: &Address| match address.address {
        std::net::IpAddr::V4(v4) => u16::from_be_bytes([v4.octets()[2], v4.octets()[3]]),
        std::net::IpAddr::V6(v6) => panic!("{v6}"),
    };
    addresses.iter().map(number).collect()
}

/// One change to the list, at a place given as a fraction of its length.
#[derive(Debug, Clone)]
enum Change {
    Add(u16, u8),
    Remove(u8),
}

/// The kernel's list, its window of events, and the entries that were there all the time.
struct Kernel {
    list: Vec<u16>,
    stable: Vec<u16>,
    ever: Vec<u16>,
    window: Window,
}

impl Kernel {
    fn new(count: u16) -> Self {
        let list: Vec<u16> = (0..count).collect();
        Self {
            stable: list.clone(),
            ever: list.clone(),
            list,
            window: Window::default(),
        }
    }

    fn change(&mut self, change: &Change) {
        match *change {
            Change::Add(n, at) if !self.list.contains(&n) => {
                let at = self.list.len() * usize::from(at) / 255;
                self.list.insert(at, n);
                self.ever.push(n);
                self.window.note(Body::Address(address(n)));
            }
            Change::Remove(at) if !self.list.is_empty() => {
                let n = self
                    .list
                    .remove((self.list.len() - 1) * usize::from(at) / 255);
                self.stable.retain(|&stable| stable != n);
                self.window.note(Body::AddressGone(address(n)));
            }
            _ => {}
        }
    }

    /// A dump with this many entries to the first and to the other datagrams; `changes` happen
    /// between.
    fn dump(
        &mut self,
        first: usize,
        size: usize,
        mut changes: impl Iterator<Item = Vec<Change>>,
    ) -> Round {
        let mut round = Round {
            removals_before: self.window.removals,
            ..Round::default()
        };
        let (mut place, mut take) = (0, first);
        loop {
            let run = self.list.iter().skip(place).take(take).map(|&n| address(n));
            let before = round.addresses.len();
            round.addresses.extend(run);
            let got = round.addresses.len() - before;
            if got > 0 {
                round.runs.push(Run {
                    end: round.addresses.len(),
                    ended: got < take,
                });
            }
            if got < take {
                return round;
            }
            (place, take) = (place + got, size);
            changes
                .next()
                .unwrap_or_default()
                .iter()
                .for_each(|change| self.change(change));
        }
    }
}

#[test]
fn a_removal_before_the_place_loses_an_entry_and_is_noticed() {
    let mut kernel = Kernel::new(30);
    let changes = vec![vec![Change::Remove(0)]];
    let round = kernel.dump(10, 10, changes.into_iter());
    assert!(
        !numbers(&round.addresses).contains(&10),
        "the fixture shows the kernel's fault"
    );
    assert_eq!(settle(&mut vec![round], &kernel.window), None);
}

#[test]
fn a_second_dump_with_other_seams_bridges_the_gap() {
    let mut kernel = Kernel::new(30);
    let disturbed = kernel.dump(10, 10, vec![vec![Change::Remove(0)]].into_iter());
    let staggered = kernel.dump(5, 10, vec![vec![Change::Remove(0)]; 3].into_iter());
    let whole = settle(&mut vec![disturbed, staggered], &kernel.window).expect("bridged");
    assert_eq!(numbers(&whole), kernel.list);
}

#[test]
fn a_quiet_dump_is_whole_whatever_went_before() {
    let mut kernel = Kernel::new(30);
    kernel.change(&Change::Remove(0));
    let round = kernel.dump(10, 10, std::iter::empty());
    assert_eq!(
        numbers(&settle(&mut vec![round], &kernel.window).unwrap()),
        kernel.list
    );
}

#[test]
fn additions_alone_need_no_second_dump() {
    let mut kernel = Kernel::new(30);
    let round = kernel.dump(10, 10, vec![vec![Change::Add(77, 0)]].into_iter());
    assert_eq!(round.addresses.len(), 31, "entry 9 comes twice");
    let mut whole = numbers(&settle(&mut vec![round], &kernel.window).unwrap());
    whole.sort_unstable();
    kernel.list.sort_unstable();
    assert_eq!(whole, kernel.list);
}

#[test]
fn an_exactly_full_last_datagram_is_not_trusted() {
    let mut kernel = Kernel::new(11);
    let round = kernel.dump(10, 10, vec![vec![Change::Remove(0)]].into_iter());
    assert_eq!(round.addresses.len(), 10);
    assert!(!round.is_seamless());
    assert_eq!(settle(&mut vec![round], &kernel.window), None);
}

#[test]
fn without_events_two_equal_dumps_are_needed() {
    let mut kernel = Kernel::new(30);
    let mut rounds = vec![kernel.dump(10, 10, vec![vec![Change::Remove(0)]].into_iter())];
    assert_eq!(two_equal(&mut rounds), None);
    rounds.push(kernel.dump(10, 10, std::iter::empty()));
    assert_eq!(two_equal(&mut rounds), None);
    rounds.push(kernel.dump(10, 10, std::iter::empty()));
    assert_eq!(numbers(&two_equal(&mut rounds).unwrap()), kernel.list);
}

#[test]
fn lengths_near_either_fill_are_full() {
    for (length, room) in [
        (0, true),
        (3000, true),
        (3700, false),
        (4000, false),
        (8000, cfg!(any(target_arch = "x86_64", target_arch = "x86"))),
        (9000, true),
        (31_000, true),
        (32_000, false),
        (32_768, false),
        (60_000, false),
    ] {
        assert_eq!(had_room(length), room, "{length}");
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        (200u16..260, any::<u8>()).prop_map(|(n, at)| Change::Add(n, at)),
        any::<u8>().prop_map(Change::Remove),
    ];
    proptest::collection::vec(change, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens between datagrams: an answer that is given has every stable entry, once,
    /// and nothing that was never there, and is the list as it is now.
    #[test]
    fn what_is_called_whole_is_whole(
        count in 0u16..60,
        sizes in (1usize..20, 1usize..20),
        script in proptest::collection::vec(
            proptest::collection::vec(changes(), 0..8), 1..4),
    ) {
        let mut kernel = Kernel::new(count);
        let mut rounds = vec![];
        for (n, changes) in script.into_iter().enumerate() {
            let first = if n % 2 == 0 { sizes.1 } else { sizes.0 };
            rounds.push(kernel.dump(first, sizes.1, changes.into_iter()));
            if let Some(whole) = settle(&mut rounds, &kernel.window) {
                let mut whole = numbers(&whole);
                whole.sort_unstable();
                kernel.list.sort_unstable();
                prop_assert_eq!(&whole, &kernel.list);
                return Ok(());
            }
        }
        // What cannot be proved is still free of inventions.
        for n in numbers(&torn(&mut rounds, &kernel.window)) {
            prop_assert!(kernel.ever.contains(&n));
        }
    }
}
