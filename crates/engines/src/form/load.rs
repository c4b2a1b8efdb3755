//! Reads files of engines.

use std::path::Path;

use super::bad::BadEngines;
use super::read::read;
use crate::engine::Engine;
use crate::store::file;
use crate::tree::Format;

impl Engine {
    /// Reads engines from a file that a user wrote: TOML if its name ends in `.toml`, else JSON.
    ///
    /// [`Engine::to_toml`] shows the form.
    ///
    /// # Errors
    ///
    /// The error says what is wrong, and in which line. A file with a fault gives no engine at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use engines::Engine;
    ///
    /// let place = tempfile::tempdir()?;
    /// let file = place.path().join("own.toml");
    /// std::fs::write(&file, r#"
    /// [[engine]]
    /// name = "own"
    /// [[engine.root]]
    /// name = "data"
    /// rule = [{ shape = "boxes/<name>/root", fate = "sweep", what = "root file system" }]
    /// [[engine.place]]
    /// name = "system"
    /// root = [{ root = "data", paths = ["/srv/own"] }]
    /// states = ["/run/crun"]
    /// "#)?;
    /// assert_eq!(Engine::from_file(&file)?[0].name, "own");
    ///
    /// std::fs::write(&file, "[[engine]]\nname = \"own\"\nrooot = []\n")?;
    /// let bad = Engine::from_file(&file).unwrap_err();
    /// assert_eq!(bad.line(), Some(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_file(path: &Path) -> Result<Vec<Self>, BadEngines> {
        let unread = |what: String| BadEngines { line: None, what };
        let text = file::read(path).map_err(|error| unread(error.to_string()))?;
        let text = text.ok_or_else(|| unread(format!("{path:?}: no such file")))?;
        read(&text, Format::of(path))
    }
}
