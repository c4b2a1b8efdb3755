//! `resolvconf_legacy.json`: the regular-expression package of the seed, which
//! moby itself replaced. Compared by meaning: what a resolver would read out
//! of the file each of us makes.

use resolvconf::{Document, Nameserver, Network, Text, TransformOptions, parse, transform};
use serde_json::{Value, json};

use crate::judge::{Judge, list, text, vectors};

#[test]
fn get() {
    let vectors = vectors("resolvconf_legacy");
    let mut judge = Judge::new("resolvconf_legacy_get");
    for case in list(&vectors["get"]) {
        let moby = json!({
            "nameservers": case["nameservers"],
            "search": case["search"],
            "options": case["options"],
        });
        let ours = meaning(&parse(text(&case["in"]).as_bytes()));
        judge.case(&text(&case["in"]).escape_debug().to_string(), &moby, &ours);
    }
    judge.finish();
}

#[test]
fn filter() {
    let vectors = vectors("resolvconf_legacy");
    let mut judge = Judge::new("resolvconf_legacy_filter");
    for case in list(&vectors["filter"]) {
        let mut options = TransformOptions::default();
        options.network = Network::Legacy {
            ipv6: case["ipv6_enabled"] == true,
        };
        let resolved = transform(&parse(text(&case["in"]).as_bytes()), &options);
        let ours = meaning(&parse(&resolved.render(true)));
        let moby = meaning(&parse(text(&case["content"]).as_bytes()));
        judge.case(&text(&case["in"]).escape_debug().to_string(), &moby, &ours);
    }
    judge.finish();
}

/// The seed writes any words as nameservers; ours are addresses, so the
/// vectors' `ns1` becomes one on both sides. The order of lines differs.
#[test]
fn build() {
    let vectors = vectors("resolvconf_legacy");
    let mut judge = Judge::new("resolvconf_legacy_build");
    for case in list(&vectors["build"]) {
        let words = |key: &str| -> Vec<String> {
            list(&case[key])
                .iter()
                .map(|word| as_address(text(word)))
                .collect()
        };
        let mut options = TransformOptions::default();
        options.nameservers = Some(
            words("nameservers")
                .iter()
                .map(|word| nameserver(word))
                .collect(),
        );
        options.search = Some(words("search").into_iter().map(Text::from).collect());
        options.options = Some(words("options").into_iter().map(Text::from).collect());
        let ours = transform(&parse(b""), &options).render(false);
        let moby = as_address(text(&case["content"]));
        let id = format!(
            "{} {} {}",
            case["nameservers"], case["search"], case["options"]
        );
        judge.case(&id, &sorted_lines(moby.as_bytes()), &sorted_lines(&ours));
    }
    judge.finish();
}

fn as_address(text: &str) -> String {
    text.replace("ns1", "192.0.2.1")
        .replace("ns2", "192.0.2.2")
        .replace("ns3", "192.0.2.3")
}

fn nameserver(word: &str) -> Nameserver {
    Nameserver::parse(word.as_bytes()).expect("an address")
}

fn sorted_lines(file: &[u8]) -> Value {
    let file = String::from_utf8_lossy(file).into_owned();
    let mut lines: Vec<&str> = file.lines().collect();
    lines.sort_unstable();
    json!(lines)
}

fn meaning(document: &Document) -> Value {
    let lossy = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    let nameservers: Vec<String> = document
        .nameservers()
        .map(|found| found.value.to_string())
        .collect();
    let search: Vec<String> = document.search().map(lossy).collect();
    let options: Vec<String> = document.options().map(|found| lossy(found.value)).collect();
    json!({"nameservers": nameservers, "search": search, "options": options})
}
