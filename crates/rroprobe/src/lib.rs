//! rroprobe.
