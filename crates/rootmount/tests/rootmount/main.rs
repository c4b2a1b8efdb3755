//! The public API of rootmount: parity data, captures, properties, and real mounts
//! in mount namespaces of the tests' own.

#![allow(clippy::unwrap_used)] // a panic in a test is the report

/// Tests of real mounts pass on this machine's kernel; here they are asked for on all.
macro_rules! on_every_kernel {
    ($($name:ident)*) => {
        mod vm {
            $(
                #[test]
                #[ignore = "vm: the same on every kernel"]
                fn $name() {
                    super::$name();
                }
            )*
        }
    };
}

mod captures;
mod data_root;
mod execute;
mod hang;
mod liveness;
mod model;
mod mounts;
mod peers;
mod plan;
mod properties;
mod storm;
mod tree;
mod vectors;
