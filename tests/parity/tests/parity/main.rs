//! moby's behaviour as data, run against our crates. `data/README.md` says
//! where each answer comes from; a case in which ours differs on purpose is in
//! `data/deviations.json` with its row of PARITY.md.

mod command;
mod judge;

mod captures;
mod cleanup;
mod daemon_root;
mod engines;
mod ifaddrs;
mod mountinfo;
mod resolvconf;
mod resolvconf_legacy;
mod rro;
mod runtimes;
mod seed;
