//! What a containerd shim prints for `-info`. This file is pure.
//!
//! Shims of containerd 2.0 and newer print the message `RuntimeInfo` of containerd's API in
//! protobuf's binary form. It may hold the features document of the runtime behind the shim.

use super::document::Features;
use super::version::Version;

/// The end of the type's name of a features document; a host may stand before it.
const FEATURES_TYPE: &str = "opencontainers/runtime-spec/1/features/Features";

/// A shim's answer, as far as it is of use here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShimInfo {
    /// The shim's name for itself, its version and its commit.
    pub(super) version: Version,
    /// The features document. `Err` says why there is none.
    pub(super) features: Result<Features, String>,
}

impl ShimInfo {
    /// Reads the message. `Err` says why these bytes are not one.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut version = Version::default();
        let mut features = Err("it tells no features".to_owned());
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(name)) => version.runtime = text(name)?,
                (2, Value::Bytes(message)) => read_version(message, &mut version)?,
                (4, Value::Bytes(message)) => features = read_features(message)?,
                // Options and annotations, and what newer shims may add.
                _ => {}
            }
        }
        if version.runtime.is_empty() {
            return Err("it names no runtime".to_owned());
        }
        Ok(Self { version, features })
    }
}

/// `RuntimeVersion`: version and revision.
fn read_version(message: &[u8], version: &mut Version) -> Result<(), String> {
    for field in Fields(message) {
        match field? {
            (1, Value::Bytes(number)) => version.version = text(number)?,
            (2, Value::Bytes(revision)) => version.commit = text(revision)?,
            _ => {}
        }
    }
    Ok(())
}

/// `google.protobuf.Any`: the name of a type and a value. containerd writes the document as JSON.
fn read_features(message: &[u8]) -> Result<Result<Features, String>, String> {
    let (mut name, mut value) = (String::new(), &[][..]);
    for field in Fields(message) {
        match field? {
            (1, Value::Bytes(bytes)) => name = text(bytes)?,
            (2, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    if !name.ends_with(FEATURES_TYPE) {
        return Ok(Err(format!("its features have the unknown type {name:?}")));
    }
    Ok(Features::parse(value).map_err(|why| format!("its features are no document: {why}")))
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a text in it is not UTF-8".to_owned())
}

/// The value of a field. Values of other forms are passed over.
#[derive(Debug, PartialEq)]
enum Value<'a> {
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message, each with its number. It ends after the first malformed one.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(|| "it is not a message in protobuf's form".to_owned()))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => self.number().map(|_| Value::Other)?,
            1 => self.take(8).map(|_| Value::Other)?,
            2 => {
                let length = self.number()?;
                Value::Bytes(self.take(usize::try_from(length).ok()?)?)
            }
            5 => self.take(4).map(|_| Value::Other)?,
            // Groups are of the first protobuf, and the numbers above stand for nothing.
            _ => return None,
        };
        (tag >> 3 != 0).then_some((tag >> 3, value))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in groups of seven bits, the lowest first. The high bit says that more follow.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// containerd 2.1.9 with runc 1.1.5, as it was printed.
    const REAL: &[u8] =
        include_bytes!("../../tests/data/shim/containerd-2.1.9-with-runc-1.1.5.info");
    /// The same shim where it could not run runc.
    const BARE: &[u8] = b"\n\x15io.containerd.runc.v2\x12\x0f\n\r2.1.9+unknown";

    #[test]
    fn a_real_answer_is_read() {
        let info = ShimInfo::parse(REAL).unwrap();
        assert_eq!(info.version.runtime, "io.containerd.runc.v2");
        assert_eq!(info.version.version, "2.1.9+unknown");
        let features = info.features.unwrap();
        assert_eq!(features.mount_options().contains("rro"), Some(true));
        assert_eq!(features.oci_version_min(), Some("1.0.0"));
    }

    #[test]
    fn an_answer_without_features_says_so() {
        let info = ShimInfo::parse(BARE).unwrap();
        assert_eq!(info.version.version, "2.1.9+unknown");
        assert_eq!(info.features.unwrap_err(), "it tells no features");
        let other = b"\n\x01x\"\x08\n\x03t/Y\x12\x01{";
        let why = ShimInfo::parse(other).unwrap().features.unwrap_err();
        assert!(why.contains("\"t/Y\""), "{why}");
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for bytes in [
            &b""[..],
            b"{\"ociVersionMin\": \"1.0.0\"}",
            b"Usage of shim",
            b"\x12\x00",
            b"\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\n\x7fshort",
            b"\n\x01\xff",
            b"\x02\x00",
        ] {
            assert!(ShimInfo::parse(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_torn_answer_never_looks_whole() {
        for end in 0..REAL.len() {
            let torn = ShimInfo::parse(&REAL[..end]);
            assert!(
                torn.is_err() || torn.is_ok_and(|info| info.features.is_err()),
                "{end}"
            );
        }
    }
}
