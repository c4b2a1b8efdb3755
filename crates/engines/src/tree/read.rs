//! Parses bytes into a tree. The name of the file tells the form.

use std::path::Path;

use super::fault::Fault;
use super::node::Node;
use super::{json, toml, yaml};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Toml,
    /// Only `key: value` at the left edge is understood.
    Yaml,
}

impl Format {
    /// The form by the extension of the name; JSON if the extension is not known.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(|end| end.to_str()) {
            Some("toml" | "conf") => Self::Toml,
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::Json,
        }
    }
}

/// Parses a text. A key that stands twice in one table is a fault, as two readers may take
/// different values.
pub(crate) fn parse(text: &[u8], format: Format) -> Result<Node, Fault> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let what = "it is not UTF-8".to_owned();
        Fault { line, what }
    })?;
    if text.starts_with('\u{feff}') {
        let what = "it begins with a byte order mark".to_owned();
        return Err(Fault { line: 1, what });
    }
    match format {
        Format::Json => json::parse(text),
        Format::Toml => toml::parse(text),
        Format::Yaml => Ok(yaml::parse(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Value;

    #[track_caller]
    fn fault(text: &[u8], format: Format) -> String {
        parse(text, format).unwrap_err().to_string()
    }

    #[test]
    fn each_form_knows_its_lines() {
        let json = parse(b"{\n \"a\": [\n  {\"b\": \"c\"}]}", Format::Json).unwrap();
        let toml = parse(b"# x\n[[a]]\nb = 'c'\n", Format::Toml).unwrap();
        for tree in [json, toml] {
            let Some(Value::List(list)) = tree.at("a").map(|node| &node.value) else {
                panic!("{tree:?}");
            };
            let inner = list[0].get("b").unwrap();
            assert_eq!(inner.value, Value::Text("c".into()));
            assert_eq!(inner.line, 3);
        }
        let yaml = parse(
            b"# x\ndata-dir: \"/a b\" # y\nx:\n  data-dir: /no\n",
            Format::Yaml,
        );
        let yaml = yaml.unwrap();
        assert_eq!(
            yaml.at("data-dir").unwrap().value,
            Value::Text("/a b".into())
        );
        assert_eq!(yaml.at("data-dir").unwrap().line, 2);
    }

    #[test]
    fn what_is_no_tree_names_its_line() {
        for (text, format, words) in [
            (
                &b"{\"a\": 1,\n \"a\": 2}"[..],
                Format::Json,
                "line 2: the key \"a\" stands twice",
            ),
            (
                b"{\"a\": 1,\n}",
                Format::Json,
                "line 2: key must be a string",
            ),
            (b"a = 1\na = 2\n", Format::Toml, "line 2: duplicate key"),
            (b"a = 1\nb = [\n", Format::Toml, "line 2: "),
            (b"\xff\xfe{\0}\0", Format::Json, "line 1: it is not UTF-8"),
            (
                b"\xef\xbb\xbf{}",
                Format::Json,
                "line 1: it begins with a byte order mark",
            ),
        ] {
            let said = fault(text, format);
            assert!(said.starts_with(words), "{said}");
        }
    }
}
