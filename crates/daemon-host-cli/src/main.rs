//! The daemon-host command.

fn main() {}
