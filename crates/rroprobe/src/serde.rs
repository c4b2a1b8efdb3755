//! The shapes that machines read: `{"verdict", "detail"}` and `{"verdict", "reason"}`.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::decision::MountOption;
use crate::kernel::KernelSupport;
use crate::runtime::RuntimeAnswer;

impl Serialize for KernelSupport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("KernelSupport", 2)?;
        object.serialize_field("verdict", self.as_str())?;
        object.serialize_field("detail", &self.to_string())?;
        object.end()
    }
}

impl Serialize for RuntimeAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("RuntimeAnswer", 2)?;
        object.serialize_field("verdict", self.support.as_str())?;
        object.serialize_field("reason", &self.reason)?;
        object.end()
    }
}

impl Serialize for MountOption {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
