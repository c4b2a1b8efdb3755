//! Collects what there is to report, by asking each crate once.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use daemon_host::ifaddrs::{self, LinkAddrs};
use daemon_host::mountscan::{KernelQueries, MountTable};
use daemon_host::resolvconf::{SelectOptions, Selection};
use daemon_host::rootmount::DataRootOptions;
use daemon_host::rroprobe::KernelSupport;
use daemon_host::runtimes::{Inspected, Runtimes};
use daemon_host::{ANSWER_LIMIT, HostConfig, LivenessOptions, within};
use nix::sys::utsname::{UtsName, uname};

use super::mounts::{self, Mounts, Which};
use crate::place::{self, Surroundings};
use crate::resolv_conf::{self, PerNetwork};
use crate::root::{EvidenceArgs, RootArgs, RootState, Roots};
use crate::runtimes::TableArgs;

/// A fact, or the reason in words why it could not be found out.
pub(super) type Known<T> = Result<T, String>;

pub(super) struct Facts {
    pub(super) host: String,
    pub(super) kernel: String,
    /// The number of this boot; `None` if the kernel does not show it.
    pub(super) boot_id: Option<String>,
    pub(super) queries: KernelQueries,
    pub(super) mounts: Known<Mounts>,
    pub(super) root: Root,
    /// What containers get on each kind of network, the default bridge first.
    pub(super) name_servers: Vec<PerNetwork>,
    /// Why the daemon.json cannot be used. The report then looks at the defaults.
    pub(super) config_fault: Option<String>,
    pub(super) links: Known<Vec<LinkAddrs>>,
    pub(super) rro: KernelSupport,
    pub(super) runtimes: Known<(Inspected, Runtimes)>,
    pub(super) probed: bool,
    pub(super) place: Surroundings,
}

pub(super) struct Root {
    pub(super) path: PathBuf,
    /// `None` if there is no such directory, because no daemon has ever run there.
    pub(super) state: Option<Known<RootState>>,
    /// What may help, where the state is not known.
    pub(super) remedy: Option<String>,
}

impl Facts {
    /// The file that containers on the default bridge inherit.
    pub(super) fn selection(&self) -> &Selection {
        &self.name_servers[0].current().selection
    }
}

pub(super) fn collect(
    args: &RootArgs,
    evidence: &EvidenceArgs,
    probe: bool,
    probe_mounts: Option<Which>,
) -> anyhow::Result<Facts> {
    let table = MountTable::current().map_err(|error| in_words(&error));
    // It is read once, so that everything follows from the same file.
    let read = args.config.read().map_err(|error| format!("{error:#}"));
    let config = match &read {
        Ok(read) => read.roots().map_err(|error| format!("{error:#}")),
        Err(why) => Err(why.clone()),
    };
    let Roots { options, doubt } = args.roots_of(config.as_ref().map_err(String::as_str));
    let (config, config_fault) = match config {
        Ok(config) => (config, None),
        Err(why) => (HostConfig::default(), Some(why)),
    };
    let liveness = evidence.liveness(&options.exec_root, doubt)?;
    let mut select = SelectOptions::new();
    select.configured.clone_from(&config.resolv_conf);
    let dns: Vec<_> = config.dns.iter().copied().map(Into::into).collect();
    let runtimes = read.map(|read| {
        let (inspected, table) = TableArgs::of_config(args.config.clone()).load_read(read);
        let table = if probe { table.probed() } else { table };
        (inspected, table)
    });
    let root = root(&options, &liveness);
    // The files below /proc/sys are missing in a hardened unit (ProcSubset=pid).
    let names = uname().ok();
    // A root that does not answer is not looked into.
    let readable = matches!(root.state, Some(Ok(_))).then_some(options.root.as_path());
    Ok(Facts {
        host: host_name(names.as_ref()),
        kernel: names
            .as_ref()
            .map_or_else(unnamed, |names| in_text(names.release())),
        boot_id: fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()
            .map(|text| text.trim().to_owned()),
        queries: KernelQueries::cached(),
        root,
        mounts: table.map(|table| mounts::collect(&table, readable, probe_mounts)),
        name_servers: resolv_conf::per_network(&select, &dns),
        config_fault,
        links: ifaddrs::all().map_err(|error| in_words(&error)),
        rro: KernelSupport::probe(),
        runtimes,
        probed: probe,
        place: place::surroundings(),
    })
}

/// Looks at the data root. It may lie on a mount that does not answer, so the first look has a
/// limit.
fn root(options: &DataRootOptions, liveness: &LivenessOptions) -> Root {
    let path = options.root.clone();
    let asked = path.clone();
    let Ok(seen) = within(ANSWER_LIMIT, move || fs::symlink_metadata(asked)) else {
        let limit = ANSWER_LIMIT.as_secs();
        let error = format!("{path:?} did not answer in {limit} s");
        let remedy = "start the server of the mount that it is on, or detach that mount";
        return Root {
            path,
            state: Some(Err(error)),
            remedy: Some(remedy.to_owned()),
        };
    };
    let missing = seen.is_err_and(|e| e.kind() == ErrorKind::NotFound);
    let read = || RootState::read(options, liveness);
    let state = (!missing).then(read);
    let error = state.as_ref().and_then(|state| state.as_ref().err());
    Root {
        remedy: error.and_then(|error| place::remedy(error)),
        state: state.map(|state| state.map_err(|error| in_words(&error))),
        path,
    }
}

/// The name of this UTS namespace. After `--host-root` that is the host's.
fn host_name(names: Option<&UtsName>) -> String {
    names.map_or_else(unnamed, |names| in_text(names.nodename()))
}

fn in_text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn unnamed() -> String {
    "?".to_owned()
}

fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
