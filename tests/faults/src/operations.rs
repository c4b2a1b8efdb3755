//! The operations. Each file sets up a world, acts, lets the next start run and
//! says what must hold.

mod cleanup;
mod cleanup_apart;
mod cleanup_evidence;
mod data_root;
mod features_probe;
mod host;
mod publish;
mod resolv_conf;
mod runtimes_reload;
mod script_sweep;
mod scripts;
mod toy;
mod witness;

use crate::operation::Operation;

/// What a run without `--operation` takes.
static ALL: &[&dyn Operation] = &[
    &data_root::PREPARE,
    &data_root::ABANDON,
    &data_root::AGAIN,
    &data_root::RELEASE,
    &data_root::RESTART,
    &cleanup::CLEANUP,
    &cleanup::PARALLEL,
    &cleanup_apart::APART,
    &cleanup_evidence::EVIDENCE,
    &publish::FIRST,
    &publish::PUBLISH,
    &script_sweep::SWEEP,
    &runtimes_reload::RELOAD,
    &features_probe::PROBE,
    &resolv_conf::FRESH,
    &resolv_conf::GROW,
    &resolv_conf::SHRINK,
    &resolv_conf::EDITED,
    &resolv_conf::STATE,
    &resolv_conf::THEN_EDITED,
    &resolv_conf::MOBY,
    &host::START,
    &host::RELOAD,
    &host::SHUTDOWN,
];

/// Operations with a known flaw, by which the driver is tested.
static TOYS: &[&dyn Operation] = &[
    &toy::SOUND,
    &toy::TORN,
    &toy::DEAF,
    &toy::PANICKY,
    &toy::HANGING,
    &toy::LEAKY,
    &toy::THREADED,
];

/// The operations of the product.
pub(crate) fn all() -> &'static [&'static dyn Operation] {
    ALL
}

/// One operation by its name, a flawed one too.
pub(crate) fn find(name: &str) -> Option<&'static dyn Operation> {
    ALL.iter()
        .chain(TOYS)
        .copied()
        .find(|operation| operation.name() == name)
}
