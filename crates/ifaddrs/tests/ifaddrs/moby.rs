//! moby's cases as data.

use std::net::IpAddr;

use ifaddrs::{Body, decode};
use serde_json::Value;

fn data() -> Value {
    serde_json::from_str(include_str!("data/moby.json")).unwrap()
}

/// An `RTM_NEWADDR` of the case's attributes.
fn message(case: &Value) -> Vec<u8> {
    let v4 = case["family"] == "v4";
    let mut body = vec![
        if v4 { 2 } else { 10 },
        case["prefixlen"].as_u64().unwrap() as u8,
        0,
        0,
    ];
    body.extend(7u32.to_ne_bytes());
    for (kind, name) in [(1u16, "IFA_ADDRESS"), (2, "IFA_LOCAL")] {
        let Some(text) = case[name].as_str() else {
            continue;
        };
        let octets = match text.parse().unwrap() {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        body.extend((4 + octets.len() as u16).to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(octets);
    }
    let mut bytes = (16 + body.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(20u16.to_ne_bytes());
    bytes.extend([0; 10]);
    bytes.extend(body);
    bytes
}

#[test]
fn address_and_peer_are_told_apart_as_moby_does() {
    let data = data();
    let cases = data["address_decode"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let bytes = message(case);
        let messages: Vec<_> = decode(&bytes).map(|message| message.unwrap()).collect();
        let [
            ifaddrs::Message {
                body: Body::Address(address),
                ..
            },
        ] = &messages[..]
        else {
            panic!("{messages:?}")
        };
        assert_eq!(
            Some(address.prefix().to_string().as_str()),
            case["address"].as_str(),
            "{case}"
        );
        let peer = address.peer.map(|peer| peer.to_string());
        assert_eq!(peer.as_deref(), case["peer"].as_str(), "{case}");
        assert_eq!(address.ifindex, 7);
    }
}
