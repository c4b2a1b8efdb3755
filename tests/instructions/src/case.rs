//! What a case is.

/// The work that is counted.
pub(crate) type Work = Box<dyn FnMut()>;

/// One hot path on one input.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Makes the input; not counted.
    pub(crate) prepare: fn() -> Work,
    /// Runs once before it is counted.
    pub(crate) warm: bool,
}

impl Case {
    /// Counted the first time it runs.
    pub(crate) const fn cold(name: &'static str, prepare: fn() -> Work) -> Self {
        Self {
            name,
            prepare,
            warm: false,
        }
    }

    /// Counted the second time it runs.
    pub(crate) const fn warm(name: &'static str, prepare: fn() -> Work) -> Self {
        Self {
            name,
            prepare,
            warm: true,
        }
    }
}
