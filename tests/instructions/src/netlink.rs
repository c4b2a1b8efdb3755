//! ifaddrs: a datagram of addresses into values.

use std::hint::black_box;

use crate::case::{Case, Work};

const NEW_ADDRESS: u16 = 20;

pub(crate) fn cases() -> Vec<Case> {
    vec![Case::cold("decode 1000 addresses", decode)]
}

fn decode() -> Work {
    let mut datagram = Vec::new();
    for n in 0..1_000 {
        datagram.extend(address(n));
    }
    Box::new(move || {
        let messages: Vec<_> = ifaddrs::decode(black_box(&datagram)).flatten().collect();
        assert_eq!(messages.len(), 1_000);
        black_box(messages);
    })
}

/// One address as the kernel sends it: `ifaddrmsg`, then the attributes of an IPv4 address.
fn address(n: u32) -> Vec<u8> {
    let [_, high, middle, low] = n.to_be_bytes();
    let own = [10, high, middle, low];
    let mut body = vec![2, 24, 0x80, 0];
    body.extend(2u32.to_ne_bytes());
    for (kind, value) in [
        (1u16, own.to_vec()),
        (2, own.to_vec()),
        (3, b"eth0\0".to_vec()),
        (4, vec![10, high, middle, 255]),
        (8, 0x80u32.to_ne_bytes().to_vec()),
        (
            6,
            [u32::MAX, u32::MAX, 1_000, 1_000]
                .map(u32::to_ne_bytes)
                .concat(),
        ),
    ] {
        body.extend((value.len() as u16 + 4).to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(&value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut message = (body.len() as u32 + 16).to_ne_bytes().to_vec();
    message.extend(NEW_ADDRESS.to_ne_bytes());
    message.extend(2u16.to_ne_bytes());
    message.extend(7u32.to_ne_bytes());
    message.extend(4_711u32.to_ne_bytes());
    message.extend(body);
    message
}
