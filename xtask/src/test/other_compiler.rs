//! What the oldest compiler that we promise builds, and the tests of 32 bits that it built.

use std::time::Instant;

use super::conduct::{DEADLINE, run_harness};
use super::harness::{self, Conduct, Kind};
use super::summary::Tier;
use crate::arch::I386;
use crate::cargo;
use crate::toolchain::{self, Toolchain};

/// Every crate, test and bench of the workspace, checked by the oldest compiler.
pub(super) fn msrv(left_out: Option<String>, require: bool) -> Tier {
    let mut tier = Tier::new("msrv");
    if let Some(reason) = left_out.or_else(toolchain::cannot_run) {
        tier.leave_out(&reason, 1);
        return tier;
    }
    let started = Instant::now();
    match toolchain::check_msrv() {
        Ok(true) => tier.passed += 1,
        Ok(false) => tier.fail("msrv: does not build, see above".to_owned()),
        Err(error) => cannot(&mut tier, &error, require),
    }
    tier.took = started.elapsed();
    tier
}

/// The unit and integration tests of the published crates as programs of 32 bits. The kernel of
/// this machine runs them itself, so they cost no more than the others.
pub(super) fn i686(left_out: Option<String>, require: bool) -> anyhow::Result<Tier> {
    let mut tier = Tier::new("i686");
    let reason = left_out.or_else(toolchain::cannot_run).or_else(no_32_bits);
    if let Some(reason) = reason {
        tier.leave_out(&reason, 1);
        return Ok(tier);
    }
    let built = match Toolchain::obtain(I386) {
        Ok(toolchain) => build(&toolchain)?,
        Err(error) => {
            cannot(&mut tier, &error, require);
            return Ok(tier);
        }
    };
    if !built.complete {
        tier.fail("i686: the workspace does not build; what did build has run".to_owned());
    }
    let conduct = Conduct {
        command: built.command.as_deref(),
        deadline: DEADLINE,
        require,
    };
    let ours = |kind| matches!(kind, Kind::Unit | Kind::Integration);
    for harness in built.harnesses.iter().filter(|it| ours(it.kind)) {
        run_harness(&mut tier, harness, conduct)?;
    }
    // What waits for a VM is another processor's.
    tier.take_vm_tests();
    Ok(tier)
}

/// Nothing was built: a machine without Debian's packages is no fault of the code.
fn cannot(tier: &mut Tier, error: &anyhow::Error, require: bool) {
    if require {
        tier.fail(format!("{}: {error:#}, and --require was given", tier.name));
    } else {
        tier.leave_out(&format!("cannot run here: {error:#}"), 1);
    }
}

fn build(toolchain: &Toolchain) -> anyhow::Result<harness::Built> {
    let mut cargo = toolchain.cargo("test")?;
    for package in cargo::packages()?.iter().filter(|it| it.published) {
        cargo.args(["-p", &package.name]);
    }
    harness::build_by(cargo)
}

/// Why this machine cannot run programs of 32 bits.
fn no_32_bits() -> Option<String> {
    match std::env::consts::ARCH {
        "x86_64" => None,
        other => Some(format!("a kernel for {other} does not run i686")),
    }
}
