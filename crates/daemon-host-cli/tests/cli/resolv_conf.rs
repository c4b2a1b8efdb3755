//! What the `resolv-conf` subcommands say.

use serde_json::{Value, json};

use crate::command::run_with;

const ODD: &[u8] =
    b"nameserver fe80::1%\xff\nnameserver n\xfe\nsearch a\xff.example b\noptions x\xfe\nfoo \xfd\n";

/// Bytes that are not UTF-8 are all there, in hexadecimal, wherever the lossy text stands.
#[test]
fn odd_bytes_have_their_siblings() {
    let render = |network| {
        let args = [
            "resolv-conf",
            "render",
            "--json",
            "--from",
            "-",
            "--network",
            network,
        ];
        run_with(&args, ODD).expect(0).json()
    };
    let value = render("host");
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    assert_eq!(value["nameservers_hex"], json!([hex(b"fe80::1%\xff")]));
    assert_eq!(value["search"], json!(["a\u{fffd}.example", "b"]));
    assert_eq!(
        value["search_hex"],
        json!([hex(b"a\xff.example"), hex(b"b")])
    );
    assert_eq!(value["options_hex"], json!([hex(b"x\xfe")]));
    assert_eq!(value["other_hex"], json!([hex(b"foo \xfd")]));
    assert_eq!(value["invalid_nameservers_hex"], json!([hex(b"n\xfe")]));
    let text = value["text_hex"].as_str().unwrap();
    assert!(
        text.starts_with(&hex(b"nameserver fe80::1%\xff\n")),
        "{text}"
    );
    let internal = render("internal");
    assert_eq!(
        internal["upstreams"][0]["address_hex"],
        hex(b"fe80::1%\xff")
    );

    let value = run_with(&["resolv-conf", "lint", "-", "--json"], ODD)
        .expect(1)
        .json();
    let lines = value["lines"].as_array().unwrap();
    let of_line = |number: usize| lines.iter().find(|line| line["line"] == number).unwrap();
    assert_eq!(of_line(3)["text_hex"], hex(b"search a\xff.example b"));
    let plain = run_with(&["resolv-conf", "lint", "-", "--json"], b"search a\n");
    assert_eq!(plain.json()["lines"][1].get("text_hex"), None::<&Value>);
}
