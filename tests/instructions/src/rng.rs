//! Numbers that look random and are the same in every run.

/// Scattered bits of a number.
pub(crate) fn mix(n: u64) -> u64 {
    let mut state = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        state = (state ^ (state >> 30)).wrapping_mul(factor);
    }
    state ^ (state >> 31)
}

/// A container's id: 64 hexadecimal digits.
pub(crate) fn id(n: u64) -> String {
    (0..4)
        .map(|part| format!("{:016x}", mix(n * 4 + part)))
        .collect()
}
