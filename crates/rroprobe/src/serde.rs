//! The shapes that machines read: `{"verdict", "detail"}` and `{"verdict", "reason"}`.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::decision::MountOption;
use crate::kernel::KernelSupport;
use crate::runtime::RuntimeSupport;

impl Serialize for KernelSupport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("KernelSupport", 2)?;
        object.serialize_field("verdict", self.word())?;
        object.serialize_field("detail", &self.to_string())?;
        object.end()
    }
}

impl Serialize for RuntimeSupport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("RuntimeSupport", 2)?;
        object.serialize_field("verdict", self.word())?;
        object.serialize_field("reason", &self.to_string())?;
        object.end()
    }
}

impl Serialize for MountOption {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
