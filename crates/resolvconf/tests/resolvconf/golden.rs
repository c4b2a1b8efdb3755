//! moby's outcomes for the same inputs. `DEVIATIONS` names the cases where ours is another, and
//! `PARITY.md` says why.

use resolvconf::{Nameserver, Network, Resolved, Text, TransformOptions, parse, transform};
use serde_json::Value;

const VECTORS: &str = include_str!("data/resolvconf.json");

/// Case, and our plain text.
const DEVIATIONS: &[(&str, &str)] = &[
    ("edge_bom", "nameserver 1.1.1.1\n"),
    (
        "edge_legacy_unspecified",
        "nameserver 8.8.8.8\nnameserver 8.8.4.4\n",
    ),
    (
        "edge_legacy_v6_unspecified",
        "nameserver 8.8.8.8\nnameserver 8.8.4.4\n\
         nameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n",
    ),
    ("edge_search_root", ""),
    ("edge_dup_options", "options edns0 ndots:5 edns0\n"),
    ("edge_v4_short", "nameserver 10.0.0.1\n"),
    (
        "edge_int_ndots_plus",
        "nameserver 127.0.0.11\noptions ndots:1\n",
    ),
    ("ndots_26", "nameserver 127.0.0.11\n"),
    (
        "edge_legacy_zone",
        "nameserver 8.8.8.8\nnameserver 8.8.4.4\n\
         nameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n",
    ),
];

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn strings(value: &Value) -> Vec<&str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|word| word.as_str().unwrap()).collect()
}

fn texts(value: &Value) -> Option<Vec<Text>> {
    value.as_array()?;
    Some(strings(value).into_iter().map(Text::from).collect())
}

fn servers(value: &Value) -> Option<Vec<Nameserver>> {
    value.as_array()?;
    let parse = |word: &str| word.parse().unwrap();
    Some(strings(value).into_iter().map(parse).collect())
}

fn options(input: &Value) -> TransformOptions {
    let wanted = &input["transform"];
    let network = match wanted["kind"].as_str() {
        None => Network::None,
        Some("legacy") => Network::Legacy {
            ipv6: wanted["ipv6"].as_bool().unwrap(),
        },
        Some("internal") => Network::Internal {
            nameserver: wanted["nameserver"].as_str().unwrap().parse().unwrap(),
            required_options: texts(&wanted["required_options"]).unwrap(),
        },
        Some(kind) => panic!("unknown transform {kind}"),
    };
    let mut options = TransformOptions::new(network);
    options.nameservers = servers(&input["override_nameservers"]);
    options.search = texts(&input["override_search"]);
    options.options = texts(&input["override_options"]);
    let added = input["add_option"].as_str().into_iter();
    options.add_options = added.map(Text::from).collect();
    options
}

fn shown<T: ToString>(list: impl IntoIterator<Item = T>) -> Vec<String> {
    list.into_iter().map(|item| item.to_string()).collect()
}

#[track_caller]
fn check_lists(id: &str, resolved: &Resolved, expected: &Value) {
    let nameservers = shown(resolved.nameservers());
    assert_eq!(nameservers, strings(&expected["nameservers"]), "{id}");
    assert_eq!(
        shown(resolved.search()),
        strings(&expected["search"]),
        "{id}"
    );
    assert_eq!(
        shown(resolved.options()),
        strings(&expected["options"]),
        "{id}"
    );
    assert_eq!(shown(resolved.other()), strings(&expected["other"]), "{id}");
}

#[track_caller]
fn check_meta(id: &str, resolved: &Resolved, meta: &Value) {
    let upstreams = resolved
        .upstreams()
        .iter()
        .map(|up| match up.host_namespace {
            true => format!("host({})", up.address),
            false => up.address.to_string(),
        });
    assert_eq!(shown(upstreams), strings(&meta["ext_servers"]), "{id}");
    let invalid = shown(resolved.invalid_nameservers());
    assert_eq!(invalid, strings(&meta["invalid_nameservers"]), "{id}");
    let overridden = resolved.overridden().iter().map(|o| o.as_str());
    assert_eq!(shown(overridden), strings(&meta["overrides"]), "{id}");
    let origin = resolved.ndots_origin().map(|origin| origin.as_str());
    assert_eq!(origin, meta["ndots_from"].as_str(), "{id}");
    let warnings = meta["warnings"].as_u64().unwrap();
    let ours = [
        "dropped-option",
        "dropped-sortlist",
        "merged-option",
        "search-unused",
    ];
    let of_moby = resolved
        .warnings()
        .iter()
        .filter(|warning| !ours.contains(&warning.as_str()));
    assert_eq!(of_moby.count() as u64, warnings, "{id}");
}

#[test]
fn every_case_renders_as_in_moby() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let document = parse(case["in"]["text"].as_str().unwrap().as_bytes());
        let resolved = transform(&document, &options(&case["in"]));
        let plain = String::from_utf8(resolved.render(false)).unwrap();
        match DEVIATIONS.iter().find(|(name, _)| *name == id) {
            Some((_, ours)) => {
                assert_ne!(plain, case["moby"]["plain_text"], "{id} no longer deviates");
                assert_eq!(plain, *ours, "{id}");
            }
            None => {
                assert_eq!(plain, case["moby"]["plain_text"], "{id}");
                check_lists(id, &resolved, &case["moby"]["result"]);
                check_meta(id, &resolved, &case["moby"]["meta"]);
                let parsed = transform(&document, &TransformOptions::default());
                check_lists(id, &parsed, &case["moby"]["parsed"]);
            }
        }
    }
    for (name, _) in DEVIATIONS {
        assert!(cases.iter().any(|case| case["id"] == *name), "{name}");
    }
}

#[test]
fn options_are_found_by_the_last_of_their_name() {
    for case in vectors()["option_lookup"]["cases"].as_array().unwrap() {
        let text = format!("options {}\n", case["options"].as_str().unwrap());
        let document = parse(text.as_bytes());
        let value = document.option(case["search"].as_str().unwrap().as_bytes());
        assert_eq!(value.is_some(), case["found"].as_bool().unwrap(), "{case}");
        let value = String::from_utf8(value.unwrap_or_default().to_vec()).unwrap();
        assert_eq!(value, case["value"].as_str().unwrap(), "{case}");
    }
}

#[test]
fn defaults_are_mobys() {
    let defaults = &vectors()["defaults"];
    assert_eq!(shown(resolvconf::DEFAULT_IPV4), strings(&defaults["ipv4"]));
    assert_eq!(shown(resolvconf::DEFAULT_IPV6), strings(&defaults["ipv6"]));
}

#[test]
fn a_zoned_server_is_dropped_aloud() {
    let document = parse(b"nameserver fe80::1%eth0\nnameserver 2001:db8::1\n");
    let options = TransformOptions::new(Network::Legacy { ipv6: true });
    let resolved = transform(&document, &options);
    assert_eq!(shown(resolved.nameservers()), ["2001:db8::1"]);
    assert_eq!(resolved.warnings().len(), 1);
    assert_eq!(resolved.warnings()[0].as_str(), "host-zone");
}

#[test]
fn mapped_loopback_is_loopback() {
    let document = parse(b"nameserver ::ffff:127.0.0.1\nnameserver 192.0.2.1\n");
    let options = TransformOptions::new(Network::Legacy { ipv6: true });
    let resolved = transform(&document, &options);
    assert_eq!(shown(resolved.nameservers()), ["192.0.2.1"]);
    assert_eq!(resolved.dropped()[0].reason.as_str(), "loopback");
}

/// What the seed's regular expressions read. The parser that replaced them differs on purpose;
/// the lists below are those cases where it does.
#[test]
fn the_seed_era_reader_agrees_but_for_known_cases() {
    let legacy: Value = serde_json::from_str(include_str!("data/resolvconf_legacy.json")).unwrap();
    let differing = [
        "options opt1 opt2 opt3 # ignored",
        "nameserver fe80::1%eth0\nnameserver FE80::BB1%1\n",
        "nameserver1.2.3.4\n",
        "nameserver 1.2.3.4 trailing\n",
        "; nameserver 1.2.3.4\nnameserver 1.2.3.5 ; x\n",
        "domain a.b\n",
        "nameserver 999.1.1.1\nnameserver :::\n",
    ];
    for case in legacy["get"].as_array().unwrap() {
        let text = case["in"].as_str().unwrap();
        let resolved = transform(&parse(text.as_bytes()), &TransformOptions::default());
        let same = shown(resolved.nameservers()) == strings(&case["nameservers"])
            && shown(resolved.search()) == strings(&case["search"])
            && shown(resolved.options()) == strings(&case["options"]);
        assert_eq!(same, !differing.contains(&text), "{text:?}");
    }
}
