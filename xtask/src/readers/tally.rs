//! What came of all files with one reader.

use super::compare::Cell;
use super::programs::Known;

/// What came of all files with one reader.
#[derive(Debug, Default)]
pub(super) struct Tally {
    same: usize,
    unseen: usize,
    /// Cells that differ as they are known to.
    known: Vec<String>,
    differs: Vec<String>,
    /// Cells that are known to differ, and agree.
    stale: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, case: &str, cell: Cell, known: Known) {
        match cell {
            Cell::Same => {
                self.same += 1;
                if known == Known::Differs {
                    self.stale.push(case.to_owned());
                }
            }
            Cell::NotSeen => self.unseen += 1,
            Cell::Differs(how) if known == Known::Agrees => {
                self.differs.push(format!("{case}: {how}"));
            }
            Cell::Differs(how) => self.known.push(format!("{case}: {how}")),
        }
    }

    /// Whether everything is as the profile and the list of known cells say.
    pub(super) fn is_sound(&self) -> bool {
        self.differs.is_empty() && self.stale.is_empty()
    }

    pub(super) fn text(&self, reader: &str) -> String {
        let mut text = format!(
            "{reader}: {} agree, {} differ, {} known to differ, {} not seen from here\n",
            self.same,
            self.differs.len(),
            self.known.len(),
            self.unseen
        );
        let known = self.known.iter().map(|how| format!("  known: {how}\n"));
        let differs = self.differs.iter().map(|how| format!("  {how}\n"));
        let stale = self.stale.iter().map(|case| {
            format!("  {case}: is known to differ, but agrees: take it off the list\n")
        });
        text.extend(known.chain(differs).chain(stale));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(cell: Cell, known: Known) -> Tally {
        let mut tally = Tally::default();
        tally.count("C1", cell, known);
        tally
    }

    /// A difference that is gone fails as a new one does, so that the list stays true.
    #[test]
    fn the_list_of_known_cells_must_be_true() {
        let differs = || Cell::Differs("asked nobody".to_owned());
        for (cell, known, sound) in [
            (Cell::Same, Known::Agrees, true),
            (Cell::Same, Known::Differs, false),
            (Cell::Same, Known::DiffersAtTimes, true),
            (differs(), Known::Agrees, false),
            (differs(), Known::Differs, true),
            (differs(), Known::DiffersAtTimes, true),
            (Cell::NotSeen, Known::Agrees, true),
            (Cell::NotSeen, Known::Differs, true),
        ] {
            let told = format!("{cell:?} {known:?}");
            assert_eq!(tally(cell, known).is_sound(), sound, "{told}");
        }
        let stale = tally(Cell::Same, Known::Differs).text("dig");
        assert!(
            stale.contains("C1: is known to differ, but agrees"),
            "{stale}"
        );
        let known = tally(differs(), Known::Differs).text("dig");
        assert!(
            known.starts_with("dig: 0 agree, 0 differ, 1 known"),
            "{known}"
        );
        assert!(known.contains("known: C1: asked nobody"), "{known}");
    }
}
