//! Debian packages: an ar archive with a compressed tar inside.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Checks the file against what was promised of it.
pub(crate) fn verify(path: &Path, sha256: &str) -> Result<()> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let found = digest(&bytes);
    if found != sha256 {
        bail!(
            "{}: digest is {found}, expected {sha256}: remove the file and try again; \
             if it stays wrong, `cargo xtask vm update` after a look at the mirror",
            path.display()
        );
    }
    Ok(())
}

/// SHA-256 in hex.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Takes path, link target (of a link) and contents.
pub(crate) type Visit<'a> = dyn FnMut(&Path, Option<PathBuf>, &mut dyn Read) -> Result<()> + 'a;

/// Shows each file and link of a package to `visit`.
pub(crate) fn for_each_file(package: &Path, visit: &mut Visit<'_>) -> Result<()> {
    for_each_entry(package, &mut |entry, path| {
        let kind = entry.header().entry_type();
        if kind.is_file() || kind.is_symlink() || kind.is_hard_link() {
            let target = entry.link_name()?.map(Cow::into_owned);
            visit(path, target, entry)?;
        }
        Ok(())
    })
}

/// Unpacks a package below `root`, whose `bin`, `sbin` and `lib` may be links into `usr`.
/// Nothing of its scripts is run.
pub(crate) fn unpack(package: &Path, root: &Path) -> Result<()> {
    for_each_entry(package, &mut |entry, path| {
        let kind = entry.header().entry_type();
        let path = root.join(merged(path));
        if kind.is_dir() {
            return std::fs::create_dir_all(&path).context("making a directory");
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).context("making a directory")?;
        }
        if kind.is_hard_link() {
            let target = entry.link_name()?.context("a link to nothing")?;
            let target = root.join(merged(target.strip_prefix(".").unwrap_or(&target)));
            return std::fs::copy(target, &path)
                .map(drop)
                .context("copying for a hard link");
        }
        if path.symlink_metadata().is_ok() {
            std::fs::remove_file(&path).context("replacing")?;
        }
        entry
            .unpack(&path)
            .map(drop)
            .with_context(|| format!("unpacking to {}", path.display()))
    })
}

/// Where a path of an older layout lies in the newer one.
fn merged(path: &Path) -> Cow<'_, Path> {
    let mut parts = path.components();
    let first = parts.next().and_then(|first| first.as_os_str().to_str());
    match (first, parts.next()) {
        (Some("bin" | "sbin" | "lib" | "lib64"), Some(_)) => Path::new("usr").join(path).into(),
        _ => path.into(),
    }
}

type Entry<'a, 'r> = tar::Entry<'a, Box<dyn Read + 'r>>;

fn for_each_entry(
    package: &Path,
    visit: &mut dyn FnMut(&mut Entry<'_, '_>, &Path) -> Result<()>,
) -> Result<()> {
    let bytes = std::fs::read(package).with_context(|| package.display().to_string())?;
    let context = || format!("reading {}", package.display());
    let (name, data) = data_member(&bytes).with_context(context)?;
    let reader: Box<dyn Read> = match name {
        "data.tar" => Box::new(data),
        "data.tar.xz" => Box::new(lzma_rust2::XzReader::new(data, true)),
        other => bail!(
            "{}: {other}: only xz and no compression are known",
            package.display()
        ),
    };
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().with_context(context)? {
        let mut entry = entry.with_context(context)?;
        let path = entry.path().with_context(context)?.into_owned();
        let path = path.strip_prefix(".").unwrap_or(&path);
        visit(&mut entry, path).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Undoes xz.
pub(crate) fn unxz(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len() * 4);
    lzma_rust2::XzReader::new(bytes, true)
        .read_to_end(&mut plain)
        .context("undoing xz")?;
    Ok(plain)
}

/// Finds `data.tar*` in the ar archive.
fn data_member(bytes: &[u8]) -> Result<(&str, &[u8])> {
    let mut rest = bytes
        .strip_prefix(b"!<arch>\n")
        .context("not an ar archive")?;
    while rest.len() >= 60 {
        let (header, body) = rest.split_at(60);
        let text =
            |range: std::ops::Range<usize>| std::str::from_utf8(&header[range]).map(str::trim);
        let name = text(0..16)?.trim_end_matches('/');
        let size: usize = text(48..58)?.parse().context("size of an ar member")?;
        let data = body.get(..size).context("cut short")?;
        if name.starts_with("data.tar") {
            return Ok((name, data));
        }
        // Members start at even offsets.
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
    bail!("no data.tar in it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            644,
            data.len()
        );
        if data.len() % 2 == 1 {
            bytes.push('\n');
        }
        let split = 60.min(bytes.len());
        let (header, padding) = bytes.split_at(split);
        [header.as_bytes(), data, padding.as_bytes()].concat()
    }

    fn package(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = b"!<arch>\n".to_vec();
        for (name, data) in members {
            bytes.extend(member(name, data));
        }
        bytes
    }

    #[test]
    fn the_data_member_is_found_behind_odd_ones() {
        let bytes = package(&[
            ("debian-binary", b"2.0\n"),
            ("control.tar", b"odd"),
            ("data.tar/", b"x"),
        ]);
        assert_eq!(data_member(&bytes).unwrap(), ("data.tar", &b"x"[..]));
    }

    #[test]
    fn what_is_no_package_is_told_apart() {
        assert!(data_member(b"PK").is_err());
        assert!(data_member(&package(&[("debian-binary", b"2.0\n")])).is_err());
        let whole = package(&[("data.tar", b"12345678")]);
        assert!(data_member(&whole[..whole.len() - 2]).is_err());
    }

    #[test]
    fn files_come_with_their_contents() {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        header.set_cksum();
        tar.append_data(&mut header, "./usr/a", &b"abc"[..])
            .unwrap();
        let bytes = package(&[("data.tar", &tar.into_inner().unwrap())]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut seen = Vec::new();
        for_each_file(file.path(), &mut |path, target, reader| {
            let mut text = String::new();
            reader.read_to_string(&mut text)?;
            seen.push((path.to_path_buf(), target, text));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(PathBuf::from("usr/a"), None, "abc".to_owned())]);
    }

    #[test]
    fn both_layouts_unpack_to_one() {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, link) in [
            ("./bin/a", None),
            ("./usr/bin/b", None),
            ("./bin/c", Some("a")),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o755);
            if let Some(target) = link {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                tar.append_link(&mut header, path, target).unwrap();
            } else {
                header.set_size(1);
                tar.append_data(&mut header, path, &b"x"[..]).unwrap();
            }
        }
        let bytes = package(&[("data.tar", &tar.into_inner().unwrap())]);
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("p.deb");
        std::fs::write(&file, bytes).unwrap();
        let root = place.path().join("root");
        unpack(&file, &root).unwrap_or_else(|error| panic!("{error:#}"));
        unpack(&file, &root).unwrap();
        for name in ["a", "b", "c"] {
            assert_eq!(
                std::fs::read(root.join("usr/bin").join(name)).unwrap(),
                b"x"
            );
        }
    }

    #[test]
    fn a_wrong_digest_names_the_remedy() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        verify(file.path(), right).unwrap();
        let error = verify(file.path(), "00").unwrap_err().to_string();
        assert!(error.contains("remove the file"), "{error}");
    }
}
