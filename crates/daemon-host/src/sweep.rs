//! One sweep of leftover mounts: live containers, plan, execution.

use std::ffi::OsString;

use rootmount::{CleanupReport, DataRootOptions, ExecuteOptions, Ownership, PlanOptions, Rules};

use crate::error::{Error, ErrorKind};

/// Plans and executes one sweep; releases the root last when `ownership` is given.
pub(crate) fn sweep<'l>(
    data_root: &DataRootOptions,
    rules: &Rules,
    live: impl Iterator<Item = &'l OsString>,
    ownership: Option<Ownership>,
) -> Result<CleanupReport, Error> {
    let failed = |error| {
        Error::caused(
            ErrorKind::Crate,
            format!("sweep {:?}", data_root.root),
            error,
        )
    };
    let root = rootmount::resolve_root(&data_root.root).map_err(failed)?;
    let live: Vec<OsString> = live.cloned().collect();
    let keep = rootmount::live_ids(&root, &live).map_err(failed)?;
    let mut options = PlanOptions::new(&root).keep(keep);
    if let Some(ownership) = ownership {
        options = options.release(ownership);
    }
    let table = rootmount::live_table().map_err(failed)?;
    let plan = rootmount::plan(&table, rules, &options).map_err(failed)?;
    let mut execute = ExecuteOptions::new();
    execute.data_root = Some(data_root.clone());
    rootmount::execute(&plan, &execute).map_err(failed)
}
