//! The container lists of containers/storage, which podman, buildah and CRI-O share.

use std::path::Path;

use serde_json::Value;

use super::file;
use crate::container::Container;
use crate::containers::Containers;
use crate::unread::Unread;

/// Where a driver's containers are listed: `overlay-containers`, `vfs-containers`, …
const SUFFIX: &str = "-containers";
/// The names of the lists. The second list has containers that need not survive a reboot.
const LISTS: [&str; 2] = ["containers.json", "volatile-containers.json"];

impl Containers {
    /// The containers of a graph root of containers/storage, which podman, buildah and
    /// CRI-O use.
    ///
    /// They are in `<driver>-containers/containers.json` and, for containers that need not
    /// survive a reboot, in `volatile-containers.json` beside it. With podman's
    /// `--transient-store` the second file is below the run root instead. Give the run root if you
    /// know it; the default of root's podman is `/run/containers/storage`.
    pub fn of_storage(root: &Path, run_root: Option<&Path>) -> Self {
        let mut known = read(root);
        if let Some(run_root) = run_root {
            known.add(read(run_root));
        }
        known.in_order()
    }
}

/// Reads every list below a graph root or run root.
fn read(root: &Path) -> Containers {
    let mut known = Containers::default();
    let names = match file::names(root) {
        Ok(names) => names,
        Err(unread) => {
            known.unread.push(unread);
            return known;
        }
    };
    let drivers = names.iter().filter(|name| {
        let bytes = name.as_encoded_bytes();
        bytes.len() > SUFFIX.len() && bytes.ends_with(SUFFIX.as_bytes())
    });
    for directory in drivers.map(|name| root.join(name)) {
        for list in LISTS {
            match read_list(&directory.join(list)) {
                Ok(containers) => known.list.extend(containers),
                Err(unread) => known.unread.push(unread),
            }
        }
    }
    known
}

fn read_list(path: &Path) -> Result<Vec<Container>, Unread> {
    match file::read(path)? {
        None => Ok(Vec::new()),
        Some(text) => parse(&text).map_err(|why| Unread::new(path, why)),
    }
}

/// One list: `[{"id": …, "names": […], "layer": …}, …]`. Other members are not looked at.
///
/// If one entry is not understood, the whole list counts as unreadable: it may have a later form,
/// in which the other entries mean something else, too.
fn parse(text: &[u8]) -> Result<Vec<Container>, String> {
    if text.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    let value: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    // Go writes the empty list as null.
    let entries = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(entries) => entries,
        _ => return Err("it is not a list of containers".to_owned()),
    };
    let numbered = entries.iter().enumerate();
    let entry = |(index, entry)| {
        container(entry).map_err(|what| format!("{what} of container {index} is not a text"))
    };
    numbered.map(entry).collect()
}

fn container(entry: &Value) -> Result<Container, &'static str> {
    let text = |value: &Value, what| value.as_str().map(str::to_owned).ok_or(what);
    let names = match entry.get("names") {
        None | Some(Value::Null) => Vec::new(),
        Some(names) => {
            let names = names.as_array().ok_or("\"names\"")?.iter();
            names
                .map(|name| text(name, "\"names\""))
                .collect::<Result<_, _>>()?
        }
    };
    let id = text(&entry["id"], "\"id\"")?;
    let layer = text(&entry["layer"], "\"layer\"")?;
    // A container that was made without a root file system has an empty layer id.
    let layers = Some(layer).filter(|layer| !layer.is_empty());
    Ok(Container {
        id,
        names,
        layers: layers.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_podman_are_read() {
        let text = br#"[{"id":"a1","names":["p_runc"],"image":"ce","layer":"36","metadata":"{}",
            "created":"2026-11-27T23:59:13Z","flags":{"MountLabel":"","Volatile":true}},
            {"id":"b2","layer":"7a"},{"id":"c3","names":null,"layer":""}]"#;
        let found = parse(text).unwrap();
        assert_eq!(found[0].names, ["p_runc"]);
        assert_eq!(found[0].layers, ["36"]);
        assert_eq!((found[1].id.as_str(), found[1].names.len()), ("b2", 0));
        assert!(found[2].layers.is_empty());
        assert_eq!(parse(b"null").unwrap(), []);
        assert_eq!(parse(b"[]\n").unwrap(), []);
    }

    #[test]
    fn another_shape_is_said() {
        for (text, why) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            (
                r#"[{"id":"a","layer":"b"}"#,
                "EOF while parsing a list at line 1 column 23",
            ),
            ("{}", "it is not a list of containers"),
            ("[7]", "\"id\" of container 0 is not a text"),
            (
                r#"[{"id":"a","layer":"b"},{"id":7}]"#,
                "\"id\" of container 1 is not a text",
            ),
            (r#"[{"id":"a"}]"#, "\"layer\" of container 0 is not a text"),
            (
                r#"[{"id":"a","layer":"b","names":"c"}]"#,
                "\"names\" of container 0 is not a text",
            ),
            (
                r#"[{"id":"a","layer":"b","names":[1]}]"#,
                "\"names\" of container 0 is not a text",
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), why, "{text}");
        }
    }
}
