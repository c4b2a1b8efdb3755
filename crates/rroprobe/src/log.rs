//! Logging that costs nothing without the feature `tracing`.

#[cfg(feature = "tracing")]
macro_rules! debug {
    ($($tokens:tt)*) => { ::tracing::debug!($($tokens)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! debug {
    ($($tokens:tt)*) => {};
}

pub(crate) use debug;
