//! Logging. Without the feature `tracing` it costs nothing.

#[cfg(feature = "tracing")]
macro_rules! debug {
    ($($tokens:tt)*) => { ::tracing::debug!($($tokens)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! debug {
    ($($tokens:tt)*) => {};
}
