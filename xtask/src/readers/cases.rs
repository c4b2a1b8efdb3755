//! The files of the matrix, which the crate's own tests use as well.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::mixed::mixed;

/// One file and what stands beside it.
pub(super) struct Case {
    pub(super) id: String,
    /// `None`: there is no file.
    pub(super) text: Option<Vec<u8>>,
    pub(super) host: Option<String>,
    /// The names that are looked up.
    pub(super) names: &'static [&'static str],
    /// Whether the names are such that not every reader asks for them.
    pub(super) odd_names: bool,
}

/// The names that are looked up with most files: one without a dot, and one with as many as most
/// need to be asked for as it is.
const NAMES: &[&str] = &["zz", "a.zz"];

const LIST: &str = "nameserver 192.0.2.1\nsearch one.test\n";

/// A domain with which a name of more than 22 bytes is too long.
const LONG: &str = "nameserver 192.0.2.1\nsearch \
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.\
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.\
    cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.\
    ddddddddddddddddddddddddddddddddddddddddddddddd ok.test\n";

/// Files for which names are looked up that not every reader asks for.
const ODD_NAMES: &[(&str, &str, &[&str])] = &[
    (
        "N1",
        LIST,
        &[
            "192.0.2.9",
            "1.2",
            "12",
            "0x7f",
            "::1",
            "fe80::1%lo",
            "1.2.3.4.",
        ],
    ),
    (
        "N2",
        LIST,
        &[
            "a..zz",
            ".zz",
            "..",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ],
    ),
    ("N3", LIST, &["_x", "*", "a b", "x-.zz", "a.-b", "x.onion"]),
    ("N4", LIST, &["."]),
    ("N6", LIST, &["b\u{fc}cher"]),
    (
        "N5",
        LONG,
        &[
            "zz",
            "x.abcdefghijklmnopqrstuvw",
            "abcdefghijklmnopqrstuvwxyz",
        ],
    ),
];

/// All cases with so many mixtures, or those that are named.
pub(super) fn cases(only: &[String], mixtures: usize) -> Result<Vec<Case>> {
    let root = crate::cargo::root();
    let path = root.join("crates/resolvconf/tests/resolvconf/data/readers.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let all: Vec<Value> = serde_json::from_str(&text)?;
    let mut all: Vec<Case> = all.iter().filter_map(case).collect();
    all.extend(mixed(mixtures).into_iter().map(|mixture| Case {
        id: mixture.id,
        text: Some(mixture.text),
        host: mixture.host,
        names: NAMES,
        odd_names: false,
    }));
    all.extend(ODD_NAMES.iter().map(|(id, text, names)| Case {
        id: (*id).to_owned(),
        text: Some(text.as_bytes().to_vec()),
        host: None,
        names,
        odd_names: *text == LIST,
    }));
    if let Some(name) = only
        .iter()
        .find(|name| all.iter().all(|case| case.id != **name))
    {
        bail!("there is no case {name}");
    }
    let wanted = |id: &str| only.is_empty() || only.iter().any(|name| name == id);
    Ok(all.into_iter().filter(|case| wanted(&case.id)).collect())
}

fn case(value: &Value) -> Option<Case> {
    Some(Case {
        id: value["case"].as_str()?.to_owned(),
        text: value["text"]
            .as_str()
            .map(|text| bytes(text, value["repeats"] == true)),
        host: value["host"].as_str().map(str::to_owned),
        names: NAMES,
        odd_names: false,
    })
}

/// Each character is a byte. A long run is written `{x*600}` where the case says so.
fn bytes(text: &str, repeats: bool) -> Vec<u8> {
    let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{').filter(|_| repeats) {
        bytes.extend(before.chars().map(byte));
        let (run, after) = after.split_once('}').unwrap_or((after, ""));
        let (unit, count) = run.split_once('*').unwrap_or((run, "1"));
        bytes.extend(unit.repeat(count.parse().unwrap_or(1)).bytes());
        rest = after;
    }
    bytes.extend(rest.chars().map(byte));
    bytes
}
