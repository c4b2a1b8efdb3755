//! A prepared data root that undoes itself.

use crate::data_root::options::DataRootOptions;
use crate::data_root::prepare::{PrepareAction, Prepared, prepare};
use crate::data_root::release::release;
use crate::error::Error;
use crate::log::warning;

/// A prepared data root. Dropping it releases the root, unless [`keep`](Self::keep) was called.
///
/// Use it when later steps of the start may fail.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once releases the root at once"]
pub struct Guard {
    options: DataRootOptions,
    prepared: Option<Prepared>,
}

/// Calls [`prepare`]. Dropping the guard undoes it: a root that *this* call bound is released.
/// A root that an earlier start bound stays.
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
        // Only a bind of this call: what was there before the start is not ours to undo.
        if !matches!(
            &self.prepared,
            Some(Prepared {
                action: PrepareAction::Bound,
                ..
            })
        ) {
            return;
        }
        // A drop cannot return an error.
        if let Err(_error) = release(&self.options) {
            warning!(error = %_error, "data root stays mounted after a failed start");
        }
    }
}
