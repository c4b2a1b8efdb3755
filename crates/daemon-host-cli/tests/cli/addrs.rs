//! `addrs` fact by fact against `ip -j addr`, on every kind of link and address.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use support::namespace::output;
use support::skip::unless_runs;
use support::space::Space;

use crate::command::Ran;

/// The links and addresses, then both commands' answers. Lifetimes and duplicate address detection
/// go on meanwhile, so both are asked until ours is the same before and after.
const FIXTURE: &str = r#"
ip link set lo up
ip link add v0 type veth peer name v1
ip link add br0 type bridge
ip link set v1 master br0
ip link add w0 type veth peer name w1
ip link add u0 type veth peer name u1
ip link set u0 up
ip link add down0 type bridge
# A kind for which the kernel may have no driver.
ip link add d0 type dummy 2>/dev/null || ip link add d0 type bridge
for link in v0 v1 br0 w0 w1 d0; do ip link set $link up; done
ip link property add dev d0 altname short-alt altname "$(printf 'n%.0s' $(seq 127))"
ip link set d0 mtu 1400
ip addr add 10.0.0.1/24 brd + dev d0
ip addr add 10.0.0.2/24 dev d0 label d0:lbl
ip addr add 10.1.0.1 peer 10.1.0.2 dev d0
ip addr add 10.2.0.1 peer 10.3.0.0/24 dev d0
ip addr add 10.4.0.1/24 dev d0 scope link
ip addr add 10.4.1.1/24 dev d0 scope 77
ip addr add 10.5.0.1/24 dev d0 valid_lft 1000 preferred_lft 500
ip addr add 10.5.1.1/24 dev d0 valid_lft 1000 preferred_lft 0
ip addr add 10.6.0.1/24 dev d0 metric 77 noprefixroute
ip addr add 10.7.0.1/8 dev d0 scope host
ip addr add 10.8.0.1/31 dev d0
ip addr add 10.9.0.1/0 dev d0
ip addr add fd00::1/64 dev d0 nodad
ip addr add fd00::2/64 dev d0 nodad preferred_lft 0 valid_lft 1000
ip addr add fd00::3 peer fd00::4 dev d0 nodad
ip addr add fd00::5/64 dev d0 nodad home mngtmpaddr noprefixroute
ip addr add fd00::6/64 dev d0 nodad valid_lft 4000000000 preferred_lft 3999999999
ip addr add fd00::7 peer fd00::7/64 dev d0 nodad
ip addr add ::192.0.2.1/96 dev d0 nodad
ip addr add ::ffff:192.0.2.1/128 dev d0 nodad
ip addr add fd00:0:0:1::1/0 dev d0 nodad
ip addr add 224.0.0.99/32 dev v0 autojoin 2>/dev/null || true
# Switched off, so duplicate address detection never begins.
ip addr add fd00:e::1/64 dev down0
# Two ends of one cable with one address.
ip addr add fd00:d::1/64 dev w0
ip addr add fd00:d::1/64 dev w1
for try in $(seq 80); do
  ip -6 addr show dev w1 | grep -q dadfailed && ! ip -6 addr show dev w0 | grep -q tentative && break
  ip -6 addr show dev w0 | grep -q dadfailed && ! ip -6 addr show dev w1 | grep -q tentative && break
  sleep 0.1
done
for try in $(seq 50); do
  "$COMMAND" addrs --json > "$OUT/ours"
  "$COMMAND" addrs > "$OUT/text"
  ip -j addr > "$OUT/theirs"
  ip -o addr > "$OUT/lines"
  "$COMMAND" addrs --json > "$OUT/again"
  cmp -s "$OUT/ours" "$OUT/again" && exit 0
done
echo "no quiet moment in fifty" >&2
exit 1
"#;

/// Runs a script in a user and network namespace of its own; `None` where that is refused.
pub(crate) fn in_own_network(script: &str, out: &Path) -> Option<Ran> {
    if !unless_runs("ip", &["-V"]) {
        return None;
    }
    let mut command = Command::new("sh");
    command.args(["-euc", script]).stdin(Stdio::null());
    command.env("COMMAND", env!("CARGO_BIN_EXE_daemon-host"));
    command.env("OUT", out);
    let space = Space::NETWORK.in_new_user_namespace();
    output(space, &mut command).map(|output| Ran::new(&output))
}

#[test]
fn every_fact_is_ips() {
    let out = tempfile::tempdir().unwrap();
    let Some(ran) = in_own_network(FIXTURE, out.path()) else {
        return;
    };
    ran.expect(0);
    let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap();
    let parse = |name: &str| -> Value { serde_json::from_str(&read(name)).unwrap() };
    let (ours, theirs) = (parse("ours"), parse("theirs"));
    let links = ours["links"].as_array().unwrap();
    // Older versions of `ip` print an empty object for what they filtered out.
    let theirs = theirs.as_array().unwrap().iter();
    let theirs: Vec<_> = theirs.filter(|one| one["ifname"].is_string()).collect();
    assert_eq!(links.len(), theirs.len());
    let knows_protocols = read("theirs").contains("\"protocol\"");
    for (ours, theirs) in links.iter().zip(theirs) {
        let got = as_ip_does(ours, links, knows_protocols);
        let want = common(theirs.clone());
        assert_eq!(got, want, "\nours:   {got:#}\ntheirs: {want:#}");
    }
    every_kind_was_there(&read("theirs"));
    protocols_are_the_kernels(links);
    pretty_forms_are_the_same(&read("text"), &read("lines"));
}

/// One link of ours in `ip`'s own terms.
fn as_ip_does(link: &Value, links: &[Value], protocols: bool) -> Value {
    assert_eq!(link["found"], true);
    let mut object = Map::new();
    object.insert("ifname".into(), link["name"].clone());
    for same in ["ifindex", "flags", "mtu"] {
        object.insert(same.into(), link[same].clone());
    }
    if link["altnames"] != json!([]) {
        object.insert("altnames".into(), link["altnames"].clone());
    }
    if let Some(master) = link["master"].as_u64() {
        let named = links.iter().find(|one| one["ifindex"] == master);
        object.insert("master".into(), named.unwrap()["name"].clone());
    }
    let addrs = link["addrs"].as_array().unwrap().iter();
    let addrs = addrs.map(|address| address_as_ip_does(address, protocols));
    object.insert("addr_info".into(), addrs.collect());
    object.into()
}

fn address_as_ip_does(address: &Value, protocols: bool) -> Value {
    let text = address["address"].as_str().unwrap();
    let seconds = |member: &str| address[member].as_u64().unwrap_or(u64::from(u32::MAX));
    let mut value = json!({
        "family": if text.contains(':') { "inet6" } else { "inet" },
        "local": text,
        "prefixlen": address["prefix_len"],
        "scope": address["scope"],
        "valid_life_time": seconds("valid_for"),
        "preferred_life_time": seconds("preferred_for"),
        "dynamic": true,
    });
    let object = value.as_object_mut().unwrap();
    // The prefix length belongs to the peer; `ip` leaves out a peer that is the address itself.
    if let Some((peer, length)) = address["peer"].as_str().and_then(|it| it.split_once('/')) {
        object.insert("prefixlen".into(), json!(length.parse::<u8>().unwrap()));
        if peer != text {
            object.insert("address".into(), json!(peer));
        }
    }
    for same in ["broadcast", "label", "metric", "protocol"] {
        if !address[same].is_null() && (same != "protocol" || protocols) {
            object.insert(same.into(), address[same].clone());
        }
    }
    for flag in address["flags"].as_array().unwrap() {
        match flag.as_str().unwrap() {
            "permanent" => _ = object.remove("dynamic"),
            flag => _ = object.insert(flag.into(), json!(true)),
        }
    }
    value
}

/// What both tell of a link, all of each address.
fn common(mut theirs: Value) -> Value {
    let known = [
        "ifindex",
        "ifname",
        "flags",
        "mtu",
        "altnames",
        "master",
        "addr_info",
    ];
    let object = theirs.as_object_mut().unwrap();
    object.retain(|name, _| known.contains(&name.as_str()));
    // No flag of the link: `ip` adds it where the other end of the cable is down.
    if let Some(Value::Array(flags)) = object.get_mut("flags") {
        flags.retain(|flag| flag != "M-DOWN");
    }
    theirs
}

/// The comparison is worth as much as what it met.
#[track_caller]
fn every_kind_was_there(theirs: &str) {
    for member in [
        "altnames",
        "master",
        "broadcast",
        "label",
        "secondary",
        "deprecated",
        "tentative",
        "dadfailed",
        "noprefixroute",
        "mngtmpaddr",
        "home",
        "nodad",
        "dynamic",
        "metric",
        "address",
        "NO-CARRIER",
    ] {
        let quoted = format!("\"{member}\"");
        assert!(theirs.contains(&quoted), "no {member} in {theirs}");
    }
}

/// `ip` tells who set an address only since 6.2, so here is what the kernel does (since 5.18).
fn protocols_are_the_kernels(links: &[Value]) {
    let all = links
        .iter()
        .flat_map(|link| link["addrs"].as_array().unwrap());
    for address in all.filter(|address| !address["protocol"].is_null()) {
        let text = address["address"].as_str().unwrap();
        let want = match text {
            "127.0.0.1" | "::1" => "kernel_lo",
            text if text.starts_with("fe80") => "kernel_ll",
            _ => panic!("{address}"),
        };
        assert_eq!(address["protocol"], want);
    }
}

/// `inet 10.0.0.1 peer 10.0.0.2/32 …`: what stands between the family and the next word.
fn pretty_forms_are_the_same(text: &str, lines: &str) {
    let prefix = |words: &[&str]| match words {
        [address, "peer", peer, ..] => format!("{address} peer {peer}"),
        [address, ..] => (*address).to_owned(),
        [] => panic!("no address"),
    };
    let theirs: Vec<String> = lines
        .lines()
        .map(|line| prefix(&line.split_whitespace().skip(3).collect::<Vec<_>>()))
        .collect();
    let ours: Vec<String> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let at = words
                .iter()
                .position(|word| word.contains('/') || *word == "peer")?;
            let at = if words[at] == "peer" { at - 1 } else { at };
            Some(prefix(&words[at..]))
        })
        .collect();
    assert_eq!(ours, theirs);
}
