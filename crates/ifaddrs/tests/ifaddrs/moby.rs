//! moby's cases as data.

use std::net::IpAddr;

use ifaddrs::{Body, BridgeOwner, Prefix, decode, select_bridge_address};
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

#[test]
fn a_bridges_address_is_selected_as_moby_does() {
    let data = data();
    let cases = data["select_bridge_ip"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 11);
    for case in cases {
        let prefix = |value: &Value| value.as_str().map(|text| text.parse::<Prefix>().unwrap());
        let addrs: Vec<_> = case["addrs"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(prefix)
            .collect();
        let owner = match case["managed"].as_str() {
            Some("docker") => BridgeOwner::Daemon,
            Some("user") => BridgeOwner::User,
            other => panic!("{other:?}"),
        };
        let got = select_bridge_address(&addrs, prefix(&case["fixed_cidr"]), owner);
        let got = got.map(|chosen| vec![chosen.address.to_string(), chosen.subnet.to_string()]);
        let want = case["result"].as_array().map(|result| {
            result
                .iter()
                .map(|text| text.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(got, want, "{case}");
    }
}

/// Neighbours of the data's cases.
#[test]
fn selection_at_the_edges() {
    let p = |text: &str| text.parse::<Prefix>().unwrap();
    let select = |addrs: &[&str], fixed: Option<&str>, owner| {
        let addrs: Vec<_> = addrs.iter().map(|text| p(text)).collect();
        select_bridge_address(&addrs, fixed.map(p), owner)
            .map(|chosen| format!("{} {}", chosen.address, chosen.subnet))
    };
    use BridgeOwner::{Daemon, User};
    let ll = "fe80::1/64";
    assert_eq!(
        select(&[ll], None, User),
        None,
        "link-local never counts by itself"
    );
    assert_eq!(select(&[ll], Some("fd00::/64"), User), None);
    assert_eq!(
        select(&["fe80::1/80"], None, User).as_deref(),
        Some("fe80::1 fe80::/80")
    );
    assert_eq!(
        select(&["10.0.0.1/24", "10.9.0.1/24"], Some("10.5.0.0/16"), Daemon),
        None
    );
    assert_eq!(
        select(&["10.1.0.1/24", "10.5.3.1/24"], Some("10.5.0.0/16"), Daemon).as_deref(),
        Some("10.5.3.1 10.5.0.0/16"),
        "inside the range, and widened to it"
    );
    assert_eq!(
        select(&["10.0.0.1/24"], Some("fd00::/64"), Daemon),
        None,
        "families do not mix"
    );
}
