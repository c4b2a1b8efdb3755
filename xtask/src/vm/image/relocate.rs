//! Programs of several Debian releases in one root: each with a loader and libraries of its own.
//!
//! A wrapper that calls the loader would not do: runc starts itself again by `/proc/self/exe`,
//! which then is the loader. So the program names another loader, and that loader searches
//! another directory; both are strings in the files, replaced by ones that are no longer.

use anyhow::{Context, Result, bail};

/// As Debian's programs for x86-64 name it.
const LOADER: &[u8] = b"/lib64/ld-linux-x86-64.so.2\0";
/// Where Debian's loader searches first; it stores the lengths elsewhere.
const SEARCHED: &[u8] = b"/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0";

/// The loader's name in the directory of a relocated program.
pub(crate) const NAME: &str = "ld.so";

/// Makes a program use the loader in `directory`, which ends with a slash.
///
/// # Errors
/// If it names Debian's loader not once, or `directory` is too long.
pub(crate) fn program(image: &mut [u8], directory: &str) -> Result<()> {
    let mut path = format!("{directory}{NAME}").into_bytes();
    if path.len() >= LOADER.len() {
        bail!("{directory} is too long for a loader's path");
    }
    path.resize(LOADER.len(), 0);
    let places = find(image, LOADER);
    let [place] = places.as_slice() else {
        bail!("{} loaders are named", places.len());
    };
    image[*place..*place + path.len()].copy_from_slice(&path);
    Ok(())
}

/// Makes a loader search `directory`, which ends with a slash, and not the system's.
///
/// # Errors
/// If it is not one of Debian's loaders, or `directory` is too long.
pub(crate) fn loader(image: &mut [u8], directory: &str) -> Result<()> {
    let places = find(image, SEARCHED);
    if places.is_empty() {
        bail!("no loader of Debian's: it searches other directories");
    }
    for place in places {
        let mut at = place;
        for old in SEARCHED.split_inclusive(|byte| *byte == 0) {
            // Slashes more than one are one.
            let new = padded(directory, old.len() - 1).context("a loader's directory")?;
            image[at..at + new.len()].copy_from_slice(&new);
            at += old.len();
        }
    }
    Ok(())
}

fn padded(directory: &str, length: usize) -> Result<Vec<u8>> {
    if directory.len() > length {
        bail!("{directory} is longer than {length} bytes");
    }
    let mut bytes = directory.as_bytes().to_vec();
    bytes.resize(length, b'/');
    Ok(bytes)
}

fn find(image: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = image.windows(wanted.len()).enumerate();
    windows
        .filter(|(_, window)| *window == wanted)
        .map(|(place, _)| place)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_names_the_other_loader_at_the_same_length() {
        let mut image = [b"\x7fELF".as_slice(), LOADER, b"rest"].concat();
        let length = image.len();
        program(&mut image, "/oci/trixie/").unwrap();
        assert_eq!(image.len(), length);
        assert!(image.starts_with(b"\x7fELF/oci/trixie/ld.so\0\0"));
        assert!(image.ends_with(b"\0rest"));
        assert!(program(&mut image, "/oci/trixie/").is_err(), "only once");
        let mut two = [LOADER, LOADER].concat();
        assert!(program(&mut two, "/oci/trixie/").is_err());
        let mut whole = LOADER.to_vec();
        assert!(program(&mut whole, "/a-directory-with-a-long-name/").is_err());
    }

    #[test]
    fn a_loader_searches_the_other_directory() {
        let mut image = [b"x\0".as_slice(), SEARCHED, b"/lib/\0"].concat();
        loader(&mut image, "/oci/sid/").unwrap();
        let wanted = format!(
            "x\0/oci/sid/{}\0/oci/sid/{}\0/lib/\0",
            "/".repeat(13),
            "/".repeat(17)
        );
        assert_eq!(String::from_utf8(image).unwrap(), wanted);
        assert!(loader(&mut b"musl".to_vec(), "/oci/sid/").is_err());
        let mut whole = SEARCHED.to_vec();
        assert!(loader(&mut whole, "/oci/a-directory-with-a-long-name/").is_err());
    }
}
