//! Queries against a kernel that answers by script: what a real one does rarely, or never should.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use netlink_sys::{Socket, protocols::NETLINK_ROUTE};

use super::*;
use crate::error::ErrorKind;
use crate::facts::LinkAddrs;
use crate::socket::block;
use crate::wire::u32_at;

const PORT: u32 = 77;
const NEWLINK: u16 = 16;
const GETLINK: u16 = 18;
const NEWADDR: u16 = 20;
const INTERRUPTED: u16 = 0x10;

/// What the next receive gives.
enum Step {
    Datagram(Vec<u8>),
    Fail(io::Error),
}

/// What a request is answered with: its type and sequence number in, steps out.
type Script = Rc<RefCell<dyn FnMut(u16, u32) -> Vec<Step>>>;

struct Scripted {
    script: Script,
    steps: VecDeque<Step>,
    socket: Socket,
    filters: bool,
}

impl Transport for Scripted {
    fn fresh(&self) -> Result<Self, Error> {
        Ok(scripted(self.script.clone(), self.filters))
    }

    fn port(&self) -> u32 {
        PORT
    }

    fn filters(&self) -> bool {
        self.filters
    }

    fn socket(&self) -> &Socket {
        &self.socket
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        let kind = u16::from_ne_bytes([request[4], request[5]]);
        self.steps = (self.script.borrow_mut())(kind, u32_at(request, 8)).into();
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>, _: Option<Instant>) -> io::Result<()> {
        match self.steps.pop_front() {
            Some(Step::Datagram(bytes)) => *buffer = bytes,
            Some(Step::Fail(error)) => return Err(error),
            None => return Err(io::ErrorKind::TimedOut.into()),
        }
        Ok(())
    }

    async fn pause(&mut self, _: Duration) {}
}

fn scripted(script: Script, filters: bool) -> Scripted {
    Scripted {
        script,
        steps: VecDeque::new(),
        socket: Socket::new(NETLINK_ROUTE).unwrap(),
        filters,
    }
}

/// Asks for `d0` by a script, over a socket that filters.
fn ask(script: impl FnMut(u16, u32) -> Vec<Step> + 'static) -> Result<LinkAddrs, Error> {
    block(query(script, true).addrs(Which::Name(OsStr::new("d0"))))
}

fn query(script: impl FnMut(u16, u32) -> Vec<Step> + 'static, filters: bool) -> Query<Scripted> {
    let limits = crate::ListOptions::default().limits();
    Query::new(
        scripted(Rc::new(RefCell::new(script)), filters),
        limits,
        false,
    )
}

fn message(kind: u16, flags: u16, sequence: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (16 + payload.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(port.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize((bytes.len() + 3) & !3, 0);
    bytes
}

/// A header in the byte order of this machine, and a value padded to four bytes.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = 4 + value.len() as u16;
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize((bytes.len() + 3) & !3, 0);
    bytes
}

/// One that nobody knows.
fn unknown() -> Vec<u8> {
    attribute(0x3fff, &[1, 2, 3, 4])
}

/// Link 5, named `d0`, with an attribute nobody knows.
fn link(sequence: u32) -> Step {
    let mut payload = vec![0; 4];
    payload.extend(5u32.to_ne_bytes());
    payload.extend([0; 8]);
    payload.extend(attribute(3, b"d0\0"));
    payload.extend(unknown());
    Step::Datagram(message(NEWLINK, 0, sequence, PORT, &payload))
}

/// 10.0.0.`last`/24 on link `index`.
fn address(sequence: u32, flags: u16, index: u32, last: u8) -> Vec<u8> {
    let mut payload = vec![2, 24, 0x80, 0];
    payload.extend(index.to_ne_bytes());
    payload.extend(attribute(1, &[10, 0, 0, last]));
    payload.extend(unknown());
    message(NEWADDR, flags, sequence, PORT, &payload)
}

fn done(sequence: u32, flags: u16, status: i32) -> Vec<u8> {
    message(3, flags, sequence, PORT, &status.to_ne_bytes())
}

fn error(sequence: u32, status: i32) -> Vec<u8> {
    let payload = [&status.to_ne_bytes()[..], &[0; 16]].concat();
    message(2, 0, sequence, PORT, &payload)
}

fn datagram(messages: &[Vec<u8>]) -> Step {
    Step::Datagram(messages.concat())
}

fn texts(listing: &LinkAddrs) -> Vec<String> {
    listing.addrs.iter().map(ToString::to_string).collect()
}

#[test]
fn an_answer_is_taken_by_port_and_sequence_alone() {
    let listing = ask(|kind, sequence| match kind {
        GETLINK => vec![
            Step::Datagram(message(NEWLINK, 0, sequence + 1, PORT, &[0; 16])),
            Step::Datagram(message(NEWLINK, 0, sequence, PORT + 1, &[0; 16])),
            link(sequence),
        ],
        _ => vec![
            datagram(&[address(sequence - 1, 0, 5, 9), done(sequence - 1, 0, 0)]),
            datagram(&[address(sequence, 0, 5, 1), address(sequence, 0, 6, 2)]),
            datagram(&[
                message(1, 0, sequence, PORT, &[]),
                message(99, 0, sequence, PORT, &[1]),
            ]),
            datagram(&[done(sequence, 0, 0)]),
        ],
    });
    let listing = listing.unwrap();
    // What a kernel that ignores the filter sends of other links is passed over.
    assert_eq!(texts(&listing), ["10.0.0.1/24"]);
    assert!(listing.whole);
}

#[test]
fn an_error_at_the_end_of_a_dump_is_read() {
    for (status, kind) in [
        (-libc::EPERM, ErrorKind::Denied),
        (-libc::ENOMEM, ErrorKind::Io),
        (-libc::EINTR, ErrorKind::Torn),
        (-libc::EBUSY, ErrorKind::Torn),
    ] {
        for as_error in [false, true] {
            let failed = ask(move |kind, sequence| match kind {
                GETLINK => vec![link(sequence)],
                _ if as_error => vec![datagram(&[error(sequence, status)])],
                _ => vec![datagram(&[
                    address(sequence, 0, 5, 1),
                    done(sequence, 0, status),
                ])],
            })
            .unwrap_err();
            assert_eq!(failed.kind(), kind, "{status}: {failed}");
            assert!(
                failed.to_string().contains("RTM_GETADDR(\"d0\")"),
                "{failed}"
            );
            let errno = (kind != ErrorKind::Torn).then_some(-status);
            assert_eq!(failed.raw_os_error(), errno);
        }
    }
}

#[test]
fn a_link_that_goes_between_the_two_questions_is_missing() {
    let mut asked = 0;
    let listing = ask(move |kind, sequence| match kind {
        GETLINK => {
            asked += 1;
            match asked {
                1 => vec![link(sequence)],
                _ => vec![datagram(&[error(sequence, -libc::ENODEV)])],
            }
        }
        _ => vec![datagram(&[done(sequence, 0, -libc::ENODEV)])],
    });
    let listing = listing.unwrap();
    assert!(!listing.found() && listing.addrs.is_empty());
    assert_eq!(listing.name, "d0");
}

/// The mark may come with any message of a dump, also with the last alone.
#[test]
fn a_disturbed_dump_is_taken_again_and_never_passed_as_whole() {
    for marks in [(INTERRUPTED, 0), (0, INTERRUPTED)] {
        for always in [false, true] {
            let mut dumps = 0;
            let script = move |kind: u16, sequence: u32| match kind {
                GETLINK => vec![link(sequence)],
                _ => {
                    dumps += 1;
                    let (mark, last) = if always || dumps < 4 { marks } else { (0, 0) };
                    // More than one datagram, the first of them full.
                    let mut full: Vec<_> = (0..180)
                        .map(|last| address(sequence, mark, 5, last))
                        .collect();
                    while full.concat().len() < 32_200 {
                        full.push(message(99, 0, sequence, PORT, &[0; 400]));
                    }
                    vec![
                        datagram(&full),
                        datagram(&[address(sequence, 0, 5, 200), done(sequence, last, 0)]),
                    ]
                }
            };
            let mut query = query(script, false);
            let answer = block(query.addrs(Which::Name(OsStr::new("d0"))));
            match answer {
                Ok(listing) => assert!(!always && listing.whole && listing.addrs.len() == 181),
                Err(error) => assert!(always && error.kind() == ErrorKind::Torn, "{error}"),
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_an_end() {
    let cut = |kind: u16, keep: usize| {
        move |asked: u16, sequence: u32| {
            let whole = match kind {
                NEWLINK => message(NEWLINK, 0, sequence, PORT, &[0; 16]),
                NEWADDR => address(sequence, 0, 5, 1),
                _ => done(sequence, 0, 0),
            };
            match asked {
                GETLINK if kind != NEWLINK => vec![link(sequence)],
                _ => vec![Step::Datagram(whole[..keep].to_vec())],
            }
        }
    };
    for (kind, keep) in [
        (NEWLINK, 20),
        (NEWLINK, 3),
        (NEWADDR, 30),
        (NEWADDR, 15),
        (3, 17),
    ] {
        let failed = ask(cut(kind, keep)).unwrap_err();
        assert_eq!(
            failed.kind(),
            ErrorKind::Malformed,
            "{kind} {keep}: {failed}"
        );
    }
    let short_done = ask(|kind, sequence| match kind {
        GETLINK => vec![link(sequence)],
        _ => vec![Step::Datagram(message(3, 0, sequence, PORT, &[0]))],
    });
    assert_eq!(short_done.unwrap_err().kind(), ErrorKind::Malformed);
    let cut_short = ask(|_, _| vec![Step::Fail(io::ErrorKind::InvalidData.into())]);
    assert_eq!(cut_short.unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_kernel_that_falls_silent_is_a_timeout_and_the_next_question_starts_anew() {
    let mut silent = true;
    let mut query = query(
        move |kind, sequence| match kind {
            GETLINK => vec![link(sequence)],
            // No end.
            _ if std::mem::take(&mut silent) => vec![datagram(&[address(sequence, 0, 5, 9)])],
            _ => vec![datagram(&[
                address(sequence, 0, 5, 1),
                done(sequence, 0, 0),
            ])],
        },
        true,
    );
    let which = Which::Name(OsStr::new("d0"));
    let failed = block(query.addrs(which)).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::TimedOut);
    assert_eq!(texts(&block(query.addrs(which)).unwrap()), ["10.0.0.1/24"]);
}

#[test]
fn lost_events_do_not_lose_the_answer_and_for_ever_is_torn() {
    let full = || Step::Fail(io::Error::from_raw_os_error(libc::ENOBUFS));
    let mut asked = 0;
    let listing = ask(move |kind, sequence| match kind {
        GETLINK => {
            asked += 1;
            vec![if asked < 3 { full() } else { link(sequence) }]
        }
        _ => vec![
            full(),
            datagram(&[address(sequence, 0, 5, 1), done(sequence, 0, 0)]),
        ],
    });
    assert_eq!(texts(&listing.unwrap()), ["10.0.0.1/24"]);
    let failed = ask(move |_, _| vec![full()]).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Torn);
}

#[test]
fn an_empty_dump_is_an_answer() {
    let listing = ask(|kind, sequence| match kind {
        GETLINK => vec![link(sequence)],
        _ => vec![datagram(&[done(sequence, 0, 0)])],
    });
    let listing = listing.unwrap();
    assert!(listing.found() && listing.whole && listing.addrs.is_empty());
}
