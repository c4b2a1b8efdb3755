//! rootmount.
