//! One number and what it may be.

/// One number, what it may be, and whether it is.
pub(crate) struct Count {
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) limit: f64,
    pub(super) unit: &'static str,
}

impl Count {
    pub(super) fn is_kept(&self) -> bool {
        self.value <= self.limit
    }
}
