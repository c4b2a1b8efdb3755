//! Where evidence of life is looked for.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mountscan::Proc;
use rootmount::{Claim, Statement, Testimony, Witness};
use runtimes::StatesOptions;

/// Where evidence of life is looked for; see [`evidence`](crate::evidence()).
#[derive(Clone)]
#[non_exhaustive]
pub struct LivenessOptions {
    /// The states of runtimes and the bundles of shims.
    pub states: StatesOptions,
    /// Further witnesses, such as the daemon itself.
    pub witnesses: Vec<Arc<dyn Witness>>,
    /// What the caller claims to know. It never overrules evidence that something lives.
    pub claim: Claim,
    /// Why the states may be those of another daemon. Then what they say counts, and their silence
    /// proves nothing. `None` if they are known to be of the daemon with this data root.
    pub doubt: Option<String>,
    /// Which procfs to read; by default the one at `/proc`. States are read by the one in
    /// `states`; [`proc`](Self::proc()) sets both.
    pub proc: Proc,
}

impl LivenessOptions {
    /// The sources of a daemon with this exec root, and all processes.
    pub fn of_exec_root(exec_root: &Path) -> Self {
        Self {
            states: StatesOptions::of_exec_root(exec_root),
            witnesses: Vec::new(),
            claim: Claim::Nothing,
            doubt: None,
            proc: Proc::default(),
        }
    }

    /// Looks for states in these directories instead of those below the exec root. The latter
    /// are still read if they exist.
    pub fn state_dirs(mut self, dirs: impl IntoIterator<Item = PathBuf>) -> Self {
        let usual = std::mem::take(&mut self.states.state_dirs);
        self.states.further_dirs.extend(usual);
        self.states.state_dirs = dirs.into_iter().collect();
        self
    }

    /// Adds a witness.
    pub fn witness(mut self, witness: Arc<dyn Witness>) -> Self {
        self.witnesses.push(witness);
        self
    }

    /// Says why the states may be those of another daemon.
    pub fn doubt(mut self, why: impl Into<String>) -> Self {
        self.doubt = Some(why.into());
        self
    }

    /// Reads this procfs, for states and for processes.
    pub fn proc(mut self, proc: impl Into<Proc>) -> Self {
        self.proc = proc.into();
        self.states.proc = self.proc.clone();
        self
    }

    /// Sets what the caller claims to know.
    pub fn claim(mut self, claim: Claim) -> Self {
        self.claim = claim;
        self
    }
}

impl fmt::Debug for LivenessOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.witnesses.iter().map(|who| who.name()).collect();
        f.debug_struct("LivenessOptions")
            .field("states", &self.states)
            .field("witnesses", &names)
            .field("claim", &self.claim)
            .field("doubt", &self.doubt)
            .field("proc", &self.proc)
            .finish()
    }
}

/// Containers that somebody has named as living.
pub(crate) struct Named {
    /// Who named them.
    pub(crate) by: &'static str,
    pub(crate) ids: BTreeSet<OsString>,
}

impl Witness for Named {
    fn name(&self) -> String {
        self.by.to_owned()
    }

    fn testify(&self, _root: &Path) -> Result<Statement, Box<dyn std::error::Error + Send + Sync>> {
        // It is not a source that was looked at: of others it says nothing.
        let mut statement = Statement::default();
        let lives = |id: &OsString| Testimony::new(id, rootmount::Says::Lives, self.by);
        statement.testimonies = self.ids.iter().map(lives).collect();
        Ok(statement)
    }
}
