//! A prepared data root that undoes itself.

use crate::data_root::options::DataRootOptions;
use crate::data_root::prepare::{PrepareAction, Prepared, prepare};
use crate::data_root::release::release;
use crate::error::Error;
use crate::log::warning;

/// A prepared data root that is released when it is dropped, unless it is kept.
///
/// For the steps of a start that come after the preparation and may fail.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once releases the root at once"]
pub struct Guard {
    options: DataRootOptions,
    prepared: Option<Prepared>,
}

/// [`prepare`], undone when the guard is dropped: a root that *this* call bound is
/// released, one of an earlier start stays.
///
/// # Errors
///
/// As [`prepare`].
pub fn prepare_guarded(options: &DataRootOptions) -> Result<Guard, Error> {
    Ok(Guard {
        prepared: Some(prepare(options)?),
        options: options.clone(),
    })
}

impl Guard {
    /// Keeps the root as it was prepared: the start has succeeded.
    pub fn keep(mut self) -> Prepared {
        self.prepared
            .take()
            .expect("only keep takes it, and consumes the guard")
    }

    /// What was done.
    pub fn prepared(&self) -> &Prepared {
        self.prepared
            .as_ref()
            .expect("only keep takes it, and consumes the guard")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !matches!(
            &self.prepared,
            Some(Prepared {
                action: PrepareAction::Bound,
                ..
            })
        ) {
            return;
        }
        if let Err(_error) = release(&self.options) {
            warning!(error = %_error, "data root stays mounted after a failed start");
        }
    }
}
