//! Only tests live here: see `tests/parity` and `data/README.md`.
