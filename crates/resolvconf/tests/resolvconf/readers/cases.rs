//! The files of the matrix.

use resolvconf::readers::Context;
use serde_json::Value;

pub(crate) fn text(case: &Value) -> Option<Vec<u8>> {
    let text = case["text"].as_str()?;
    // Each character is a byte; long runs are written as {x*600}.
    let mut bytes: Vec<u8> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{').filter(|_| case["repeats"] == true) {
        bytes.extend(before.chars().map(|c| c as u8));
        let (run, after) = after.split_once('}').unwrap();
        let (byte, count) = run.split_once('*').unwrap();
        bytes.extend(byte.repeat(count.parse().unwrap()).bytes());
        rest = after;
    }
    bytes.extend(rest.chars().map(|c| c as u8));
    Some(bytes)
}

pub(super) fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/readers.json")).unwrap()
}

pub(super) fn context(case: &Value) -> Context {
    let links = vec![("lo".to_owned(), 1), ("eth0".to_owned(), 2)];
    Context::new()
        .links(links)
        .host_name(case["host"].as_str().unwrap_or("box"))
}
