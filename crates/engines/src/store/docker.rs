//! The containers of a Docker data root.

use std::path::Path;

use serde_json::Value;

use super::file;
use crate::container::Container;
use crate::containers::Containers;
use crate::unread::Unread;

impl Containers {
    /// The containers of a Docker data root, from `containers/<id>/config.v2.json`.
    ///
    /// Docker keeps the layers of a container in its layer store, which is not read here:
    /// [`Container::layers`] stays empty.
    ///
    /// # References
    ///
    /// moby `daemon/container`, `container.ToDisk`.
    pub fn of_docker(root: &Path) -> Self {
        read(root).in_order()
    }
}

/// Reads `containers/<id>/config.v2.json` of each container.
fn read(root: &Path) -> Containers {
    let mut known = Containers::default();
    let directory = root.join("containers");
    let names = match file::names(&directory) {
        Ok(names) => names,
        Err(unread) => {
            known.unread.push(unread);
            return known;
        }
    };
    for name in names {
        // Docker's ids are plain letters and digits; another name is not Docker's.
        let Some(id) = name.to_str().filter(|id| is_id(id)) else {
            continue;
        };
        let path = directory.join(id).join("config.v2.json");
        // Docker makes the directory before the file, and a removal leaves it for a moment. So a
        // missing file is a container without a name, not a fault.
        match file::read(&path) {
            Ok(None) => known.list.push(named(id, None)),
            Ok(Some(text)) => match parse(&text) {
                Ok(name) => known.list.push(named(id, name)),
                Err(why) => known.unread.push(Unread::new(&path, why)),
            },
            Err(unread) => known.unread.push(unread),
        }
    }
    known
}

fn is_id(name: &str) -> bool {
    let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    name.len() == 64 && name.bytes().all(digits)
}

fn named(id: &str, name: Option<String>) -> Container {
    Container {
        id: id.to_owned(),
        names: name.into_iter().collect(),
        ..Container::default()
    }
}

/// The name in a `config.v2.json`; `None` if the container has no name yet.
fn parse(text: &[u8]) -> Result<Option<String>, String> {
    let value: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if !value.is_object() {
        return Err("it is not an object".to_owned());
    }
    match &value["Name"] {
        Value::Null => Ok(None),
        Value::String(name) => {
            let name = name.strip_prefix('/').unwrap_or(name);
            Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
        }
        _ => Err("\"Name\" is not a text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_names_lose_their_slash() {
        let name = |text: &str| parse(text.as_bytes());
        assert_eq!(
            name(r#"{"Name":"/web_1","ID":"aa"}"#),
            Ok(Some("web_1".into()))
        );
        assert_eq!(name(r#"{"ID":"aa"}"#), Ok(None));
        assert_eq!(name(r#"{"Name":""}"#), Ok(None));
        assert_eq!(name(r#"{"Name":7}"#), Err("\"Name\" is not a text".into()));
        assert_eq!(name("[]"), Err("it is not an object".into()));
        assert!(name(r#"{"Name":"/web"#).is_err());
    }
}
