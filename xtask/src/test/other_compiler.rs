//! What the oldest compiler that we promise builds, and the tests of 32 bits that it built.

use std::time::Instant;

use super::conduct::{DEADLINE, run_harness};
use super::harness::{self, Conduct, Kind};
use super::summary::Tier;
use crate::arch::{AMD64, I386};
use crate::cargo;
use crate::toolchain::{self, Toolchain};

/// Every crate, test and bench of the workspace, to be checked by the oldest compiler.
pub(super) struct Msrv {
    tier: Tier,
    toolchain: Option<Toolchain>,
    require: bool,
}

impl Msrv {
    /// Fetches the compiler, unless the tier is left out.
    pub(super) fn obtain(left_out: Option<String>, require: bool) -> Self {
        let mut tier = Tier::new("msrv");
        let toolchain = match left_out.or_else(toolchain::cannot_run) {
            Some(reason) => {
                tier.leave_out(&reason, 1);
                None
            }
            None => Toolchain::obtain(AMD64)
                .map_err(|error| cannot(&mut tier, &error, require))
                .ok(),
        };
        Self {
            tier,
            toolchain,
            require,
        }
    }

    /// Builds, which needs the processors and fetches nothing.
    pub(super) fn check(self) -> Tier {
        let mut tier = self.tier;
        let Some(toolchain) = self.toolchain else {
            return tier;
        };
        let started = Instant::now();
        match toolchain::check_msrv(&toolchain) {
            Ok(true) => tier.passed += 1,
            Ok(false) => tier.fail("msrv: does not build, see above".to_owned()),
            Err(error) => cannot(&mut tier, &error, self.require),
        }
        tier.took = started.elapsed();
        tier
    }
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
