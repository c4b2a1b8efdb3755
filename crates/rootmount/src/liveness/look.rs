//! Evidence that is gathered again at the moment of acting.

use std::fmt;
use std::sync::Arc;

use crate::liveness::evidence::Evidence;

/// Gathers evidence again while a plan is carried out.
///
/// A container that was dead when the plan was made may live when its turn comes.
#[derive(Clone)]
pub struct Look(Arc<dyn Fn() -> Evidence + Send + Sync>);

impl Look {
    /// A look; see [`Evidence::gather`].
    pub fn new(gather: impl Fn() -> Evidence + Send + Sync + 'static) -> Self {
        Self(Arc::new(gather))
    }

    pub(crate) fn gather(&self) -> Evidence {
        (self.0)()
    }
}

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look")
    }
}
