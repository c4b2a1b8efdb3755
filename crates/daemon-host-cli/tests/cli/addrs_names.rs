//! Names, absence, other namespaces and events of `addrs`, as a user meets them.

use std::fs;

use serde_json::{Value, json};

use crate::addrs::in_own_network;

/// Names, absence and other namespaces, as a user meets them.
const NAMES: &str = r#"
ip link add d0 type bridge
long="$(printf 'n%.0s' $(seq 127))"
ip link property add dev d0 altname "$long"
ip addr add 10.0.0.1/24 dev d0
expect() {
  want="$1"
  shift
  code=0
  "$COMMAND" addrs "$@" > "$OUT/out" 2> "$OUT/err" || code=$?
  [ "$code" = "$want" ] || { echo "addrs $*: $code, not $want" >&2; cat "$OUT/out" "$OUT/err" >&2; exit 1; }
}
says() { grep -q -- "$2" "$OUT/$1" || { echo "no '$2' in:" >&2; cat "$OUT/$1" >&2; exit 1; }; }
expect 0 d0; says out 10.0.0.1/24
expect 0 "$long"; says out '^d0 '
expect 1 "${long%n}"; says out 'no such link'
expect 1 no-such0; says out 'no such link'
expect 2 "${long}n"; says err 'longer than 127 bytes'
expect 2 ''; says err 'it is empty'
# A link without addresses is another thing than no link.
expect 0 lo; says out '^lo '
expect 2 --netns /no/such; says err '/no/such'
# A file that was a namespace once, and a file that never was one.
: > "$OUT/dead"
expect 2 --netns "$OUT/dead"; says err 'network namespace'
expect 2 --netns "$OUT"; says err 'network namespace'
mkfifo "$OUT/pipe"
expect 2 --netns "$OUT/pipe"; says err 'network namespace'
expect 2 --netns /proc/self/ns/uts; says err 'network namespace'
# Another namespace by its path, while this one stays.
unshare --net sh -c 'ip link add there0 type bridge; ip addr add 10.9.9.9/32 dev there0; echo; exec sleep 60' > "$OUT/up" &
other=$!
while [ ! -s "$OUT/up" ]; do sleep 0.05; done
expect 0 there0 --netns /proc/$other/ns/net; says out 10.9.9.9/32
expect 1 there0; says out 'no such link'
expect 1 d0 --netns /proc/$other/ns/net; says out 'no such link'
kill $other
wait $other || true
expect 2 --netns /proc/$other/ns/net; says err '/proc/'
"#;

#[test]
fn names_absence_and_namespaces_are_told_in_words() {
    let out = tempfile::tempdir().unwrap();
    if let Some(ran) = in_own_network(NAMES, out.path()) {
        ran.expect(0);
    }
}

/// One link is followed by its name, whatever its number.
const WATCH: &str = r#"
ip link add d0 type bridge
ip addr add 10.0.0.1/24 dev d0
ip link add d1 type bridge
ip addr add fd00::9/64 dev d1
"$COMMAND" addrs d0 --watch --json --seconds 4 > "$OUT/events" &
while [ ! -s "$OUT/events" ]; do sleep 0.05; done
ip addr add 10.0.0.2/32 dev d0
ip addr add 10.0.1.1/32 dev d1
ip addr del 10.0.0.2/32 dev d0
ip link del d0
ip addr add 10.0.1.2/32 dev d1
# Renamed with its addresses on it. Of those the kernel tells the IPv4 ones anew, since their labels change.
ip link set d1 name d0
ip addr add 10.0.0.3/32 dev d0
wait
"#;

#[test]
fn a_watched_link_is_followed_by_its_name() {
    let out = tempfile::tempdir().unwrap();
    let Some(ran) = in_own_network(WATCH, out.path()) else {
        return;
    };
    ran.expect(0);
    let text = fs::read_to_string(out.path().join("events")).unwrap();
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let words: Vec<String> = events
        .iter()
        .filter(|event| event["event"] != "link")
        .map(|event| {
            let addresses: Vec<_> = match event["event"].as_str().unwrap() {
                "snapshot" => event["links"][0]["addrs"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .collect(),
                "link-gone" => vec![],
                _ => vec![&event["address"]],
            };
            let addresses = addresses.iter().map(|one| one["address"].as_str().unwrap());
            let addresses: Vec<_> = addresses.collect();
            format!(
                "{} {}",
                event["event"].as_str().unwrap(),
                addresses.join(" ")
            )
        })
        .collect();
    let want = [
        "snapshot 10.0.0.1",
        "address 10.0.0.2",
        "address-gone 10.0.0.2",
        "address-gone 10.0.0.1",
        "link-gone ",
        "snapshot 10.0.1.1 10.0.1.2 fd00::9",
        "address 10.0.1.1",
        "address 10.0.1.2",
        "address 10.0.0.3",
    ];
    assert_eq!(words, want, "{text}");
}

/// A name of its own kind for each: not UTF-8, then plain.
const ODD: &str = r#"
ip link add d0 type bridge
ip link property add dev d0 altname "$(printf 'alt\377')" altname plain
ip link add e0 type bridge
ip link property add dev e0 altname plain-too
"$COMMAND" addrs d0 --json > "$OUT/odd"
"$COMMAND" addrs e0 --json > "$OUT/plain"
"$COMMAND" addrs d0 --watch --seconds 1 --json > "$OUT/told"
"#;

#[test]
fn a_name_that_is_not_utf8_keeps_its_bytes() {
    let out = tempfile::tempdir().unwrap();
    let Some(ran) = in_own_network(ODD, out.path()) else {
        return;
    };
    ran.expect(0);
    let link = |name: &str| -> Value {
        let text = fs::read_to_string(out.path().join(name)).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        value["links"][0].clone()
    };
    for name in ["odd", "told"] {
        let odd = link(name);
        let mut exact: Vec<_> = odd["altnames_hex"].as_array().unwrap().to_vec();
        exact.sort_by_key(ToString::to_string);
        assert_eq!(exact, [json!("616c74ff"), json!("706c61696e")], "{odd}");
    }
    assert_eq!(link("plain").get("altnames_hex"), None);
}
