//! Turns the states of containers into the statement of a witness. Pure.

use std::path::PathBuf;

use rootmount::{Says, Statement, Testimony};
use runtimes::{ContainerState, Life, States, StatesOptions};

/// The statement of the states. The second value names directories that could not be read.
pub(super) fn of_states(states: &States, options: &StatesOptions) -> (Statement, Vec<String>) {
    let in_words = |paths: &[PathBuf]| -> Vec<String> {
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    };
    let mut statement = Statement {
        testimonies: states.by_container().into_values().map(testimony).collect(),
        looked: Vec::new(),
        // Of the many usual places only those count where the states should be.
        missing: in_words(&options.state_dirs)
            .into_iter()
            .filter(|dir| {
                states
                    .missing
                    .iter()
                    .any(|gone| gone.as_os_str() == dir.as_str())
            })
            .collect(),
    };
    // A source counts as one only where a container that lives would have to be in it.
    if states.is_evidence() {
        statement.looked = in_words(&states.looked);
    }
    let unread = |(path, why): &(PathBuf, String)| format!("{}: {why}", path.display());
    (statement, states.unread.iter().map(unread).collect())
}

fn testimony(state: &ContainerState) -> Testimony {
    let (says, what) = match &state.life {
        Life::Alive { by, .. } => (Says::Lives, by),
        Life::Dead { why } => (Says::Dead, why),
        Life::Unknown { why } => (Says::Unknown, why),
        _ => (Says::Unknown, &state.id),
    };
    let source = state.source.as_str();
    let by = format!("{source} state {}: {what}", state.path.display());
    let namespace = state.namespace.clone().map(Into::into);
    Testimony::new(&state.id, says, by).in_namespace(namespace)
}

#[cfg(test)]
mod tests {
    use runtimes::containers;

    use super::*;

    #[test]
    fn a_directory_that_is_missing_is_no_source() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("moby");
        let options = StatesOptions::new([dir.clone()]);
        let read = || of_states(&containers(&options), &options);
        let (statement, complaints) = read();
        assert!(statement.looked.is_empty());
        assert_eq!(statement.missing, [dir.display().to_string()]);
        assert!(complaints.is_empty());

        std::fs::create_dir(&dir).unwrap();
        let (statement, _) = read();
        assert_eq!(statement.looked, [dir.display().to_string()]);
        assert!(statement.testimonies.is_empty());

        let state = dir.join("c1");
        std::fs::create_dir(&state).unwrap();
        let own = std::process::id();
        let text = format!(r#"{{"init_process_pid": {own}}}"#);
        std::fs::write(state.join("state.json"), text).unwrap();
        let (statement, _) = read();
        let [testimony] = &statement.testimonies[..] else {
            panic!("{statement:?}");
        };
        assert_eq!(
            (testimony.says, testimony.id.to_str()),
            (Says::Lives, Some("c1"))
        );
        assert!(testimony.by.contains("runc state"), "{}", testimony.by);
    }
}
