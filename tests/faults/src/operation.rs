//! What an operation under test is: how its world is set up, what it does, what
//! the next start does after a fault, and what must hold at each moment.

use std::path::Path;

/// Something that has to survive a kill and an error at each of its system calls.
///
/// `set_up` and `check` run in the driver, `ready` and the action it returns in
/// a traced child, `recover` in a child of its own. All get the same directory.
pub(crate) trait Operation: Sync {
    /// As on the command line: `publish`.
    fn name(&self) -> &'static str;

    /// One line for a person: what is done, in which circumstances.
    fn about(&self) -> &'static str;

    /// Makes the world before the operation, in an empty directory.
    fn set_up(&self, dir: &Path) -> anyhow::Result<()>;

    /// Does what comes before the operation in the same process.
    fn ready(&self, dir: &Path) -> anyhow::Result<Box<dyn Action>>;

    /// What the next start of the daemon does, in a new process.
    fn recover(&self, dir: &Path) -> anyhow::Result<()>;

    /// What is wrong with the world at this moment; nothing when all is well.
    fn check(&self, dir: &Path, stage: Stage) -> anyhow::Result<Vec<String>>;
}

/// The operation itself.
pub(crate) trait Action {
    /// Runs it: every system call in here is a point.
    fn run(&mut self) -> anyhow::Result<()>;

    /// Looks at what the process still holds afterwards, undisturbed: what of it
    /// is wrong, and, if `again`, whether doing it again now works.
    fn inspect(&mut self, result: &anyhow::Result<()>, again: bool) -> anyhow::Result<Vec<String>>;
}

/// When a check is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The process was killed, nobody has looked after it yet.
    Crashed,
    /// The operation said that it worked.
    Done,
    /// The operation said that it failed.
    Failed,
    /// The next start has run, undisturbed.
    Recovered,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stage::Crashed => "after the kill",
            Stage::Done => "after it said it worked",
            Stage::Failed => "after it said it failed",
            Stage::Recovered => "after the next start",
        })
    }
}

/// An action without anything to inspect.
pub(crate) struct Simple<F>(pub(crate) F);

impl<F: FnMut() -> anyhow::Result<()>> Action for Simple<F> {
    fn run(&mut self) -> anyhow::Result<()> {
        (self.0)()
    }

    /// A second, undisturbed try in the same process has to work: an error must
    /// not leave the process unable to go on.
    fn inspect(&mut self, result: &anyhow::Result<()>, again: bool) -> anyhow::Result<Vec<String>> {
        if result.is_ok() || !again {
            return Ok(Vec::new());
        }
        Ok(match (self.0)() {
            Ok(()) => Vec::new(),
            Err(error) => vec![format!(
                "a second, undisturbed try in the same process fails: {error:#}"
            )],
        })
    }
}
