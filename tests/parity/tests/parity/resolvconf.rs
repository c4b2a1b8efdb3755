//! `resolvconf.json`: the rewritten package of moby v26 and later.

use std::path::Path;

use resolvconf::{
    Document, Facts, FileFacts, Nameserver, Network, Resolved, Text, TransformOptions, parse,
    select, transform,
};
use serde_json::{Value, json};

use crate::judge::{Judge, list, text, vectors};

/// Whether moby warns of this, too, or of nothing in a case where we do otherwise.
fn is_mobys(warning: &resolvconf::Warning) -> bool {
    let ours = [
        "dropped-option",
        "dropped-sortlist",
        "merged-option",
        "search-unused",
    ];
    !ours.contains(&warning.as_str())
}

/// Each case is judged in four parts, so that a deviation says which part it
/// is about: what was parsed, what results, what is told, the plain text.
#[test]
fn parse_transform_render() {
    let vectors = vectors("resolvconf");
    let mut judge = Judge::new("resolvconf");
    for case in list(&vectors["cases"]) {
        let document = parse(text(&case["in"]["text"]).as_bytes());
        let resolved = transform(&document, &options(&case["in"]));
        let plain = resolved.render(false);
        let parts = [
            ("parsed", parsed(&document)),
            ("result", result(&resolved)),
            ("meta", meta(&resolved)),
            ("plain_text", json!(String::from_utf8_lossy(&plain))),
        ];
        for (part, ours) in parts {
            let moby = moby_part(&case["moby"], part);
            judge.case(&format!("{} {part}", text(&case["id"])), &moby, &ours);
        }
    }
    judge.finish();
}

fn moby_part(moby: &Value, part: &str) -> Value {
    let mut value = moby[part].clone();
    if let Some(meta) = value.as_object_mut().filter(|_| part == "meta") {
        // The caller's own words, and the name of the transform: nothing to compare.
        meta.remove("source_path");
        meta.remove("transform");
    }
    value
}

fn options(input: &Value) -> TransformOptions {
    let mut options = TransformOptions::new(network(&input["transform"]));
    options.nameservers = words(&input["override_nameservers"])
        .map(|words| words.iter().map(|word| nameserver(word)).collect());
    options.search = texts(&input["override_search"]);
    options.options = texts(&input["override_options"]);
    options.add_options = input["add_option"]
        .as_str()
        .map(Text::from)
        .into_iter()
        .collect();
    options.header = input["header"].as_str().map(str::to_owned);
    options
}

fn network(transform: &Value) -> Network {
    match transform["kind"].as_str() {
        None => Network::None,
        Some("legacy") => Network::Legacy {
            ipv6: transform["ipv6"] == true,
        },
        Some("internal") => Network::Internal {
            nameserver: nameserver(text(&transform["nameserver"])),
            required_options: texts(&transform["required_options"]).unwrap_or_default(),
        },
        Some(other) => panic!("{other}"),
    }
}

fn nameserver(word: &str) -> Nameserver {
    Nameserver::parse(word.as_bytes()).expect("the vector gives an address")
}

fn words(value: &Value) -> Option<Vec<&str>> {
    value
        .as_array()
        .map(|words| words.iter().map(text).collect())
}

fn texts(value: &Value) -> Option<Vec<Text>> {
    words(value).map(|words| words.into_iter().map(Text::from).collect())
}

fn shown<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

fn lossy<'a>(items: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    items
        .map(|item| String::from_utf8_lossy(item).into_owned())
        .collect()
}

fn parsed(document: &Document) -> Value {
    json!({
        "nameservers": shown(document.nameservers().map(|found| found.value)),
        "invalid_nameservers": lossy(document.invalid_nameservers().map(|found| found.value)),
        "search": lossy(document.search()),
        "options": lossy(document.options().map(|found| found.value)),
        "other": lossy(document.other().map(|found| found.value)),
    })
}

fn result(resolved: &Resolved) -> Value {
    json!({
        "nameservers": shown(resolved.nameservers()),
        "search": shown(resolved.search()),
        "options": shown(resolved.options()),
        "other": shown(resolved.other()),
    })
}

fn meta(resolved: &Resolved) -> Value {
    let upstreams: Vec<String> = resolved
        .upstreams()
        .iter()
        .map(|upstream| match upstream.host_namespace {
            true => format!("host({})", upstream.address),
            false => upstream.address.to_string(),
        })
        .collect();
    let overridden: Vec<&str> = resolved
        .overridden()
        .iter()
        .map(|kind| kind.as_str())
        .collect();
    json!({
        "overrides": overridden,
        "ndots_from": resolved.ndots_origin().map(|origin| origin.as_str()),
        // What moby has a warning for; ours beyond those are not compared.
        "warnings": resolved.warnings().iter().filter(|warning| is_mobys(warning)).count(),
        "ext_servers": upstreams,
        "invalid_nameservers": shown(resolved.invalid_nameservers()),
    })
}

#[test]
fn option_lookup() {
    let vectors = vectors("resolvconf");
    for case in list(&vectors["option_lookup"]["cases"]) {
        let document = parse(format!("options {}\n", text(&case["options"])).as_bytes());
        let resolved = transform(&document, &TransformOptions::default());
        let found = resolved.option(text(&case["search"]));
        let ours = json!({
            "found": found.is_some(),
            "value": String::from_utf8_lossy(found.unwrap_or_default()),
        });
        let moby = json!({"found": case["found"], "value": case["value"]});
        assert_eq!(ours, moby, "{case}");
    }
}

/// moby never looks whether the uplink file is there; here it is.
#[test]
fn path_detection() {
    let vectors = vectors("resolvconf");
    let mut judge = Judge::new("resolvconf_path");
    for case in list(&vectors["path_detection"]) {
        let file = text(&case["file"]);
        if file.starts_with('(') {
            continue; // About the life of a process; `select` has no state.
        }
        let mut facts = Facts::default();
        if !file.starts_with("absent") {
            facts.etc.content = parse(file.as_bytes()).into();
        }
        let uplink = facts.uplink.path.clone();
        facts.uplink = FileFacts::with_document(uplink, parse(b"nameserver 192.0.2.1\n"));
        let selection = select(&facts).selection;
        assert_ne!(selection.path, Path::new(""));
        let id = file.escape_debug().to_string();
        judge.wanted(&id, &case["moby"], case.get("want"), &json!(selection.path));
    }
    judge.finish();
}

#[test]
fn the_servers_moby_falls_back_to() {
    let vectors = vectors("resolvconf");
    let addresses = |list: &[std::net::IpAddr]| json!(shown(list));
    assert_eq!(
        addresses(&resolvconf::DEFAULT_IPV4),
        vectors["defaults"]["ipv4"]
    );
    assert_eq!(
        addresses(&resolvconf::DEFAULT_IPV6),
        vectors["defaults"]["ipv6"]
    );
}
