//! PID 1 of the test VMs does nothing anywhere else.

use std::process::Command;

#[test]
fn as_an_ordinary_process_it_refuses() {
    let output = Command::new(env!("CARGO_BIN_EXE_guest-init"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("PID 1"));
}
