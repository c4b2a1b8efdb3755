//! Evidence of what lives and what is dead. Values only.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::path::Path;

use mountscan::Residents;

/// What a testimony says of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Says {
    /// It lives.
    Lives,
    /// It is dead: the source knows it, and knows that it does not run.
    Dead,
    /// The source knows it and cannot tell.
    Unknown,
}

/// What one source says of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Testimony {
    /// The container's id.
    pub id: OsString,
    /// The namespace of containerd in which it has this id. `None` if there is none, or if it is
    /// not known: then this is about every container of the id.
    pub namespace: Option<OsString>,
    /// What the source says.
    pub says: Says,
    /// The source and its reason, for a person to read: `runsc state /run/…`, `pid 812 sleep`.
    pub by: String,
}

impl Testimony {
    /// A testimony.
    pub fn new(id: impl Into<OsString>, says: Says, by: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            namespace: None,
            says,
            by: by.into(),
        }
    }

    /// Says in which namespace the container has its id.
    pub fn in_namespace(mut self, namespace: Option<OsString>) -> Self {
        self.namespace = namespace;
        self
    }
}

/// What one witness has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// What it knows of containers.
    pub testimonies: Vec<Testimony>,
    /// The sources that it read: directories, sockets, in words.
    pub looked: Vec<String>,
    /// The sources that do not exist.
    pub missing: Vec<String>,
}

/// Something that knows which containers live: a reader of a runtime's state directory, or the
/// daemon itself.
///
/// # Examples
///
/// ```
/// use std::path::Path;
/// use rootmount::{Says, Statement, Testimony, Witness};
///
/// struct Daemon(Vec<String>);
///
/// impl Witness for Daemon {
///     fn name(&self) -> String {
///         "the daemon's own list".to_owned()
///     }
///
///     fn testify(
///         &self,
///         _root: &Path,
///     ) -> Result<Statement, Box<dyn std::error::Error + Send + Sync>> {
///         let mut statement = Statement::default();
///         statement.looked.push(self.name());
///         for id in &self.0 {
///             let testimony = Testimony::new(id, Says::Lives, "the daemon's own list");
///             statement.testimonies.push(testimony);
///         }
///         Ok(statement)
///     }
/// }
/// # assert_eq!(Daemon(vec!["a".into()]).testify(Path::new("/r")).unwrap().looked.len(), 1);
/// ```
pub trait Witness: Send + Sync {
    /// What it is, in a few words, for a report.
    fn name(&self) -> String;

    /// What it knows of the containers below a data root.
    ///
    /// It may say nothing about a container that it does not know. That alone proves nothing.
    ///
    /// # Errors
    ///
    /// If a source exists but cannot be read. Then the silence of this witness does not make
    /// any mount a leftover.
    fn testify(&self, root: &Path) -> Result<Statement, Box<dyn StdError + Send + Sync>>;
}

/// What the caller claims to know.
///
/// A claim decides where no evidence does. It never overrules evidence that something lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Claim {
    /// Nothing is claimed. A mount whose state is not known is kept.
    #[default]
    Nothing,
    /// No container lives.
    NoneLive,
    /// These containers live, and no others.
    All(BTreeSet<OsString>),
}

/// What the processes of the machine say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processes {
    /// The processes that live on the file systems in question.
    Seen(Residents),
    /// They could not be looked at, and why.
    Unseen(String),
}

/// All that is known about which containers live.
///
/// Read the mount table first, and gather the evidence after that. A mount that is younger than
/// the evidence could belong to a container that the evidence does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// What the witnesses said.
    pub testimonies: Vec<Testimony>,
    /// What the processes say.
    pub processes: Processes,
    /// Why processes that are not seen may live on the mounts: those outside of the caller's pid
    /// namespace, or of its user namespace. `None` if it is known that they do not.
    pub outsiders: Option<String>,
    /// The sources that were read.
    pub looked: Vec<String>,
    /// The sources that do not exist.
    pub missing: Vec<String>,
    /// The sources that are there and could not be read, and why.
    pub complaints: Vec<String>,
    /// What the caller claims.
    pub claim: Claim,
}

impl Evidence {
    /// Only a claim, without evidence: processes were not looked at, and no source was read.
    pub fn none(claim: Claim) -> Self {
        Self {
            testimonies: Vec::new(),
            processes: Processes::Unseen("they were not looked at".to_owned()),
            outsiders: None,
            looked: Vec::new(),
            missing: Vec::new(),
            complaints: Vec::new(),
            claim,
        }
    }
}
