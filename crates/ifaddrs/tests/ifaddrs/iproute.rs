//! Fact by fact against `ip -j addr`.

use std::process::Command;
use std::time::Duration;

use ifaddrs::{Address, LinkAddrs, all};
use serde_json::{Value, json};

use crate::kinds::every_kind;
use crate::net::{Net, Spec};
use support::namespace::own;
use support::skip::unless_runs;
use support::space::Space;

fn ip(arguments: &[&str]) -> Option<String> {
    let output = Command::new("ip").args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

/// One link in `ip`'s own terms.
fn as_ip_does(one: &LinkAddrs) -> Value {
    let link = one.link.as_ref().expect("it is listed");
    let mut flags: Vec<_> = link.flags.names().collect();
    flags.sort_unstable();
    let mut value = json!({
        "ifindex": link.ifindex,
        "ifname": one.name.to_str(),
        "flags": flags,
        "mtu": link.mtu,
        "link_type": link.link_type.to_string(),
        "operstate": link.operational_state.map(|state| state.to_string()),
        "address": link.hardware_address.map(|address| address.to_string()),
        "addr_info": one.addrs.iter().map(address_as_ip_does).collect::<Vec<_>>(),
    });
    if !link.altnames.is_empty() {
        value["altnames"] = link.altnames.iter().map(|name| name.to_str()).collect();
    }
    value
}

fn address_as_ip_does(address: &Address) -> Value {
    let seconds = |time: Option<Duration>| time.map_or(u64::from(u32::MAX), |time| time.as_secs());
    let mut value = json!({
        "family": if address.address.is_ipv4() { "inet" } else { "inet6" },
        "local": address.prefix().to_string().split_once('/').unwrap().0,
        "prefixlen": address.peer.map_or(address.prefix_len, |peer| peer.len()),
        "scope": address.scope.to_string(),
        "valid_life_time": seconds(address.valid_for),
        "preferred_life_time": seconds(address.preferred_for),
    });
    if let Some(peer) = address.peer {
        value["address"] = json!(peer.addr().to_string());
    }
    if let Some(broadcast) = address.broadcast {
        value["broadcast"] = json!(broadcast.to_string());
    }
    if let Some(label) = &address.label {
        value["label"] = json!(label.to_str());
    }
    if let Some(metric) = address.metric {
        value["metric"] = json!(metric);
    }
    if let Some(protocol) = address.protocol {
        value["protocol"] = json!(protocol.to_string());
    }
    let mut dynamic = true;
    for name in address.flag_names() {
        match name {
            "permanent" => dynamic = false,
            name => value[name] = json!(true),
        }
    }
    if dynamic {
        value["dynamic"] = json!(true);
    }
    value
}

/// What both sides tell of a link.
const COMMON: [&str; 9] = [
    "ifindex",
    "ifname",
    "flags",
    "mtu",
    "altnames",
    "addr_info",
    "link_type",
    "operstate",
    "address",
];

/// A protocol without a name: iproute2 6.15 writes the number in hexadecimal, 6.1 does not.
fn unhex(protocol: &mut Value) {
    let digits = protocol.as_str().and_then(|text| text.strip_prefix("0x"));
    if let Some(number) = digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()) {
        *protocol = json!(number.to_string());
    }
}

/// The rest of `ip`'s fields are of no concern here.
fn common(mut theirs: Value) -> Value {
    let object = theirs.as_object_mut().unwrap();
    object.retain(|name, _| COMMON.contains(&name.as_str()));
    for address in object["addr_info"].as_array_mut().unwrap() {
        if let Some(protocol) = address.get_mut("protocol") {
            unhex(protocol);
        }
    }
    let flags = object["flags"].as_array_mut().unwrap();
    flags.sort_by_key(|flag| flag.as_str().unwrap().to_owned());
    theirs
}

#[test]
fn every_fact_is_the_same() {
    own(Space::NETWORK, || {
        if !unless_runs("ip", &["-V"]) {
            return;
        }
        let mut net = Net::new();
        net.veth("v0", "v1");
        let bridge = net.bridge("br0");
        net.up("lo");
        net.altname("br0", "an-alternative-name-of-some-length")
            .unwrap();
        for spec in every_kind("br0") {
            net.add(bridge, &spec).unwrap();
        }
        // Two ends of one wire with one address: duplicate address detection fails on the second.
        for end in ["v0", "v1"] {
            net.add(
                crate::net::index(end),
                &Spec {
                    flags: 0,
                    ..Spec::of("fd00:d::1/64")
                },
            )
            .unwrap();
        }
        // Lifetimes and duplicate address detection go on between the two: read until a quiet moment.
        for _ in 0..50 {
            let ours = all().unwrap();
            let text = ip(&["-j", "addr", "show"]).unwrap();
            let theirs: Vec<Value> = serde_json::from_str(&text).unwrap();
            let theirs: Vec<_> = theirs
                .into_iter()
                .filter(|one| one["ifindex"].is_u64())
                .map(common)
                .collect();
            let again = all().unwrap();
            if ours == again {
                let knows_protocols = text.contains("\"protocol\"");
                let mut ours: Vec<_> = ours.iter().map(as_ip_does).collect();
                if !knows_protocols {
                    ours.iter_mut().for_each(without_protocols);
                }
                for (ours, theirs) in ours.iter().zip(&theirs) {
                    assert_eq!(ours, theirs, "\nours:   {ours}\ntheirs: {theirs}");
                }
                assert_eq!(ours.len(), theirs.len());
                return pretty_forms_are_the_same();
            }
        }
        panic!("no quiet moment in fifty");
    });
}

/// iproute2 before 6.2 does not tell who set an address. The loopback link always says so, where
/// the kernel does.
fn without_protocols(link: &mut Value) {
    for address in link["addr_info"].as_array_mut().unwrap() {
        address.as_object_mut().unwrap().remove("protocol");
    }
}

/// `inet 10.0.0.1 peer 10.0.0.2/32 …`: what stands between the family and the next word.
fn pretty_forms_are_the_same() {
    let text = ip(&["-o", "addr", "show"]).unwrap();
    let mut theirs: Vec<String> = text
        .lines()
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().skip(3).collect();
            if words[1] == "peer" {
                words[..3].join(" ")
            } else {
                words[0].to_owned()
            }
        })
        .collect();
    let mut ours: Vec<String> = all()
        .unwrap()
        .iter()
        .flat_map(|one| &one.addrs)
        .map(ToString::to_string)
        .collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
}
