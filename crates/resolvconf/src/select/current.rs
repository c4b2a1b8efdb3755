//! The selected file with its content: the choice and the reading in one step.

use std::path::Path;

use crate::document::Document;
use crate::select::choice::{Content, Facts, Selection, select};
use crate::select::find::{self, SelectOptions, find};

/// The selected file and its content at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Current {
    /// Which file, and why.
    pub selection: Selection,
    /// Its content; the missing document when there is no such file.
    pub document: Document,
    /// Why the file could not be read, if so; the document is empty then.
    pub unreadable: Option<String>,
}

/// Chooses the file and reads it: what was judged is what is returned.
///
/// Looks at the files each time. A file that cannot be read is an answer, not an error.
///
/// # Examples
///
/// ```
/// use resolvconf::{SelectOptions, current};
///
/// let current = current(&SelectOptions::new());
/// println!("{} lines", current.document.lines().len());
/// ```
pub fn current(options: &SelectOptions) -> Current {
    let facts = find(options);
    let selection = select(&facts);
    let content = content_of(&facts, &selection.path, options);
    let (document, unreadable) = match content {
        Content::Document(document) => (document, None),
        Content::Missing => (Document::missing(), None),
        Content::Unreadable { message, .. } => (Document::default(), Some(message)),
    };
    Current {
        selection,
        document,
        unreadable,
    }
}

fn content_of(facts: &Facts, path: &Path, options: &SelectOptions) -> Content {
    let looked_at = [&facts.etc, &facts.uplink, &facts.network_manager];
    match looked_at.into_iter().find(|file| file.path == path) {
        Some(file) => file.content.clone(),
        None => find::content(path, options.size_limit),
    }
}
