//! Logging that costs nothing without the feature `tracing`.

#[cfg(feature = "tracing")]
macro_rules! debug {
    ($($tokens:tt)*) => { ::tracing::debug!($($tokens)*) };
}

#[cfg(feature = "tracing")]
macro_rules! info {
    ($($tokens:tt)*) => { ::tracing::info!($($tokens)*) };
}

#[cfg(feature = "tracing")]
macro_rules! warning {
    ($($tokens:tt)*) => { ::tracing::warn!($($tokens)*) };
}

#[cfg(not(feature = "tracing"))]
macro_rules! debug {
    ($($tokens:tt)*) => {};
}

#[cfg(not(feature = "tracing"))]
macro_rules! info {
    ($($tokens:tt)*) => {};
}

#[cfg(not(feature = "tracing"))]
macro_rules! warning {
    ($($tokens:tt)*) => {};
}

pub(crate) use {debug, info, warning};
